package supervisor

import (
	"slices"
	"time"
)

const (
	// settled is how long a component must have been ready for its death to be
	// an accident, restarted at once, and not the next round of a crash loop.
	settled = time.Second
	// dumpTime is how long a hung component gets to write down its goroutines.
	dumpTime = 2 * time.Second
)

// step is the transition function.
func (m machine) step(in input) (machine, []action) {
	t := transition{machine: m, now: in.now}
	switch in.kind {
	case wantWait:
		if t.intent == intentNone {
			t.intent = intentWait
		}
	case wantRun:
		if t.intent <= intentWait {
			t.intent = intentRun
		}
	case wantStop, wantEnd, wantKill:
		t.stop(in)
	case wantRestart:
		t.restart(in)
	case sawReady:
		t.ready(in)
	case sawGone:
		t.gone(in)
	case sawProbe:
		t.probed(in)
	case timeReady:
		t.notReady(in)
	case timeStop, timeDump:
		if l := t.find(in.generation); l != nil && l.phase == ending {
			t.tell(l.number, Kill)
		}
	case timeRetry:
		if in.generation == t.last+1 {
			t.retryAt = time.Time{}
		}
	}
	t.settle()
	return t.machine, t.actions
}

// transition is one step in the making: a copy of the machine, which may be
// changed, and the actions so far.
type transition struct {
	machine
	now     time.Time
	actions []action
}

func (t *transition) do(a action) { t.actions = append(t.actions, a) }

func (t *transition) tell(generation uint64, order Order) {
	t.do(action{kind: doTell, generation: generation, order: order})
}

func (t *transition) timer(generation uint64, after time.Duration, fires inputKind) {
	t.do(action{kind: doTimer, generation: generation, after: after, timer: fires})
}

// find returns the living generation of that number, nil if there is none.
func (t *transition) find(number uint64) *life {
	for _, l := range []*life{&t.current, &t.next, &t.old} {
		if l.alive() && l.number == number {
			return l
		}
	}
	return nil
}

// settle begins whatever the intent asks for and nothing stands in the way of.
// It is the only place where generations begin.
func (t *transition) settle() {
	switch {
	case t.intent == intentStop:
		if !t.alive() {
			t.answer(nil, func(w ticket) bool { return w.stop })
		}
	case t.intent != intentRun || t.failed || t.next.alive():
	case !t.current.alive():
		if t.retryAt.IsZero() {
			t.rollLater = false
			t.current = t.spawn()
		}
	case t.rollLater && !t.old.alive() && t.current.phase == serving:
		t.rollLater = false
		t.next = t.spawn()
	}
}

// spawn begins a generation. Beside a living one it is gated.
func (t *transition) spawn() life {
	t.last++
	t.do(action{kind: doSpawn, generation: t.last, gated: t.current.alive()})
	t.timer(t.last, t.rules.readyTimeout, timeReady)
	return life{number: t.last, phase: starting}
}

// end asks a living generation to end, once.
func (t *transition) end(l *life) {
	if !l.alive() {
		return
	}
	l.asked = true
	if l.phase != ending || l.retired {
		l.phase, l.retired = ending, false
		t.tell(l.number, Stop)
		t.timer(l.number, t.rules.stopTimeout, timeStop)
	}
}

func (t *transition) stop(in input) {
	t.intent = intentStop
	t.over = t.over || in.kind != wantStop
	t.retryAt = time.Time{}
	t.answer(ErrStopped, func(w ticket) bool { return !w.stop })
	if in.ticket != 0 {
		t.wait(ticket{id: in.ticket, stop: true})
	}
	for _, l := range []*life{&t.next, &t.current, &t.old} {
		t.end(l)
		if in.kind == wantKill && l.alive() {
			t.tell(l.number, Kill)
		}
	}
}

func (t *transition) restart(in input) {
	if t.over {
		t.do(action{kind: doAnswer, ticket: in.ticket, err: ErrStopped})
		return
	}
	t.intent = intentRun
	t.failed = false
	t.deaths, t.quick = nil, 0
	t.retryAt = time.Time{}
	t.answer(ErrSuperseded, func(w ticket) bool { return w.stop })
	since := t.last + 1
	switch {
	case t.next.phase == starting:
		since = t.next.number // one is under way
	case t.current.phase == serving && t.rules.rolling:
		t.rollLater = true
	default:
		t.end(&t.current)
	}
	if in.ticket != 0 {
		t.wait(ticket{id: in.ticket, since: since})
	}
}

