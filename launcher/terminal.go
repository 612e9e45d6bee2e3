package launcher

import (
	"io"
	"sync"
	"time"

	"github.com/taskctl/taskctl/pkg/message"
)

const (
	// unsaid is how many messages wait for a terminal that takes none.
	unsaid = 256
	// lastWords is how long the last of them may take to be taken.
	lastWords = 2 * time.Second
)

// terminal prints messages for people in order, and never holds up who speaks: a
// terminal may be halted (Ctrl+S), a pipe be full that nobody reads. What it then
// cannot keep it counts; the logs have it too.
type terminal struct {
	lang  message.Lang
	queue chan utterance

	mu     sync.Mutex
	missed int // since the last that was kept
}

// utterance is one thing to print; one without w only tells done.
type utterance struct {
	w      io.Writer
	text   string
	missed int // before it
	done   chan struct{}
}

func newTerminal(lang message.Lang) *terminal {
	t := &terminal{lang: lang, queue: make(chan utterance, unsaid)}
	go t.print()
	return t
}

func (t *terminal) print() {
	for u := range t.queue {
		if u.w == nil {
			close(u.done)
			continue
		}
		if u.missed > 0 {
			u.text = t.lang.TerminalMissed(u.missed) + "\n" + u.text
		}
		_, _ = io.WriteString(u.w, u.text) // where it has gone there is nobody to tell
	}
}

// say prints text on w, which has its own end of line, as soon as it is taken.
func (t *terminal) say(w io.Writer, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.queue <- utterance{w: w, text: text, missed: t.missed}:
		t.missed = 0
	default:
		t.missed++
	}
}

// flush waits until all that was said is printed, or for [lastWords] at most.
func (t *terminal) flush() {
	patience := time.NewTimer(lastWords)
	defer patience.Stop()
	u := utterance{done: make(chan struct{})}
	select {
	case t.queue <- u:
	case <-patience.C:
		return
	}
	select {
	case <-u.done:
	case <-patience.C:
	}
}

// close ends it; nothing is said after that.
func (t *terminal) close() error {
	t.flush()
	close(t.queue)
	return nil
}
