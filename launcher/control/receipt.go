package control

import (
	"fmt"
	"strings"
	"time"

	"taskctl/pkg/message"
	"taskctl/pkg/screen"
	"taskctl/pkg/supervisor"
)

// Receipt says how each component ended, in the order of the stop.
type Receipt struct {
	Took    time.Duration           `json:"took_ns"`
	Endings []supervisor.StopResult `json:"endings"`
}

// Killed are the components that did not end when asked.
func (r Receipt) Killed() []string {
	var names []string
	for _, e := range r.Endings {
		if e.How == supervisor.OutcomeKilled {
			names = append(names, e.Component)
		}
	}
	return names
}

// Left are the processes that are still alive.
func (r Receipt) Left() []string {
	var processes []string
	for _, e := range r.Endings {
		for _, m := range e.Left {
			processes = append(processes, fmt.Sprintf("%s (%s)", e.Component, m))
		}
	}
	return processes
}

// Err is ErrLeft, ErrKilled or nil.
func (r Receipt) Err() error {
	switch {
	case len(r.Left()) > 0:
		return ErrLeft
	case len(r.Killed()) > 0:
		return ErrKilled
	}
	return nil
}

// Report is a receipt for programs, which `stop --json` prints.
type Report struct {
	State      State         `json:"state"`   // stopped
	TookMS     float64       `json:"took_ms"` // from the request
	Components []EndedReport `json:"components"`
	// LauncherKilled means that the launcher did not answer and was killed, so it is
	// unknown how the components ended.
	LauncherKilled bool `json:"launcher_killed,omitempty"`
}

// EndedReport says how one component ended.
type EndedReport struct {
	Name   string              `json:"name"`
	How    supervisor.Outcome  `json:"how"`
	TookMS float64             `json:"took_ms"`
	Exit   string              `json:"exit"`           // in English; empty if it did not run
	Left   []supervisor.Member `json:"left,omitempty"` // processes that are still alive
}

// Report converts the receipt for programs.
func (r Receipt) Report() Report {
	report := Report{State: Stopped, TookMS: milliseconds(r.Took), Components: []EndedReport{}}
	for _, e := range r.Endings {
		one := EndedReport{Name: e.Component, How: e.How, TookMS: milliseconds(e.Took), Left: e.Left}
		if e.Exit != nil {
			one.Exit = e.Exit.String()
		}
		report.Components = append(report.Components, one)
	}
	return report
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Render formats the receipt for people.
func (r Receipt) Render(lang message.Lang, p screen.Palette) string {
	var rows [][]string
	for _, e := range r.Endings {
		row := []string{e.Component, lang.EndedHow(string(e.How)), "", ""}
		if e.Exit != nil {
			row[2] = ExitText(lang, *e.Exit)
		}
		if e.How != supervisor.OutcomeNotStarted && e.How != supervisor.OutcomeFailed && e.How != supervisor.OutcomeDone {
			row[3] = lang.Took(e.Took)
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s", p.Bold(lang.ReceiptHeading(r.Took)), screen.Table("  ", 0, rows))
	if killed := r.Killed(); len(killed) > 0 {
		fmt.Fprintln(&b, p.Yellow(lang.ReceiptKilled(strings.Join(killed, ", "))))
	}
	if left := r.Left(); len(left) > 0 {
		fmt.Fprintln(&b, p.Red(lang.ReceiptLeft(strings.Join(left, ", "))))
	} else {
		fmt.Fprintln(&b, lang.ReceiptClean())
	}
	return b.String()
}
