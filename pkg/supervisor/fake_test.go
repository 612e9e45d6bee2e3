//go:build linux

package supervisor_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"taskctl/pkg/supervisor"
	"taskctl/pkg/supervisor/child"

	"taskctl/pkg/wait/waittest"
)

// fakeVariable makes the test binary a child with switches.
const fakeVariable = "SUPERVISOR_FAKE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(fakeVariable) != "" {
		os.Exit(fake(os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}

// fake is a component that misbehaves as told.
func fake(args []string) int {
	if len(args) > 0 && args[0] == "launch" {
		return launch(args[1], args[2:])
	}
	flags := flag.NewFlagSet("fake", flag.ExitOnError)
	var (
		ignoreTerm = flags.Bool("ignore-term", false, "go on when asked to end")
		grandchild = flags.String("spawn-grandchild", "", "start another with these switches, comma-separated")
		setsid     = flags.Bool("setsid-grandchild", false, "put it into a session of its own")
		scrub      = flags.Bool("scrub-grandchild", false, "give it an empty environment, so that nothing marks it")
		exitAfter  = flags.Duration("exit-after", 0, "end by itself")
		exitCode   = flags.Int("exit-code", 2, "with this code")
		spew       = flags.Int("spew", 0, "print so many lines first")
		noNewline  = flags.String("no-newline", "", "print this last, without a newline")
		hang       = flags.Bool("hang", false, "be ready, and never report to be alive")
		alive      = flags.Duration("alive", 0, "report to be alive so often")
		neverReady = flags.Bool("never-ready", false, "do not get ready")
		readyAfter = flags.String("ready-when", "", "get ready when this file exists")
		serve      = flags.Bool("serve", false, "answer each connection with the pid")
		listen     = flags.String("listen", "", "listen at this address")
		note       = flags.String("note", "", "send this note")
		orphan     = flags.Bool("orphan", false, "leave the grandchild behind at once")
	)
	_ = flags.Parse(args)
	if *ignoreTerm {
		signal.Ignore(syscall.SIGTERM)
	}
	h, err := child.Connect()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx := context.Background()
	if !*ignoreTerm {
		var cancel context.CancelFunc
		ctx, cancel = signal.NotifyContext(ctx, syscall.SIGTERM)
		defer cancel()
	}
	ctx, leave := child.Guard(ctx, h)
	defer leave()
	for i := range *spew {
		fmt.Printf("line %d\n", i)
	}
	if *grandchild != "" {
		pid := spawnGrandchild(strings.Split(*grandchild, ","), *setsid, *scrub)
		for strings.Contains(*grandchild, "--ignore-term") && !ignores(pid, syscall.SIGTERM) {
			time.Sleep(time.Millisecond)
		}
		fmt.Println("grandchild", pid)
	}
	if *noNewline != "" {
		fmt.Print(*noNewline)
	}
	if *orphan {
		return *exitCode
	}
	if *listen != "" {
		l, err := net.Listen("tcp", *listen)
		if err != nil {
			panic(err)
		}
		defer func() { _ = l.Close() }()
	}
	if *note != "" {
		h.Note(*note)
	}
	if *readyAfter != "" {
		for _, err := os.Stat(*readyAfter); err != nil; _, err = os.Stat(*readyAfter) {
			time.Sleep(time.Millisecond)
		}
	}
	if !*neverReady {
		h.Ready()
	}
	if *hang {
		select {} // ignores the end of ctx, too
	}
	var serving sync.WaitGroup
	defer serving.Wait()
	if *serve {
		serving.Go(func() { serveConnections(ctx, h) })
	}
	var reports, end <-chan time.Time
	if *alive > 0 {
		reports = time.Tick(*alive)
	}
	if *exitAfter > 0 {
		end = time.After(*exitAfter)
	}
	for {
		select {
		case <-ctx.Done():
			return 0
		case <-h.Gate().Retire:
			return 0
		case <-reports:
			h.Alive()
		case <-end:
			return *exitCode
		}
	}
}

// spawnGrandchild starts another fake, which keeps the output pipes open.
func spawnGrandchild(args []string, setsid, scrub bool) int {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if scrub {
		cmd.Env = []string{fakeVariable + "=1"}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: setsid}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	return cmd.Process.Pid
}

func serveConnections(ctx context.Context, h *child.Handle) {
	gate := h.Gate()
	if gate.Accept != nil {
		<-gate.Accept
	}
	var accepting sync.WaitGroup
	for _, l := range h.Listeners() {
		accepting.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				fmt.Fprintln(c, os.Getpid())
				_ = c.Close()
			}
		})
	}
	select {
	case <-ctx.Done():
	case <-gate.Retire:
	}
	for _, l := range h.Listeners() {
		_ = l.Close()
	}
	accepting.Wait()
}

// fakeProcess runs the fake with switches.
func fakeProcess(t testing.TB, output *capture, args ...string) supervisor.Process {
	t.Helper()
	return supervisor.Process{
		Path: "/proc/self/exe", Args: args, Env: append(os.Environ(), fakeVariable+"=1"),
		Output: output.open, Ours: true,
	}
}

