package launcher

import (
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"syscall"
	"time"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/filewatch"
	"taskctl/pkg/message"
	"taskctl/pkg/screen"
	"taskctl/pkg/supervisor"
)

// reporter prints deaths, recoveries and failures of components for the person at the
// terminal. It also logs components that do not answer.
type reporter struct {
	reporterOptions

	mu     sync.Mutex
	before map[string]supervisor.Status
	begun  bool // our own components are reported too; before, the error of the start reports them
}

type reporterOptions struct {
	Print   func(text string) // prints a line; must not block
	Palette screen.Palette
	Lang    message.Lang
	Log     *slog.Logger
	// WaitingFor returns the components that wait for the given one; it may be nil.
	WaitingFor func(component string) []string
}

func newReporter(o reporterOptions) *reporter {
	return &reporter{reporterOptions: o, before: map[string]supervisor.Status{}}
}

// begin makes the reporter report our own components too. It is called when the start
// has succeeded.
func (r *reporter) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = true
}

// changed compares a component's status with the previous one and prints the difference
// that matters to people.
func (r *reporter) changed(now supervisor.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, known := r.before[now.Name]
	r.before[now.Name] = now
	if known && now.FileChange != before.FileChange {
		r.Print(r.Lang.ComponentFilesChanged(now.Name, now.FileChange.Files))
	}
	if !known || !r.begun && isOwn(now.Name) || now.State == supervisor.StateStopping || now.State == supervisor.StateStopped {
		return
	}
	r.unanswered(before, now)
	if now.State == supervisor.StateDone {
		return // a successful end needs no message
	}
	if now.State == supervisor.StateFailed {
		if before.State != supervisor.StateFailed {
			r.Print(r.Palette.Red(r.Lang.ComponentFailed(now.Name, r.why(now))))
			r.blocked(now.Name)
		}
		return
	}
	if exit := now.LastExit; exit != nil && exit != before.LastExit && exit.Reason != supervisor.Asked {
		r.Print(r.Palette.Yellow(r.Lang.ComponentDied(now.Name, control.ExitText(r.Lang, *exit), r.next(now))))
		if hint := control.ExitHint(r.Lang, *exit); hint != "" {
			r.Print(hint)
		}
	}
	if now.State == supervisor.StateReady && before.State != supervisor.StateReady && now.Generation > 1 && !before.Suspended {
		r.Print(r.Palette.Green(r.Lang.ComponentBack(now.Name, now.PID)))
	}
}

// unanswered reports a component that does not answer, and why.
func (r *reporter) unanswered(before, now supervisor.Status) {
	switch {
	case now.Suspended && !before.Suspended:
		r.Log.Warn("component is stopped by a signal", "component", now.Name, "pid", now.PID)
		r.Print(r.Palette.Yellow(r.Lang.ComponentSuspended(now.Name, now.PID)))
	case before.Suspended && !now.Suspended && now.State == supervisor.StateReady && now.PID == before.PID:
		r.Log.Info("component goes on", "component", now.Name, "pid", now.PID)
		r.Print(r.Palette.Green(r.Lang.ComponentGoesOn(now.Name)))
	case now.State == supervisor.StateUnhealthy && !now.Suspended && before.State != supervisor.StateUnhealthy:
		r.Log.Warn("component does not answer", "component", now.Name, "pid", now.PID)
		r.Print(r.Palette.Yellow(r.Lang.ComponentHung(now.Name)))
	}
}

func (r *reporter) why(s supervisor.Status) string {
	if s.LastExit == nil {
		return ""
	}
	return control.ExitText(r.Lang, *s.LastExit)
}

// next says when a component that died will be restarted.
func (r *reporter) next(s supervisor.Status) string {
	if wait := time.Until(s.Budget.NextTry); !s.Budget.NextTry.IsZero() && wait > 0 {
		return r.Lang.RestartIn(wait)
	}
	return r.Lang.RestartNow()
}

// blocked reports which components will not be started because one has failed.
func (r *reporter) blocked(failed string) {
	if r.WaitingFor == nil {
		return
	}
	if names := r.WaitingFor(failed); len(names) > 0 {
		r.Log.Warn("components wait for one that has failed", "failed", failed, "waiting", names)
		r.Print(r.Palette.Yellow(r.Lang.ComponentsWait(failed, names)))
	}
}

// awaits reports what a component is waiting for before it can be ready.
func (r *reporter) awaits(component, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Log.Warn("component waits", "component", component, "for", what)
	r.Print(r.Palette.Yellow(component + ": " + what))
}

// watchTrouble reports that the files of a component cannot be watched.
func (r *reporter) watchTrouble(component string, patterns []string, err error) {
	r.Log.Warn("files not watched", "component", component, "watch", patterns, "error", err)
	r.Print(r.Palette.Yellow(watchText(r.Lang, component, patterns, err)))
}

// watchText says in the user's language why files cannot be watched.
func watchText(lang message.Lang, component string, patterns []string, err error) string {
	var dir *filewatch.DirError
	switch {
	case errors.Is(err, filewatch.ErrNoMatch):
		return lang.WatchNoMatch(component, patterns)
	case errors.As(err, &dir) && errors.Is(err, fs.ErrNotExist):
		return lang.WatchMissing(component, dir.Dir)
	case errors.Is(err, syscall.ENOSPC):
		return lang.WatchFailed(component, lang.WatchLimit(err.Error(), "fs.inotify.max_user_watches"))
	case errors.Is(err, syscall.EMFILE):
		return lang.WatchFailed(component, lang.WatchLimit(err.Error(), "fs.inotify.max_user_instances"))
	}
	return lang.WatchFailed(component, err.Error())
}

// maxWaiting is how many of the components that a stop waits for are named each time.
const maxWaiting = 5

// waiting prints the processes that the stop waits for.
func (r *reporter) waiting(all []supervisor.Waiting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting := slices.DeleteFunc(all, func(w supervisor.Waiting) bool {
		return len(w.Members) == 0 || w.Left <= 0 // it has just ended or is being killed; the receipt will say so
	})
	for _, w := range waiting[:min(len(waiting), maxWaiting)] {
		r.Print(r.Lang.WaitingFor(w.Component, control.MemberNames(w.Members), w.For, w.Left))
	}
	if more := len(waiting) - maxWaiting; more > 0 {
		r.Print(r.Lang.WaitingForMore(more))
	}
}

func isOwn(name string) bool {
	return name == config.WSServer || name == config.API || name == config.Consumer
}
