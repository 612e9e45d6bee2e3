package e2e

import (
	"syscall"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/term"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/wait/waittest"
)

// press types keys on the terminal.
func (p *process) press(t testing.TB, keys string) {
	t.Helper()
	if _, err := p.tty.Write([]byte(keys)); err != nil {
		t.Fatal(err)
	}
}

const keyEnd = "\x1b[F"

// freshTerminal is the state that a terminal begins with.
func freshTerminal(t testing.TB) term.State {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	return terminalState(t, int(master.Fd()))
}

func terminalState(t testing.TB, fd int) term.State {
	t.Helper()
	state, err := term.GetState(fd)
	if err != nil {
		t.Fatal(err)
	}
	return *state
}

func TestStatusWatchKeys(t *testing.T) {
	dir := e2etest.Dir(t)
	writeConfig(t, dir, `components:
  - {name: mine, command: [sh, -c, "echo mine-has-begun; exec sleep 600"]}
`)
	startedIn(t, dir, "--no-test-task")
	mine := func() (state string, pid int) {
		for _, c := range statusOf(t, dir).Components {
			if c.Name == "mine" {
				return c.State, c.PID
			}
		}
		return "", 0
	}
	_, first := mine()

	view := onTerminal(t, dir, "status", "--watch")
	view.out.await(t, "mine")
	view.press(t, keyEnd)
	view.press(t, "r")
	waittest.For(t, "another process of mine", func() bool { state, pid := mine(); return state == "ready" && pid != first })
	view.press(t, "x")
	waittest.For(t, "mine to be stopped", func() bool { state, _ := mine(); return state == "stopped" })
	view.press(t, "s")
	waittest.For(t, "mine to be ready", func() bool { state, _ := mine(); return state == "ready" })
	view.press(t, "l")
	view.out.await(t, "mine-has-begun")
	view.press(t, "q") // back to the status
	view.press(t, "w")
	view.out.await(t, "taskctl why mine")
	view.press(t, "qq")
	if code := view.exit(t); code != 0 {
		t.Errorf("q exits %d", code)
	}
}

// The terminal is restored, however the view ends.
func TestStatusWatchRestoresTheTerminal(t *testing.T) {
	dir, _ := started(t, "--no-test-task")
	fresh := freshTerminal(t)
	for name, end := range map[string]func(*process){
		"q":       func(p *process) { p.press(t, "q") },
		"Ctrl+C":  func(p *process) { p.ctrlC(t) },
		"SIGINT":  func(p *process) { p.signal(t, syscall.SIGINT) },
		"SIGTERM": func(p *process) { p.signal(t, syscall.SIGTERM) },
		"SIGHUP":  func(p *process) { p.signal(t, syscall.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			view := onTerminal(t, dir, "status", "--watch")
			view.out.await(t, "wsserver")
			if terminalState(t, int(view.tty.Fd())) == fresh {
				t.Fatal("the view has not changed the terminal, so there is nothing to restore")
			}
			end(view)
			if code := view.exit(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if terminalState(t, int(view.tty.Fd())) != fresh {
				t.Error("the terminal's modes are not those from before")
			}
			want(t, view.out.String(), `\x1b\[\?1049l`)
		})
	}
}
