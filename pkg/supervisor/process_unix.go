//go:build linux || darwin

package supervisor

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/taskctl/taskctl/pkg/supervisor/child"
)

var _ Runner = Process{}

// process is one generation as a child process.
type process struct {
	gen      Generation
	ours     bool
	leader   *leader
	wires    *wires
	tail     tail
	readers  sync.WaitGroup
	began    time.Time
	oomKills uint64

	asked  atomic.Bool                // it has been told to end
	killed atomic.Pointer[time.Time]  // when it was first told to end now
	left   atomic.Pointer[[]procInfo] // of a process that is gone: what could not be killed
}

// Start starts the process and the goroutines that serve it.
func (p Process) Start(ctx context.Context, gen Generation) (Instance, error) {
	path, err := p.find()
	if err != nil {
		return nil, err
	}
	w, err := p.connect(gen.Gated)
	if err != nil {
		return nil, err
	}
	i := &process{gen: gen, ours: p.Ours, wires: w, began: time.Now(), oomKills: oomKills()}
	i.leader, err = lead(path, p.argv(), &os.ProcAttr{
		Dir: p.Dir, Env: p.environ(gen.Mark, w.wiring), Files: w.inherited,
	}, !p.Ours)
	if err != nil {
		w.close()
		return nil, err
	}
	if err := w.letGo(); err != nil {
		gen.Logger.Warn("pipe not closed", "error", err)
	}
	i.serve(ctx, p)
	return i, nil
}

// serve starts the goroutines that end with the process.
func (i *process) serve(ctx context.Context, p Process) {
	ready := sync.OnceFunc(func() { i.gen.Emit(Event{Kind: BecameReady}) })
	waiting, cancel := context.WithCancel(ctx)
	switch {
	case p.Ours:
		i.readers.Go(func() { i.listen(ready) })
	case p.Ready == nil:
		i.readers.Go(ready)
	case p.Ready.Log == nil:
		i.readers.Go(func() { p.Ready.await(waiting, ready) })
	}
	for stream, pipe := range map[string]*os.File{"stdout": i.wires.stdout, "stderr": i.wires.stderr} {
		to, lines := p.Output.open(stream), i.tail.splitter()
		if p.Ready != nil && p.Ready.Log != nil {
			p.Ready.seeIn(&lines, ready)
		}
		logger := i.gen.Logger.With("stream", stream)
		i.readers.Go(func() { drain(pipe, to, lines, logger) })
	}
	go func() {
		<-i.leader.dead
		cancel()
		i.finish()
	}()
}

// listen reads the notify pipe to its end.
func (i *process) listen(ready func()) {
	defer func() { _ = i.wires.notify.Close() }()
	lines := bufio.NewScanner(i.wires.notify)
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
	// A line that is too long ends the conversation, but must not block the child.
	_, _ = io.Copy(io.Discard, i.wires.notify)
}

// finish sees to what the dead leader leaves, and reports the end.
func (i *process) finish() {
	exit := Exit{At: time.Now(), Code: -1}
	exit.Uptime = exit.At.Sub(i.began)
	left, killed := i.clear()
	i.cut()
	i.left.Store(&left)
	for _, m := range left {
		exit.Left = append(exit.Left, m.member())
	}
	if state := i.leader.reap(); state != nil {
		status := state.Sys().(syscall.WaitStatus)
		if status.Signaled() {
			exit.Signal = unix.SignalName(status.Signal())
			byUs := status.Signal() == syscall.SIGKILL && i.killed.Load() != nil
			killed = killed || byUs
			exit.OOM = status.Signal() == syscall.SIGKILL && !byUs && oomKills() > i.oomKills
		} else {
			exit.Code = status.ExitStatus()
		}
	}
	exit.Killed = killed
	i.gen.Emit(Event{Kind: Gone, Exit: exit})
}