func (t *transition) ready(in input) {
	switch l := t.find(in.generation); {
	case l == nil || l.phase != starting:
		return
	case l.number == t.next.number:
		t.tell(t.current.number, Retire)
		if t.current.phase != ending {
			t.timer(t.current.number, t.rules.retireTimeout, timeStop)
			t.current.retired = true
		}
		t.current.phase, t.current.asked = ending, true
		t.old, t.current, t.next = t.current, t.next, life{}
		t.tell(t.current.number, Accept)
	}
	t.current.phase, t.current.readyAt = serving, t.now
	t.misses, t.suspended = 0, false
	t.do(action{kind: doWatch, generation: t.current.number})
	t.answer(nil, func(w ticket) bool { return !w.stop && w.since <= t.current.number })
}

// notReady ends a generation whose time to become ready is over. In a rolling
// restart that leaves the one before it as it is.
func (t *transition) notReady(in input) {
	if l := t.find(in.generation); l != nil && l.phase == starting {
		t.giveUp(l, NotReady)
	}
}

// giveUp ends a generation that is of no use any more, after it has told where
// its goroutines are.
func (t *transition) giveUp(l *life, why Reason) {
	l.phase, l.reason = ending, why
	t.tell(l.number, Dump)
	t.timer(l.number, dumpTime, timeDump)
}

func (t *transition) probed(in input) {
	if t.current.number != in.generation || t.current.phase != serving {
		return
	}
	t.suspended = in.probe == probeSuspended
	switch in.probe {
	case probeAnswered:
		t.misses = 0
	case probeMissed:
		t.misses++
		if t.misses >= t.rules.misses {
			t.giveUp(&t.current, Hung)
		}
	}
}

func (t *transition) gone(in input) {
	switch l := t.find(in.generation); {
	case l == nil:
	case l.number == t.old.number:
		t.ended(t.old, in.exit)
		t.old = life{}
	case l.number == t.next.number:
		exit := t.ended(t.next, in.exit)
		t.next = life{}
		t.answerFresh(in.generation, exit)
	default:
		t.lost(in)
	}
}

// ended completes what the runner saw with why it came to that.
func (t *transition) ended(l life, exit Exit) Exit {
	switch {
	case exit.Reason == NotStarted:
	case l.asked:
		exit.Reason = Asked
	case l.reason != "":
		exit.Reason = l.reason
	default:
		exit.Reason = Exited
	}
	t.do(action{kind: doEnded, generation: l.number, exit: exit})
	return exit
}

// lost goes on after the current generation has ended.
func (t *transition) lost(in input) {
	l := t.current
	exit := t.ended(l, in.exit)
	t.current, t.misses, t.suspended = life{}, 0, false
	successor := t.next.alive()
	if successor {
		t.current, t.next = t.next, life{}
		t.tell(t.current.number, Accept)
	}
	if !l.asked {
		t.died(l, exit, in, successor)
	}
	if len(exit.Left) > 0 && t.intent == intentRun && !successor && !t.failed {
		t.fail(exit) // a second one must not run beside what is left
	}
}

// died applies the restart policy.
func (t *transition) died(l life, exit Exit, in input, successor bool) {
	if in.strict {
		t.failed = true
		t.do(action{kind: doFailStart, generation: l.number, exit: exit})
		t.answerAll(exit)
		return
	}
	t.deaths = append(slices.Clip(recent(t.deaths, exit.At, t.rules.restart.Window)), exit.At)
	if successor {
		return
	}
	t.answerFresh(l.number, exit)
	policy := t.rules.restart
	if policy.Max > 0 && len(t.deaths) >= policy.Max {
		t.fail(exit)
		return
	}
	t.restarts++
	if !l.readyAt.IsZero() && exit.At.Sub(l.readyAt) >= settled {
		t.quick = 0
		return
	}
	delay := policy.backoff(t.quick, in.jitter)
	t.quick++
	if remaining := exit.At.Add(delay).Sub(t.now); remaining > 0 {
		t.retryAt = t.now.Add(remaining)
		t.timer(t.last+1, remaining, timeRetry)
	}
}

func (t *transition) fail(exit Exit) {
	t.failed = true
	t.retryAt = time.Time{}
	t.do(action{kind: doFail, exit: exit})
	t.answerAll(exit)
}

// recent returns the deaths that still count at a time.
func recent(deaths []time.Time, now time.Time, window time.Duration) []time.Time {
	i := 0
	for i < len(deaths) && now.Sub(deaths[i]) >= window {
		i++
	}
	return deaths[i:]
}

// backoff is the pause after the quick-th quick death in a row, the first
// being 0: doubling, and up to a quarter longer, so that components that fell
// together do not come back together.
func (p RestartPolicy) backoff(quick int, jitter float64) time.Duration {
	d := p.BackoffMax
	if quick < 32 && p.BackoffMin<<quick>>quick == p.BackoffMin {
		d = min(d, p.BackoffMin<<quick)
	}
	return min(p.BackoffMax, d+time.Duration(jitter*float64(d)/4))
}
