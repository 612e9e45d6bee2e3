package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"

	"taskctl/pkg/wait/waittest"
)

var (
	launcherKills = flag.Int("launcher-kills", 5, "how often the launcher is killed at a random moment")
	killSeed      = flag.Uint64("launcher-seed", 0, "seed of those moments; 0: a new one")
)

// orphanLifetime is how long the processes of a killed launcher may live on.
const orphanLifetime = 3 * time.Second

// TestKilledAtAnyMoment kills the launcher while it starts, runs, restarts and stops.
// Each next start must work without manual help.
func TestKilledAtAnyMoment(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid here")
	}
	seed := *killSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-launcher-seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	dir := e2etest.Dir(t)
	writeConfig(t, dir, `
components:
  - name: parent
    command: [sh, -c, "setsid sleep 1000 & exec sleep 2000"]
`)
	var longest time.Duration
	for n := range *launcherKills {
		moment := []string{"start", "run", "restart", "stop"}[n%4]
		escaped := living(t, dir, "sleep 1000")
		p := onTerminal(t, dir, "start", "--no-test-task")
		if moment != "start" {
			awaitReady(t, p)
			if still := living(t, dir, "sleep 1000"); slices.ContainsFunc(escaped, func(pid int) bool { return slices.Contains(still, pid) }) {
				t.Errorf("%d: the start left some of %v, which an earlier launcher's component had started", n, escaped)
			}
		}
		within := 20 // milliseconds: about as long as it takes
		switch moment {
		case "start":
			within = 150
		case "restart":
			within = 80
			restart := exec.Command(binary, "restart", "--dir", dir)
			if err := restart.Start(); err != nil {
				t.Fatal(err)
			}
			defer restart.Wait() // it fails, as its launcher dies
		case "stop":
			p.signal(t, syscall.SIGTERM)
		}
		<-time.After(time.Duration(dice.IntN(within*1000)) * time.Microsecond) // the moment is the test's subject
		_ = p.cmd.Process.Kill()                                               // a stop may have been faster
		p.exit(t)
		began := time.Now()
		waittest.For(t, fmt.Sprintf("%d: the end of everything, killed in %s", n, moment), func() bool {
			return len(living(t, dir, "")) == len(living(t, dir, "sleep 1000"))
		})
		longest = max(longest, time.Since(began))
	}
	if longest > orphanLifetime {
		t.Errorf("something lived on for %v", longest)
	}
	t.Logf("%d kills; an orphan lived for at most %v", *launcherKills, longest.Round(time.Millisecond))
	p := startedIn(t, dir)
	p.ctrlC(t)
	if code := p.exit(t); code != 0 {
		t.Errorf("the last stop exits %d, want 0", code)
	}
	if left := living(t, dir, ""); len(left) > 0 {
		t.Errorf("left in the end: %v", left)
	}
}

// living are the processes that work in dir, of those whose command line
// contains some text.
func living(t testing.TB, dir, command string) []int {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil || len(paths) == 0 {
		t.Skip("no /proc here")
	}
	var pids []int
	for _, path := range paths {
		at, err := os.Readlink(path)
		if err != nil || at != dir {
			continue // ended meanwhile, or of another user
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if strings.Contains(strings.ReplaceAll(string(line), "\x00", " "), command) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, pid)
		}
	}
	return pids
}
