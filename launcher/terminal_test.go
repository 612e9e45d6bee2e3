package launcher

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"taskctl/pkg/message"
)

// haltedWriter blocks until it is released.
type haltedWriter struct {
	release chan struct{}
	written strings.Builder
}

func (h *haltedWriter) Write(p []byte) (int, error) {
	<-h.release
	return h.written.Write(p)
}

func TestTerminalNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		terminal, w := newTerminal(message.English), &haltedWriter{release: make(chan struct{})}
		began := time.Now()
		for i := range 2 * maxQueuedMessages {
			terminal.print(w, fmt.Sprintln(i))
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("printing took %v", took)
		}
		if terminal.flush(); time.Since(began) != flushTimeout {
			t.Errorf("flush took %v, want %v", time.Since(began), flushTimeout)
		}
		close(w.release)
		synctest.Wait()
		terminal.print(w, fmt.Sprintln(2*maxQueuedMessages))
		if err := terminal.close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		var next int
		for line := range strings.Lines(w.written.String()) {
			var dropped int
			if _, err := fmt.Sscanf(line, "(messages dropped because this terminal was blocked: %d;", &dropped); err == nil {
				next += dropped
			} else if line == fmt.Sprintln(next) {
				next++
			} else {
				t.Fatalf("after %d lines: %q", next, line)
			}
		}
		if next != 2*maxQueuedMessages+1 {
			t.Errorf("%d lines printed or counted, want %d", next, 2*maxQueuedMessages+1)
		}
	})
}
