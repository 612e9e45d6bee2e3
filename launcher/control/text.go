package control

import (
	"strings"
	"time"

	"taskctl/pkg/message"
	"taskctl/pkg/supervisor"
)

// ExitText says in the user's language how a component's process ended.
func ExitText(lang message.Lang, e supervisor.Exit) string {
	var text string
	switch {
	case e.Fault != nil:
		return lang.ExitNotStarted(FaultText(lang, e.Fault))
	case e.Reason == supervisor.NotStarted:
		return lang.ExitNotStarted(e.Err)
	case e.Signal != "":
		text = e.Signal
	case e.Err != "":
		text = e.Err
	case e.Code < 0 && len(e.Left) > 0:
		text = lang.ExitNotKilled()
	case e.Code < 0:
		text = lang.ExitReturned()
	default:
		text = lang.ExitCode(e.Code)
	}
	switch e.Reason {
	case supervisor.NotReady:
		text = lang.ExitNotReady(text, e.Uptime.Round(100*time.Millisecond))
	case supervisor.Hung:
		text = lang.ExitHung(text)
	}
	if e.OOM {
		text = lang.ExitOOM(text)
	}
	if len(e.Background) > 0 {
		return lang.ExitBackground(text, MemberNames(e.Background))
	}
	if len(e.Left) > 0 {
		return lang.ExitLeft(text, MemberNames(e.Left))
	}
	if e.Killed && e.Signal != "SIGKILL" {
		text = lang.ExitRestKilled(text)
	}
	return text
}

// FaultText says in the user's language why a command cannot be started, and how to fix
// it.
func FaultText(lang message.Lang, f *supervisor.CommandFault) string {
	switch f.Kind {
	case supervisor.NoDirectory:
		return lang.CommandNoDirectory(f.Path)
	case supervisor.NotInPath:
		return lang.CommandNotInPath(f.Path)
	case supervisor.NoProgram:
		return lang.CommandNoProgram(f.Path)
	case supervisor.IsDirectory:
		return lang.CommandIsDirectory(f.Path)
	case supervisor.NotExecutable:
		return lang.CommandNotExecutable(f.Path)
	case supervisor.NoShebang:
		return lang.CommandNoShebang(f.Path)
	case supervisor.NoInterpreter:
		return lang.CommandNoInterpreter(f.Path, f.Interpreter)
	case supervisor.CarriageReturn:
		return lang.CommandCarriageReturn(f.Path)
	}
	return f.Error()
}

// ExitHint says what to change if the end of a process shows a mistake in its command;
// otherwise it is empty.
func ExitHint(lang message.Lang, e supervisor.Exit) string {
	if len(e.Background) == 0 {
		return ""
	}
	return lang.StayInForeground(lang.ForegroundHint(e.Background[0].Command))
}

// BudgetText says in the user's language how many restarts the policy still allows, and
// the cause of the last one.
func BudgetText(lang message.Lang, b supervisor.Budget, cause *supervisor.Exit, now time.Time) string {
	text := lang.Budget(b.Deaths, b.Max, b.Window)
	if !b.NextTry.IsZero() {
		text = lang.BudgetNextTry(text, max(0, b.NextTry.Sub(now)))
	}
	if cause != nil {
		text = lang.BudgetCause(text, ExitText(lang, *cause))
	}
	return text
}

// MemberNames lists processes by pid and command.
func MemberNames(all []supervisor.Member) string {
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = m.String()
	}
	return strings.Join(names, ", ")
}
