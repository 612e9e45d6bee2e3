//go:build linux || darwin

package supervisor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"taskctl/pkg/supervisor/child"
)

var _ Runner = Process{}

// process is one generation as a child process.
type process struct {
	gen      Generation
	ours     bool
	main     *mainProcess
	family   *family
	pipes    *pipes
	tail     tail
	readers  sync.WaitGroup
	began    time.Time
	oomKills uint64

	stopSent   atomic.Bool                // it was asked to end
	killSentAt atomic.Pointer[time.Time]  // when it was first killed
	killSent   chan struct{}              // closed when it is first killed
	remaining  atomic.Pointer[[]procInfo] // after its end: the descendants that could not be killed
}

// Start starts the process and the goroutines that serve it.
func (p Process) Start(ctx context.Context, gen Generation) (Instance, error) {
	path, err := p.Resolve()
	if err != nil {
		return nil, p.explained(err)
	}
	w, err := p.openPipes(gen)
	if err != nil {
		return nil, err
	}
	i := &process{gen: gen, ours: p.Ours, pipes: w, began: time.Now(), oomKills: oomKills(), killSent: make(chan struct{})}
	i.main, err = startMainProcess(mainProcessConfig{
		path: path, argv: p.argv(), tied: !p.Ours, tags: gen.tags, credential: p.User.credential(),
		attr: &os.ProcAttr{Dir: p.Dir, Env: p.environ(gen.ID, w.descriptors), Files: w.inherited},
	})
	if err != nil {
		w.close()
		if p.User != nil && errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%w: user %d may not enter %s, or not run the program", err, p.User.UID, p.Dir)
		}
		return nil, p.explained(err)
	}
	i.family = &family{id: gen.ID, main: identity{i.main.pid, i.main.started}, tag: i.main.tag}
	if err := w.closeChildEnds(); err != nil {
		gen.Logger.Warn("pipe not closed", "error", err)
	}
	i.serve(ctx, p)
	return i, nil
}

// serve starts the goroutines that end with the process.
func (i *process) serve(ctx context.Context, p Process) {
	ready := sync.OnceFunc(func() { i.gen.Emit(Event{Kind: BecameReady}) })
	checkCtx, cancel := context.WithCancel(ctx)
	switch {
	case p.Ours:
		i.readers.Go(func() { i.readNotify(ready) })
	case p.Ready == nil:
		i.readers.Go(ready)
	case p.Ready.Log == nil:
		i.readers.Go(func() { await(checkCtx, i.readyCheck(p), ready) })
	}
	for stream, pipe := range map[string]*os.File{"stdout": i.pipes.stdout, "stderr": i.pipes.stderr} {
		to, lines := p.Output.open(stream), i.tail.splitter()
		if p.Ready != nil && p.Ready.Log != nil {
			p.Ready.watchOutput(&lines, ready)
		}
		logger := i.gen.Logger.With("stream", stream)
		i.readers.Go(func() { drain(pipe, to, lines, logger) })
	}
	go func() {
		i.awaitEnd()
		cancel()
		i.finish()
	}()
}

// readNotify reads the notify pipe to its end.
func (i *process) readNotify(ready func()) {
	defer func() { _ = i.pipes.notify.Close() }()
	lines := bufio.NewScanner(i.pipes.notify)
	for lines.Scan() {
		switch line := lines.Text(); line {
		case child.LineReady:
			ready()
		case child.LineAlive:
			i.gen.Emit(Event{Kind: SaidAlive})
		default:
			if note, is := strings.CutPrefix(line, child.NotePrefix); is {
				i.gen.Emit(Event{Kind: Noted, Note: note})
			}
		}
	}
	// After a line that is too long no more lines are read, but the child must not
	// block.
	_, _ = io.Copy(io.Discard, i.pipes.notify)
}

// readyCheck returns the check whether the component is ready. An answer at an address
// counts only if one of the component's own processes listens there, as far as that can
// be found out.
func (i *process) readyCheck(p Process) func(context.Context) bool {
	p.Env = p.environ(i.gen.ID, nil) // a check's command belongs to the generation
	warned := false
	return func(ctx context.Context) bool {
		remote, err := p.ask(ctx, *p.Ready)
		if err != nil {
			return false
		}
		address, overTCP := remote.(*net.TCPAddr)
		if !overTCP || listenedBy(address, i.scan()) {
			return true
		}
		if !warned {
			warned = true
			i.gen.Logger.Warn("another process answers at the address at which this component is to be ready", "address", address.String())
		}
		return false
	}
}

