package launcher

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

// Receipt tells how a system was taken down: component by component, in the
// order in which they were to stop.
type Receipt struct {
	Took    time.Duration       `json:"took_ns"`
	Endings []supervisor.Ending `json:"endings"`
}

// killed are the components that did not end when asked.
func (r Receipt) killed() []string {
	var names []string
	for _, e := range r.Endings {
		if e.How == supervisor.EndedKilled {
			names = append(names, e.Component)
		}
	}
	return names
}

// left are the processes that are still there.
func (r Receipt) left() []string {
	var processes []string
	for _, e := range r.Endings {
		for _, m := range e.Left {
			processes = append(processes, fmt.Sprintf("%s (%s)", e.Component, m))
		}
	}
	return processes
}

// Err is ErrLeft or ErrKilled where they apply, else nil.
func (r Receipt) Err() error {
	switch {
	case len(r.left()) > 0:
		return ErrLeft
	case len(r.killed()) > 0:
		return ErrKilled
	}
	return nil
}

// Render lays the receipt out for people.
func (r Receipt) Render(say message.Lang, p screen.Palette) string {
	var rows [][]string
	for _, e := range r.Endings {
		row := []string{e.Component, say.EndedHow(string(e.How)), "", ""}
		if e.Exit != nil {
			row[2] = ExitText(say, *e.Exit)
		}
		if e.How != supervisor.EndedNotStarted && e.How != supervisor.EndedFailed {
			row[3] = message.Took(e.Took)
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s", p.Bold(say.ReceiptHeading(r.Took)), screen.Table("  ", 0, rows))
	if killed := r.killed(); len(killed) > 0 {
		fmt.Fprintln(&b, p.Yellow(say.ReceiptKilled(strings.Join(killed, ", "))))
	}
	if left := r.left(); len(left) > 0 {
		fmt.Fprintln(&b, p.Red(say.ReceiptLeft(strings.Join(left, ", "))))
	} else {
		fmt.Fprintln(&b, say.ReceiptClean())
	}
	return b.String()
}

// settle prints the receipt, hands it to whoever waits for it at the control
// socket, and returns what became of the run: why the start failed, if it did,
// else what the receipt shows.
func (l *Launcher) settle(took time.Duration, startErr, runErr error) error {
	r := Receipt{Took: took, Endings: l.supervisor.Receipt()}
	l.terminal.say(l.opts.Stdout, "\n"+r.Render(l.opts.Lang, l.opts.Palette))
	l.log.Info("stopped", "took", took.Round(time.Millisecond), "killed", r.killed(), "left", r.left())
	l.receipt = r
	close(l.settled)
	verdict := r.Err()
	if startErr != nil && errors.Is(verdict, ErrKilled) {
		verdict = nil // the start's own failure is the news
	}
	return errors.Join(verdict, startErr, runErr)
}
