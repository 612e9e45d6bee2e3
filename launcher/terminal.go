package launcher

import (
	"io"
	"sync"
	"time"

	"taskctl/pkg/message"
)

const (
	// maxQueuedMessages bounds the messages that wait for the terminal.
	maxQueuedMessages = 256
	// flushTimeout bounds the wait until the last of them is written.
	flushTimeout = 2 * time.Second
)

// terminal prints messages for people in order and never blocks its callers, although a
// terminal may be paused (Ctrl+S) and a pipe may be full. It drops and counts messages
// that do not fit into its queue; the logs have them too.
type terminal struct {
	lang  message.Lang
	queue chan printJob

	mu      sync.Mutex
	dropped int // messages dropped since the last one was queued
}

// printJob is one text to print; one without w only closes done.
type printJob struct {
	w       io.Writer
	text    string
	dropped int // messages dropped before this one
	done    chan struct{}
}

func newTerminal(lang message.Lang) *terminal {
	t := &terminal{lang: lang, queue: make(chan printJob, maxQueuedMessages)}
	go t.run()
	return t
}

func (t *terminal) run() {
	for job := range t.queue {
		if job.w == nil {
			close(job.done)
			continue
		}
		if job.dropped > 0 {
			job.text = t.lang.TerminalMissed(job.dropped) + "\n" + job.text
		}
		_, _ = io.WriteString(job.w, job.text) // an error means that nobody reads
	}
}

// print queues text, which ends in a newline, for w.
func (t *terminal) print(w io.Writer, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.queue <- printJob{w: w, text: text, dropped: t.dropped}:
		t.dropped = 0
	default:
		t.dropped++
	}
}

// flush waits until everything queued is written, for at most flushTimeout.
func (t *terminal) flush() {
	timeout := time.NewTimer(flushTimeout)
	defer timeout.Stop()
	job := printJob{done: make(chan struct{})}
	select {
	case t.queue <- job:
	case <-timeout.C:
		return
	}
	select {
	case <-job.done:
	case <-timeout.C:
	}
}

// close flushes the queue and ends the terminal's goroutine. Nothing may be printed
// after that.
func (t *terminal) close() error {
	t.flush()
	close(t.queue)
	return nil
}
