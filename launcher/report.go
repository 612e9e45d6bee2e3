package launcher

import (
	"log/slog"
	"sync"
	"time"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

// reporter tells the person at the terminal what happens to the components while
// they are watched over: deaths, recoveries, and the ones that are given up. Those
// that are silent it tells the log of, too.
type reporter struct {
	say     func(text string) // a line; it must not wait
	palette screen.Palette
	lang    message.Lang
	log     *slog.Logger

	mu     sync.Mutex
	before map[string]supervisor.Status
	ready  bool // the start has been announced; before, its failure says what there is to say
}

func newReporter(say func(text string), palette screen.Palette, lang message.Lang, log *slog.Logger) *reporter {
	return &reporter{say: say, palette: palette, lang: lang, log: log, before: map[string]supervisor.Status{}}
}

// changed compares a component's status with the one before and says what a
// person would want to know of it.
func (r *reporter) changed(now supervisor.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, known := r.before[now.Name]
	r.before[now.Name] = now
	if !known || !r.ready && isOwn(now.Name) || now.State == supervisor.StateStopping || now.State == supervisor.StateStopped {
		return
	}
	r.silence(before, now)
	if now.State == supervisor.StateFailed {
		if before.State != supervisor.StateFailed {
			r.say(r.palette.Red(r.lang.ComponentFailed(now.Name, r.why(now))))
		}
		return
	}
	if exit := now.LastExit; exit != nil && exit != before.LastExit && exit.Reason != supervisor.Asked {
		r.say(r.palette.Yellow(r.lang.ComponentDied(now.Name, ExitText(r.lang, *exit), r.next(now))))
	}
	if now.State == supervisor.StateReady && before.State != supervisor.StateReady && now.Generation > 1 && !before.Suspended {
		r.say(r.palette.Green(r.lang.ComponentBack(now.Name, now.PID)))
	}
}

// begin has it speak of our own components too.
func (r *reporter) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready = true
}

func isOwn(name string) bool {
	return name == config.WSServer || name == config.API || name == config.Consumer
}

func (r *reporter) why(s supervisor.Status) string {
	if s.LastExit == nil {
		return ""
	}
	return ExitText(r.lang, *s.LastExit)
}

// silence tells of a component that does not answer, and why.
func (r *reporter) silence(before, now supervisor.Status) {
	switch {
	case now.Suspended && !before.Suspended:
		r.log.Warn("component is stopped by a signal", "component", now.Name, "pid", now.PID)
		r.say(r.palette.Yellow(r.lang.ComponentSuspended(now.Name, now.PID)))
	case before.Suspended && !now.Suspended && now.State == supervisor.StateReady && now.PID == before.PID:
		r.log.Info("component goes on", "component", now.Name, "pid", now.PID)
		r.say(r.palette.Green(r.lang.ComponentGoesOn(now.Name)))
	case now.State == supervisor.StateUnhealthy && !now.Suspended && before.State != supervisor.StateUnhealthy:
		r.log.Warn("component does not answer", "component", now.Name, "pid", now.PID)
		r.say(r.palette.Yellow(r.lang.ComponentHung(now.Name)))
	}
}

// next says what becomes of a component that died.
func (r *reporter) next(s supervisor.Status) string {
	if wait := time.Until(s.Budget.NextTry); !s.Budget.NextTry.IsZero() && wait > 0 {
		return r.lang.RestartIn(wait)
	}
	return r.lang.RestartNow()
}

// waiting says on whom the stop waits.
func (r *reporter) waiting(all []supervisor.Waiting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range all {
		if len(w.Members) == 0 || w.Left <= 0 {
			continue // it has just ended, or is being killed: the receipt tells
		}
		r.say(r.lang.WaitingFor(w.Component, members(w.Members), w.For, w.Left))
	}
}
