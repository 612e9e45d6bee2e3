package launcher

import (
	"strings"
	"time"

	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

// ExitText says to people how a component's process ended.
func ExitText(say message.Lang, e supervisor.Exit) string {
	var text string
	switch {
	case e.Reason == supervisor.NotStarted:
		return say.ExitNotStarted(e.Err)
	case e.Signal != "":
		text = e.Signal
	case e.Err != "":
		text = e.Err
	case e.Code < 0:
		text = say.ExitReturned()
	default:
		text = say.ExitCode(e.Code)
	}
	switch e.Reason {
	case supervisor.NotReady:
		text = say.ExitNotReady(text, e.Uptime.Round(100*time.Millisecond))
	case supervisor.Hung:
		text = say.ExitHung(text)
	}
	if e.OOM {
		text = say.ExitOOM(text)
	}
	if len(e.Left) > 0 {
		return say.ExitLeft(text, members(e.Left))
	}
	if e.Killed && e.Signal != "SIGKILL" {
		text = say.ExitRestKilled(text)
	}
	return text
}

// HolderText says who holds a port, as far as that is known.
func HolderText(say message.Lang, h Holder) string {
	if h.PID == 0 {
		return say.PortHolderUnknown()
	}
	return say.PortHolder(h.PID, h.Command, h.User)
}

// BudgetText says what the restart policy has left as of a time, and what the
// last of the deaths was.
func BudgetText(say message.Lang, b supervisor.Budget, cause *supervisor.Exit, now time.Time) string {
	text := say.Budget(b.Deaths, b.Max, b.Window)
	if !b.NextTry.IsZero() {
		text = say.BudgetNextTry(text, max(0, b.NextTry.Sub(now)))
	}
	if cause != nil {
		text = say.BudgetCause(text, ExitText(say, *cause))
	}
	return text
}

func members(all []supervisor.Member) string {
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = m.String()
	}
	return strings.Join(names, ", ")
}