// awaitEnd returns when the main process has died, or has survived a kill.
func (i *process) awaitEnd() {
	select {
	case <-i.main.dead:
		return
	case <-i.killSent:
	}
	limit := killTimeout
	if !i.main.signalGroup(syscall.SIGKILL) {
		limit = orphanGrace // it runs as another user, and may be about to end
	}
	select {
	case <-i.main.dead:
	case <-time.After(limit):
		go func() {
			<-i.main.dead
			i.main.reap()
		}()
	}
}

// finish ends the remaining descendants of the main process, and reports the end.
func (i *process) finish() {
	exit := Exit{At: time.Now(), Code: -1}
	exit.Uptime = exit.At.Sub(i.began)
	orphans := i.scan()
	left, killed := i.endRemaining(orphans)
	i.finishOutput()
	i.remaining.Store(&left)
	exit.Left = membersOf(left)
	if state := i.main.reap(); state != nil {
		status := state.Sys().(syscall.WaitStatus)
		if status.Signaled() {
			exit.Signal = unix.SignalName(status.Signal())
			byUs := status.Signal() == syscall.SIGKILL && i.killSentAt.Load() != nil
			killed = killed || byUs
			exit.OOM = status.Signal() == syscall.SIGKILL && !byUs && oomKills() > i.oomKills
		} else {
			exit.Code = status.ExitStatus()
		}
	}
	if exit.Code == 0 && !i.stopSent.Load() && !i.ours {
		exit.Background = membersOf(orphans)
	}
	exit.Killed = killed
	i.gen.Emit(Event{Kind: Gone, Exit: exit})
}

// endRemaining ends the remaining descendants of a dead main process. left are those
// that cannot be killed; killed says whether any had to be killed.
func (i *process) endRemaining(members []procInfo) (left []procInfo, killed bool) {
	graceOver := time.Now().Add(orphanGrace)
	signalled := make(map[int]bool)
	for ; len(members) > 0; members = i.scan() {
		if !i.stopSent.Load() && time.Now().After(graceOver) {
			i.kill()
		}
		if at := i.killSentAt.Load(); at != nil {
			permitted := false
			for _, m := range members {
				permitted = m.signal(syscall.SIGKILL) || permitted
			}
			if !permitted || time.Since(*at) > killTimeout {
				return members, true
			}
		}
		for _, m := range members {
			if !signalled[m.pid] && !i.alreadyAsked(m) {
				m.signal(syscall.SIGCONT)
				m.signal(i.stopSignal())
			}
			signalled[m.pid] = true
		}
		awaitDeathOf(members, rescanInterval)
	}
	return nil, len(signalled) > 0 && i.killSentAt.Load() != nil
}

// alreadyAsked reports that a process has been asked to end with its session.
func (i *process) alreadyAsked(m procInfo) bool {
	return i.stopSent.Load() && !i.ours && m.session == i.main.pid
}

// scan returns the living processes of this generation.
func (i *process) scan() []procInfo { return i.family.members(i.gen.scans.scan()) }

// finishOutput stops reading the output. All processes that should write to it have
// ended.
func (i *process) finishOutput() {
	deadline := time.Now().Add(drainTimeout)
	for _, pipe := range []*os.File{i.pipes.stdout, i.pipes.stderr, i.pipes.notify} {
		if pipe != nil {
			_ = pipe.SetReadDeadline(deadline) // fails if it is at its end
		}
	}
	for _, pipe := range []*os.File{i.pipes.lifeline, i.pipes.stdin} {
		if pipe != nil {
			_ = pipe.Close()
		}
	}
	awaitFlush(i.gen.Logger, i.readers.Wait)
}

// PID returns the main process's id.
func (i *process) PID() int { return i.main.pid }

func (i *process) tag() uint64 { return i.main.tag }

// Suspended reports that the process is stopped by a signal.
func (i *process) Suspended() bool { return suspended(i.main.pid) }

// Lines returns the last lines of output.
func (i *process) Lines() []string { return i.tail.last() }

// Members lists what is alive of the process and its descendants.
func (i *process) Members() []Member {
	left := i.remaining.Load()
	if left == nil {
		return membersOf(i.scan())
	}
	alive := []Member{} // the generation has ended, so its pids may have been reused
	for _, m := range *left {
		if started, found := startTime(m.pid); found && started == m.started {
			alive = append(alive, m.member())
		}
	}
	return alive
}

// credential is the user in the form that the operating system takes.
func (u *User) credential() *syscall.Credential {
	if u == nil {
		return nil
	}
	return &syscall.Credential{Uid: u.UID, Gid: u.GID, Groups: u.Groups}
}

// ownSession makes a check's command run in a session of its own, and end together with
// everything it starts.
func (p Process) ownSession(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: p.User.credential()}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return nil
}
