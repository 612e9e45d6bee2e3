package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"time"

	"taskctl/pkg/listen"
	"taskctl/pkg/supervisor/child"
	"taskctl/pkg/wait"
)

// Func runs each generation as goroutines of this process. Its limits: a panic ends the
// whole process, the memory is shared, and a goroutine that does not return when asked
// cannot be killed and is left running.
type Func struct {
	// Run blocks until ctx ends, which is the request to stop, or until the handle's
	// gate retires it. To return earlier counts as a death, with or without an error.
	Run func(ctx context.Context, h *child.Handle) error
	// Listeners returns the component's sockets. It is called for every generation,
	// which closes the listeners: see [child.Listeners]. Nil: the component has no
	// sockets.
	Listeners func() ([]net.Listener, error)
	Output    Output
}

var _ Runner = Func{}

// errCannotKill is the result of a kill request.
var errCannotKill = errors.New("goroutines cannot be killed")

// goroutines is one generation of a Func.
type goroutines struct {
	gen    Generation
	began  time.Time
	cancel context.CancelFunc
	tail   tail
	dump   io.Writer

	mu             sync.Mutex
	accept, retire chan struct{} // nil once closed

	done      chan struct{} // closed when it has returned
	reportEnd func(Exit)    // reports the end, once
}

// Start starts the function.
func (f Func) Start(ctx context.Context, gen Generation) (Instance, error) {
	var listeners []net.Listener
	if f.Listeners != nil {
		var err error
		if listeners, err = f.Listeners(); err != nil {
			return nil, err
		}
	}
	runCtx, cancel := context.WithCancel(ctx)
	g := &goroutines{
		gen: gen, began: time.Now(), cancel: cancel, done: make(chan struct{}),
		accept: make(chan struct{}), retire: make(chan struct{}),
	}
	var once sync.Once
	g.reportEnd = func(e Exit) {
		once.Do(func() {
			e.Uptime = e.At.Sub(g.began)
			gen.Emit(Event{Kind: Gone, Exit: e})
		})
	}
	gate := listen.Gate{Retire: g.retire}
	if gen.Gated {
		gate.Accept = g.accept
	}
	stdout, stderr := g.writer(f.Output.open("stdout")), g.writer(f.Output.open("stderr"))
	g.dump = stderr
	handle := child.New(child.Parts{
		Send: g.handleLine, Gate: gate, Listeners: listeners, Stdout: stdout, Stderr: stderr,
	})
	go func() {
		err := f.Run(runCtx, handle)
		cancel()
		awaitFlush(gen.Logger, func() {
			_ = stdout.Close() // the log reports its own errors
			_ = stderr.Close()
		})
		close(g.done)
		exit := Exit{At: time.Now(), Code: -1}
		if err != nil {
			exit.Err = err.Error()
		}
		g.reportEnd(exit)
	}()
	return g, nil
}

// handleLine translates a line from the handle into an event.
func (g *goroutines) handleLine(line string) {
	switch line {
	case child.LineReady:
		g.gen.Emit(Event{Kind: BecameReady})
	case child.LineAlive:
		g.gen.Emit(Event{Kind: SaidAlive})
	default:
		g.gen.Emit(Event{Kind: Noted, Note: strings.TrimPrefix(line, child.NotePrefix)})
	}
}

// PID is 0: the goroutines have no process of their own.
func (g *goroutines) PID() int { return 0 }

// Send passes a request on. Kill only stops waiting for the goroutines.
func (g *goroutines) Send(o Request) {
	switch o {
	case Stop:
		g.cancel()
	case Kill:
		g.cancel()
		go g.abandon()
	case Dump:
		g.tail.freeze()
		_, _ = g.dump.Write(stacks())
		g.cancel()
	case Accept:
		g.closeOnce(&g.accept)
	case Retire:
		g.closeOnce(&g.retire)
	}
}

// abandon waits a last moment for goroutines that were asked to end.
func (g *goroutines) abandon() {
	select {
	case <-g.done:
		return
	case <-time.After(orphanGrace):
	}
	g.gen.Logger.Error("component does not return", "error", errCannotKill)
	g.reportEnd(Exit{At: time.Now(), Code: -1, Err: errCannotKill.Error(), Killed: true, Left: g.Members()})
}

// closeOnce closes a channel of the gate, unless it is closed already.
func (g *goroutines) closeOnce(c *chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if *c != nil {
		close(*c)
		*c = nil
	}
}

// Suspended is never true: a signal that stops the goroutines stops this process too.
func (g *goroutines) Suspended() bool { return false }

// Lines returns the last lines of output.
func (g *goroutines) Lines() []string { return g.tail.last() }

// Members lists one member until the function has returned.
func (g *goroutines) Members() []Member {
	if wait.IsClosed(g.done) {
		return nil
	}
	return []Member{{Command: fmt.Sprintf("goroutines of %s", g.gen.Component)}}
}

// stacks returns the stack of every goroutine, as a panic prints them.
func stacks() []byte {
	for size := 1 << 20; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size || size >= maxStacks {
			return buf[:n]
		}
	}
}

const maxStacks = 64 << 20

// writer wraps a stream of the log so that several goroutines may write to it, and so
// that the last lines are kept.
func (g *goroutines) writer(to io.WriteCloser) *teeWriter {
	return &teeWriter{to: to, lines: g.tail.splitter()}
}

type teeWriter struct {
	mu    sync.Mutex
	to    io.WriteCloser
	lines lineSplitter
}

func (w *teeWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines.write(p)
	return w.to.Write(p)
}

func (w *teeWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines.close()
	return w.to.Close()
}
