package supervisor

import (
	"time"
)

const (
	// minHealthyUptime is how long a component must have been ready so that it is
	// restarted at once after a death, without a backoff.
	minHealthyUptime = time.Second
	// dumpTimeout is how long a hung component gets to print its goroutines.
	dumpTimeout = 2 * time.Second
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
	case wantStop, wantShutdown, wantKill:
		t.stop(in)
	case wantRestart:
		t.restart(in)
	case wantStart:
		t.start(in)
	case wantFollow:
		if t.intent == intentRun && !t.done {
			t.restart(in)
		}
	case wantRules:
		t.rules = in.rules
	case wantFresh:
		if t.intent == intentRun {
			t.restart(in)
		}
	case eventReady:
		t.ready(in)
	case eventGone:
		t.gone(in)
	case eventProbe:
		t.probed(in)
	case timerReady:
		t.notReady(in)
	case timerStop, timerDump:
		if g := t.find(in.generation); g != nil && g.phase == stopping {
			t.send(g.number, Kill)
		}
	case timerProof:
		if in.generation == t.current.number && t.current.phase == serving {
			t.answerReady(true)
		}
	case timerRetry:
		if in.generation == t.last+1 {
			t.retryAt = time.Time{}
		}
	}
	t.advance()
	return t.machine, t.actions
}

// transition is one step in progress: a copy of the machine, which it changes, and the
// actions so far.
type transition struct {
	machine
	now     time.Time
	actions []action
}

func (t *transition) do(a action) { t.actions = append(t.actions, a) }

func (t *transition) send(generation uint64, request Request) {
	t.do(action{kind: doSend, generation: generation, request: request})
}

func (t *transition) timer(generation uint64, after time.Duration, fires inputKind) {
	t.do(action{kind: doTimer, generation: generation, after: after, timer: fires})
}

// find returns the living generation with this number, or nil.
func (t *transition) find(number uint64) *generationState {
	for _, g := range []*generationState{&t.current, &t.next, &t.retiring} {
		if g.alive() && g.number == number {
			return g
		}
	}
	return nil
}

// advance starts a generation if the intent needs one and it can start now. It is the
// only place where generations begin.
func (t *transition) advance() {
	switch {
	case t.intent == intentStop:
		if !t.alive() {
			t.answer(nil, func(w waiter) bool { return w.stop })
		}
	case t.intent != intentRun || t.failed || t.done || t.next.alive():
	case !t.current.alive():
		if t.retryAt.IsZero() {
			t.rollPending = false
			t.current = t.spawn()
		}
	case t.rollPending && !t.retiring.alive() && t.current.phase == serving:
		t.rollPending = false
		t.next = t.spawn()
	}
}

// spawn begins a generation. Beside a living one it is gated.
func (t *transition) spawn() generationState {
	t.last++
	t.do(action{kind: doSpawn, generation: t.last, gated: t.current.alive()})
	if !t.rules.job { // a job has no time limit
		t.timer(t.last, t.rules.readyTimeout, timerReady)
	}
	return generationState{number: t.last, phase: starting}
}

// stopGeneration asks a generation to end, once.
func (t *transition) stopGeneration(g *generationState) {
	if !g.alive() {
		return
	}
	g.asked = true
	if g.phase != stopping || g.retired {
		g.phase, g.retired = stopping, false
		t.send(g.number, Stop)
		t.timer(g.number, t.rules.stopTimeout, timerStop)
	}
}

func (t *transition) stop(in input) {
	t.intent = intentStop
	t.final = t.final || in.kind != wantStop
	t.retryAt = time.Time{}
	t.answer(ErrStopped, func(w waiter) bool { return !w.stop })
	if in.waiter != 0 {
		t.addWaiter(waiter{id: in.waiter, stop: true})
	}
	for _, g := range []*generationState{&t.next, &t.current, &t.retiring} {
		t.stopGeneration(g)
		if in.kind == wantKill && g.alive() {
			t.send(g.number, Kill)
		}
	}
}

func (t *transition) restart(in input) {
	if !t.wantRunning(in) {
		return
	}
	since := t.last + 1
	switch {
	case t.next.phase == starting:
		since = t.next.number // a restart is in progress
	case t.current.phase == serving && t.rules.rolling:
		t.rollPending = true
	default:
		t.stopGeneration(&t.current)
	}
	t.await(in, since)
}

