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

	"github.com/taskctl/taskctl/pkg/listen"
	"github.com/taskctl/taskctl/pkg/supervisor/child"
)

// Func runs each generation as goroutines of this process. Its limits: a panic
// ends the whole process; what does not return when asked cannot be killed, and
// is left; the memory is shared.
type Func struct {
	// Run blocks until ctx ends, which is the order to stop, or until the
	// handle's gate retires it. Returning earlier is a death, with or without error.
	Run func(ctx context.Context, h *child.Handle) error
	// Listeners returns the component's sockets. It is called for every
	// generation, which closes what it gets: see [child.Listeners]. Nil: none.
	Listeners func() ([]net.Listener, error)
	Output    Output
}

var _ Runner = Func{}

// errCannotKill is what an order to kill comes to.
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

	over chan struct{} // closed when it has returned
	give func(Exit)    // reports the end, once
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
	running, cancel := context.WithCancel(ctx)
	g := &goroutines{
		gen: gen, began: time.Now(), cancel: cancel, over: make(chan struct{}),
		accept: make(chan struct{}), retire: make(chan struct{}),
	}
	var once sync.Once
	g.give = func(e Exit) {
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
		Tell: g.heard, Gate: gate, Listeners: listeners, Stdout: stdout, Stderr: stderr,
	})
	go func() {
		err := f.Run(running, handle)
		cancel()
		flushed(gen.Logger, func() {
			_ = stdout.Close() // the log's own errors are the log's to tell
			_ = stderr.Close()
		})
		close(g.over)
		exit := Exit{At: time.Now(), Code: -1}
		if err != nil {
			exit.Err = err.Error()
		}
		g.give(exit)
	}()
	return g, nil
}

// heard takes what the handle says.
func (g *goroutines) heard(line string) {
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

// Tell passes an order on. Kill can only give up what does not return.
func (g *goroutines) Tell(o Order) {
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
		g.open(&g.accept)
	case Retire:
		g.open(&g.retire)
	}
}

// abandon gives goroutines that were told to end a last moment.
func (g *goroutines) abandon() {
	select {
	case <-g.over:
		return
	case <-time.After(restGrace):
	}
	g.gen.Logger.Error("component does not return", "error", errCannotKill)
	g.give(Exit{At: time.Now(), Code: -1, Err: errCannotKill.Error(), Killed: true, Left: g.Members()})
}

func (g *goroutines) open(gate *chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if *gate != nil {
		close(*gate)
		*gate = nil
	}
}

// Suspended is never true: whatever stops the goroutines stops this process.
func (g *goroutines) Suspended() bool { return false }

// Lines returns the last lines of output.
func (g *goroutines) Lines() []string { return g.tail.last() }

// Members says whether the function has returned.
func (g *goroutines) Members() []Member {
	if isClosed(g.over) {
		return nil
	}
	return []Member{{Command: fmt.Sprintf("goroutines of %s", g.gen.Component)}}
}

// stacks writes down every goroutine, as a panic would.
func stacks() []byte {
	for size := 1 << 20; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size || size >= maxStacks {
			return buf[:n]
		}
	}
}

const maxStacks = 64 << 20

// writer makes a stream of the log one that several goroutines may write, and
// that keeps the last lines.
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
