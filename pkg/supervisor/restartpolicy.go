package supervisor

import (
	"slices"
	"time"
)

// died applies the restart policy.
func (t *transition) died(g generationState, exit Exit, in input, successor bool) {
	if in.required {
		t.failed = true
		t.do(action{kind: doFailStart, generation: g.number, exit: exit})
		t.answerAll(exit)
		return
	}
	policy := t.rules.restart
	if t.endedWell(exit) && !successor {
		t.done = true
		t.do(action{kind: doDone, generation: g.number})
		t.answer(nil, func(w waiter) bool { return !w.stop })
		return
	}
	healthy := !g.readyAt.IsZero() && exit.At.Sub(g.readyAt) >= minHealthyUptime
	if t.attempts++; healthy {
		t.attempts = 0
	}
	t.deaths = append(slices.Clip(recent(t.deaths, exit.At, policy.Window)), exit.At)
	if successor {
		return
	}
	t.answerGeneration(g.number, exit)
	if policy.Policy == RestartNever || policy.Max > 0 && max(len(t.deaths), t.attempts) >= policy.Max {
		t.fail(exit)
		return
	}
	t.restarts++
	if healthy {
		t.quickDeaths = 0
		return
	}
	delay := policy.backoff(t.quickDeaths, in.jitter)
	t.quickDeaths++
	if remaining := exit.At.Add(delay).Sub(t.now); remaining > 0 {
		t.retryAt = t.now.Add(remaining)
		t.timer(t.last+1, remaining, timerRetry)
	}
}

// endedWell reports that a generation has ended successfully, and is not to be
// restarted.
func (t *transition) endedWell(exit Exit) bool {
	return exit.Reason == Exited && exit.Code == 0 && len(exit.Background) == 0 && len(exit.Left) == 0 &&
		(t.rules.job || t.rules.restart.Policy != RestartAlways)
}

func (t *transition) fail(exit Exit) {
	t.failed = true
	t.retryAt = time.Time{}
	t.do(action{kind: doFail, exit: exit})
	t.answerAll(exit)
}

// recent returns the deaths within the window before now.
func recent(deaths []time.Time, now time.Time, window time.Duration) []time.Time {
	i := 0
	for i < len(deaths) && now.Sub(deaths[i]) >= window {
		i++
	}
	return deaths[i:]
}

// backoff is the pause after a number of earlier quick deaths in a row. It doubles with
// each, and is up to a quarter longer at random, so that components that died together
// are not restarted together.
func (p RestartPolicy) backoff(quick int, jitter float64) time.Duration {
	d := p.BackoffMax
	if quick < 32 && p.BackoffMin<<quick>>quick == p.BackoffMin {
		d = min(d, p.BackoffMin<<quick)
	}
	return min(p.BackoffMax, d+time.Duration(jitter*float64(d)/4))
}
