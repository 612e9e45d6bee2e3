package launcher

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskctl/taskctl/pkg/message"
)

// halted takes what is written once it is let go.
type halted struct {
	letGo chan struct{}
	taken strings.Builder
}

func (h *halted) Write(p []byte) (int, error) {
	<-h.letGo
	return h.taken.Write(p)
}

func TestTerminalNeverHoldsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		terminal, w := newTerminal(message.English), &halted{letGo: make(chan struct{})}
		began := time.Now()
		for i := range 2 * unsaid {
			terminal.say(w, fmt.Sprintln(i))
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("speaking took %v", took)
		}
		if terminal.flush(); time.Since(began) != lastWords {
			t.Errorf("it was waited for %v, want %v", time.Since(began), lastWords)
		}
		close(w.letGo)
		synctest.Wait()
		terminal.say(w, fmt.Sprintln(2*unsaid))
		if err := terminal.close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		var next int
		for line := range strings.Lines(w.taken.String()) {
			var missed int
			if _, err := fmt.Sscanf(line, "(messages that this terminal did not take: %d;", &missed); err == nil {
				next += missed
			} else if line == fmt.Sprintln(next) {
				next++
			} else {
				t.Fatalf("after %d lines come %q", next, line)
			}
		}
		if next != 2*unsaid+1 {
			t.Errorf("%d lines are printed or counted, want %d", next, 2*unsaid+1)
		}
	})
}