// clear ends what a dead leader leaves behind, and returns when nothing is
// left, or nothing that can be killed. killed says whether force was needed.
func (i *process) clear() (left []procInfo, killed bool) {
	graceOver := time.Now().Add(restGrace)
	told := make(map[int]bool)
	for {
		members := i.scan()
		if len(members) == 0 {
			return nil, len(told) > 0 && i.killed.Load() != nil
		}
		if !i.asked.Load() && time.Now().After(graceOver) {
			i.kill()
		}
		if at := i.killed.Load(); at != nil {
			if time.Since(*at) > abandonAfter {
				return members, true
			}
			for _, m := range members {
				m.signal(syscall.SIGKILL)
			}
		}
		for _, m := range members {
			// A group that was asked to end has been asked, every one of it.
			if heard := i.asked.Load() && !i.ours && m.group == i.leader.pid; !told[m.pid] && !heard {
				m.signal(syscall.SIGCONT)
				m.signal(i.stopSignal())
			}
			told[m.pid] = true
		}
		awaitDeathOf(members, rescanEvery)
	}
}

// scan returns what is alive of the process and its descendants.
func (i *process) scan() []procInfo {
	return scan(func(p procInfo) bool {
		if p.group == i.leader.pid {
			return true
		}
		return p.started >= i.leader.started && markIn(environ(p.pid)) == i.gen.Mark
	})
}

// cut ends the reading of the output: everybody who should write is gone.
func (i *process) cut() {
	deadline := time.Now().Add(cutAfter)
	for _, pipe := range []*os.File{i.wires.stdout, i.wires.stderr, i.wires.notify} {
		if pipe != nil {
			_ = pipe.SetReadDeadline(deadline) // fails when it has come to its end
		}
	}
	if i.wires.lifeline != nil {
		_ = i.wires.lifeline.Close()
	}
	flushed(i.gen.Logger, i.readers.Wait)
}

func (i *process) stopSignal() syscall.Signal {
	if sig, ok := i.gen.StopSignal.(syscall.Signal); ok {
		return sig
	}
	return syscall.SIGTERM
}

// PID returns the leader's process id.
func (i *process) PID() int { return i.leader.pid }

// Tell passes an order on.
func (i *process) Tell(o Order) {
	switch o {
	case Stop:
		i.stop()
	case Kill:
		i.kill()
	case Dump:
		if !i.ours { // it has nothing to show
			i.stop()
			return
		}
		i.tail.freeze()
		i.leader.signal(syscall.SIGQUIT)
	case Accept:
		i.say(child.LineAccept)
	case Retire:
		if !i.ours {
			i.stop()
			return
		}
		i.asked.Store(true)
		i.leader.signalGroup(syscall.SIGCONT) // a stopped process would not hear it
		i.say(child.LineRetire)
	}
}

// stop asks ours alone: it ends what it started itself, and in its own order.
// Nothing is known of another's command, so its whole group is asked. A stopped
// process would not hear it.
func (i *process) stop() {
	i.asked.Store(true)
	i.leader.signalGroup(syscall.SIGCONT)
	if i.ours {
		i.leader.signal(i.stopSignal())
	} else {
		i.leader.signalGroup(i.stopSignal())
	}
}

func (i *process) kill() {
	now := time.Now()
	i.killed.CompareAndSwap(nil, &now)
	i.leader.signalGroup(syscall.SIGKILL)
}

// say writes a line down the lifeline. There are two in a life, so there is
// room; the deadline is for a child that fills the pipe in some way unforeseen.
func (i *process) say(line string) {
	if i.wires.lifeline == nil {
		return
	}
	_ = i.wires.lifeline.SetWriteDeadline(time.Now().Add(cutAfter))
	if _, err := i.wires.lifeline.WriteString(line + "\n"); err != nil {
		i.gen.Logger.Debug("lifeline not written", "line", line, "error", err)
	}
}

// Suspended reports that the process is stopped by a signal.
func (i *process) Suspended() bool { return suspended(i.leader.pid) }

// Lines returns the last lines of output.
func (i *process) Lines() []string { return i.tail.last() }

// Members lists what is alive of the process and its descendants.
func (i *process) Members() []Member {
	alive := []Member{}
	if left := i.left.Load(); left != nil { // gone: its numbers may be somebody else's
		for _, m := range *left {
			if started, found := startTime(m.pid); found && started == m.started {
				alive = append(alive, m.member())
			}
		}
		return alive
	}
	for _, m := range i.scan() {
		alive = append(alive, m.member())
	}
	return alive
}