// start makes the component run. If it runs already, it is left as it is.
func (t *transition) start(in input) {
	running := t.intent == intentRun && !t.failed && !t.done && t.current.alive()
	if !running {
		t.restart(in)
		return
	}
	if t.current.phase == stopping {
		t.await(in, t.last+1)
		return
	}
	t.await(in, t.current.number)
	if t.current.phase == serving {
		t.answerReady(t.proven())
	}
}

// wantRunning sets the intent to run, with a fresh budget. It returns false if the
// component was stopped for good.
func (t *transition) wantRunning(in input) bool {
	if t.final {
		t.await(in, t.last)
		t.answer(ErrStopped, func(w waiter) bool { return !w.stop })
		return false
	}
	t.intent = intentRun
	t.failed, t.done = false, false
	t.deaths, t.quickDeaths, t.attempts = nil, 0, 0
	t.retryAt = time.Time{}
	t.answer(ErrSuperseded, func(w waiter) bool { return w.stop })
	return true
}

func (t *transition) ready(in input) {
	switch g := t.find(in.generation); {
	case g == nil || g.phase != starting || t.rules.job:
		return
	case g.number == t.next.number:
		t.send(t.current.number, Retire)
		if t.current.phase != stopping {
			t.timer(t.current.number, t.rules.retireTimeout, timerStop)
			t.current.retired = true
		}
		t.current.phase, t.current.asked = stopping, true
		t.retiring, t.current, t.next = t.current, t.next, generationState{}
		t.send(t.current.number, Accept)
	}
	t.current.phase, t.current.readyAt = serving, t.now
	t.misses, t.suspended = 0, false
	t.do(action{kind: doWatch, generation: t.current.number})
	t.answerReady(!t.rules.unproven)
	if t.rules.unproven {
		t.timer(t.current.number, minHealthyUptime, timerProof)
	}
}

// proven reports that the readiness of the current generation can be relied on.
func (t *transition) proven() bool {
	return !t.rules.unproven || t.now.Sub(t.current.readyAt) >= minHealthyUptime
}

// answerReady answers the callers that wait for the current generation, which is ready.
// Those that need proof are answered only if proof is true.
func (t *transition) answerReady(proof bool) {
	t.answer(nil, func(w waiter) bool { return !w.stop && w.minGeneration <= t.current.number && (proof || !w.proof) })
}

// notReady ends a generation whose time to become ready is over. In a rolling restart
// the previous generation keeps serving.
func (t *transition) notReady(in input) {
	if g := t.find(in.generation); g != nil && g.phase == starting {
		t.giveUp(g, NotReady)
	}
}

// giveUp ends a generation that hangs or did not become ready, after it has dumped its
// goroutines.
func (t *transition) giveUp(g *generationState, why Reason) {
	g.phase, g.reason = stopping, why
	t.send(g.number, Dump)
	t.timer(g.number, dumpTimeout, timerDump)
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
	switch g := t.find(in.generation); {
	case g == nil:
	case g.number == t.retiring.number:
		t.recordEnd(t.retiring, in.exit)
		t.retiring = generationState{}
	case g.number == t.next.number:
		exit := t.recordEnd(t.next, in.exit)
		t.next = generationState{}
		t.answerGeneration(in.generation, exit)
	default:
		t.currentGone(in)
	}
}

// recordEnd records the end of a generation, and adds its reason to what the runner
// reported.
func (t *transition) recordEnd(g generationState, exit Exit) Exit {
	switch {
	case exit.Reason == NotStarted:
	case g.asked:
		exit.Reason = Asked
	case g.reason != "":
		exit.Reason = g.reason
	default:
		exit.Reason = Exited
	}
	t.do(action{kind: doRecordEnd, generation: g.number, exit: exit})
	return exit
}

// currentGone handles the end of the current generation.
func (t *transition) currentGone(in input) {
	g := t.current
	exit := t.recordEnd(g, in.exit)
	t.current, t.misses, t.suspended = generationState{}, 0, false
	successor := t.next.alive()
	if successor {
		t.current, t.next = t.next, generationState{}
		t.send(t.current.number, Accept)
	}
	if !g.asked {
		t.died(g, exit, in, successor)
	}
	if len(exit.Left) > 0 && t.intent == intentRun && !successor && !t.failed {
		t.fail(exit) // a new generation must not run beside the processes that are left
	}
}