// capture keeps the output of a component.
type capture struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{} // replaced at every write
}

func newCapture() *capture { return &capture{more: make(chan struct{})} }

func (c *capture) open(string) io.WriteCloser { return writeCloser{c} }

type writeCloser struct{ c *capture }

func (w writeCloser) Write(p []byte) (int, error) {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	w.c.text.Write(p)
	close(w.c.more)
	w.c.more = make(chan struct{})
	return len(p), nil
}
func (w writeCloser) Close() error { return nil }

func (c *capture) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// wait returns the output once it holds a text.
func (c *capture) wait(t testing.TB, text string) string {
	t.Helper()
	timeout := time.After(waitTime)
	for {
		c.mu.Lock()
		all, more := c.text.String(), c.more
		c.mu.Unlock()
		if strings.Contains(all, text) {
			return all
		}
		select {
		case <-more:
		case <-timeout:
			t.Fatalf("output has no %q:\n%s", text, all)
		}
	}
}

// grandchildPID reads the number that the fake printed.
func (c *capture) grandchildPID(t testing.TB) int {
	t.Helper()
	for scan := bufio.NewScanner(strings.NewReader(c.wait(t, "grandchild "))); scan.Scan(); {
		if digits, found := strings.CutPrefix(scan.Text(), "grandchild "); found {
			pid, err := strconv.Atoi(digits)
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatal("no grandchild")
	return 0
}

// waitTime is how long a test waits for what must happen.
const waitTime = 20 * time.Second

// live reports whether a process runs; a zombie does not.
func live(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	return fields[0] != "Z" && fields[0] != "X"
}

// ignores reads from /proc whether a process ignores a signal.
func ignores(pid int, sig syscall.Signal) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	var mask uint64
	_, after, _ := strings.Cut(string(text), "SigIgn:")
	if _, err := fmt.Sscanf(strings.TrimSpace(after), "%x", &mask); err != nil {
		return false
	}
	return mask&(1<<(sig-1)) != 0
}

// kill sends a signal to one process; number 0 would be this whole group.
func kill(t testing.TB, pid int, sig syscall.Signal) {
	t.Helper()
	if pid <= 0 {
		t.Fatal("there is no process to signal")
	}
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

// system is a supervisor under test.
type system struct {
	*supervisor.Supervisor
	t      testing.TB
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// begin runs a supervisor, and stops it at the end of the test.
func begin(t testing.TB, o supervisor.Options, specs ...supervisor.Spec) *system {
	t.Helper()
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	t.Cleanup(func() { signal.Stop(died) })
	o.ChildDied = died
	sup, err := supervisor.New(specs, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &system{Supervisor: sup, t: t, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.err = sup.Run(ctx)
	}()
	t.Cleanup(func() { s.KillNow(); s.stop() })
	return s
}

func (s *system) started() *system {
	s.t.Helper()
	select {
	case <-s.Started():
	case <-s.StartFailed():
		s.t.Fatal(s.StartError())
	case <-time.After(waitTime):
		s.t.Fatalf("not started: %+v", s.Status())
	}
	return s
}

// stop stops everything in order and returns the receipt by name.
func (s *system) stop() map[string]supervisor.StopResult {
	s.t.Helper()
	s.cancel()
	select {
	case <-s.done:
	case <-time.After(waitTime):
		s.t.Fatalf("Run does not return: %+v", s.Status())
	}
	if s.err != nil {
		s.t.Fatal(s.err)
	}
	receipt := make(map[string]supervisor.StopResult)
	for _, e := range s.Receipt() {
		receipt[e.Component] = e
	}
	return receipt
}

func (s *system) status(name string) supervisor.Status {
	for _, st := range s.Status() {
		if st.Name == name {
			return st
		}
	}
	s.t.Fatalf("no status of %s", name)
	return supervisor.Status{}
}

func (s *system) waitState(name string, want supervisor.State) supervisor.Status {
	s.t.Helper()
	waittest.For(s.t, fmt.Sprintf("%s is %s", name, want), func() bool { return s.status(name).State == want })
	return s.status(name)
}

// heldSocket is a listening socket as the launcher holds it.
func heldSocket(t testing.TB) (addr string, file *os.File) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var fd int
	_ = raw.Control(func(s uintptr) { fd, err = syscall.Dup(int(s)) })
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	file = os.NewFile(uintptr(fd), "socket")
	t.Cleanup(func() { _ = l.Close(); _ = file.Close() })
	return l.Addr().String(), file
}

// runnerFunc chooses the process for each generation.
type runnerFunc func(supervisor.Generation) supervisor.Process

func (f runnerFunc) Start(ctx context.Context, gen supervisor.Generation) (supervisor.Instance, error) {
	return f(gen).Start(ctx, gen)
}

func holding(sockets ...*os.File) func() ([]*os.File, error) {
	return func() ([]*os.File, error) { return sockets, nil }
}
