package supervisor

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// world simulates everything around one machine: generations that become ready, die, or
// ignore requests, timers, and callers with changing intents.
type world struct {
	t       testing.TB
	rolling bool
	job     bool
	choose  func(n int) int // in [0, n)

	now         time.Time
	machine     machine
	generations map[uint64]*simulated
	timers      []pendingTimer
	waiters     map[uint64]string // what each waiter waits for
	issued      uint64
	intent      string // the last one: "none", "wait", "run" or "stop"
	final       bool
	replacing   bool // a reload has changed it: after its end another machine begins
	steps       int
	history     []moment
}

// moment is one step, for the report of a failure.
type moment struct {
	in      input
	state   State
	actions []action
}

type simulated struct {
	ready, gated, accepted, retired, toldToEnd bool
	readyAt                                    time.Time
}

// told says that it was asked to end.
func (s *simulated) told() bool { return s != nil && (s.retired || s.toldToEnd) }

type pendingTimer struct {
	at time.Time
	in input
}

func newWorld(t testing.TB, choose func(int) int) *world {
	w := &world{
		t: t, choose: choose, now: time.Unix(1e9, 0),
		generations: make(map[uint64]*simulated), waiters: make(map[uint64]string), intent: "none",
	}
	w.newMachine()
	return w
}

// newMachine creates a machine for the settings.
func (w *world) newMachine() {
	w.rolling = w.choose(2) == 1
	w.job = w.choose(4) == 0
	w.machine = machine{rules: rules{misses: 3, rolling: w.rolling, job: w.job, unproven: !w.job && !w.rolling && w.choose(2) == 1}}
	w.changeRules(&w.machine.rules)
}

// changeRules chooses what a reload applies to a component that runs.
func (w *world) changeRules(r *rules) {
	r.restart = RestartPolicy{
		Policy: []Policy{RestartAlways, RestartAlways, RestartOnFailure, RestartNever}[w.choose(4)],
		Max:    w.choose(4), Window: time.Minute, BackoffMin: 100 * time.Millisecond, BackoffMax: 10 * time.Second,
	}
	r.readyTimeout, r.stopTimeout, r.retireTimeout = 10*time.Second, time.Duration(5+w.choose(10))*time.Second, 20*time.Second
}

// reload applies changed settings: to the component that runs, or in its place.
func (w *world) reload() {
	if w.choose(2) == 0 {
		rules := w.machine.rules
		w.changeRules(&rules)
		w.feed(input{kind: wantRules, rules: rules})
		return
	}
	w.want(wantShutdown)
	w.replacing = true
	w.replace()
}

// replace begins another machine where one that a reload has stopped is gone.
func (w *world) replace() {
	if !w.replacing || len(w.generations) > 0 {
		return
	}
	if len(w.waiters) > 0 {
		w.fail("these were never answered: %v", w.waiters)
	}
	w.replacing, w.final, w.intent = false, false, "wait"
	w.timers, w.history = nil, nil
	w.newMachine()
	w.feed(input{kind: wantWait})
	if w.choose(4) > 0 { // else those before it are not ready yet
		w.want(wantRun)
	}
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	for _, m := range w.history {
		w.t.Logf("input %d of generation %d: %s, %+v", m.in.kind, m.in.generation, m.state, m.actions)
	}
	w.t.Fatalf(format, args...)
}

// feed steps the machine, sometimes twice to see that it is pure, and plays the
// actions.
func (w *world) feed(in input) {
	w.t.Helper()
	in.now = w.now
	in.jitter = float64(w.choose(100)) / 100
	before := w.machine
	before.waiters, before.deaths = slices.Clone(before.waiters), slices.Clone(before.deaths)
	next, actions := w.machine.step(in)
	if w.steps++; w.steps%8 == 0 {
		again, sameActions := before.step(in)
		if !reflect.DeepEqual(next, again) || !reflect.DeepEqual(actions, sameActions) {
			w.fail("step %+v is not pure", in)
		}
	}
	if slices.ContainsFunc(actions, func(a action) bool { return a.kind == doSpawn }) {
		if !asked(in) && in.kind != wantFresh && (before.done || before.failed && in.kind != wantFollow) {
			w.fail("a component that was %s was started by %d", before.state(), in.kind)
		}
		if before.retryAt.After(w.now) && !asked(in) && in.kind != wantFollow && in.kind != wantFresh {
			w.fail("it was started %v before the end of the backoff", before.retryAt.Sub(w.now))
		}
	} else if asked(in) && len(w.generations) == 0 && !w.final {
		w.fail("a restart of what is down started nothing")
	}
	w.machine = next
	w.history = append(w.history, moment{in, next.state(), actions})
	failures := 0
	for _, a := range actions {
		if a.kind == doFail {
			failures++
		}
		if g := w.generations[a.generation]; a.kind == doSend && a.request == Kill && in.kind != wantKill && !g.told() {
			w.fail("generation %d was killed without having been asked to end", a.generation)
		}
		w.play(a)
	}
	if failures > 1 {
		w.fail("it was given up %d times in one step", failures)
	}
	for n, g := range w.generations {
		if w.intent == "stop" && !g.toldToEnd {
			w.fail("generation %d was not told to stop", n)
		}
	}
	w.check()
}

// asked says that a caller has requested that the component runs.
func asked(in input) bool { return in.kind == wantRestart || in.kind == wantStart }

func (w *world) play(a action) {
	w.t.Helper()
	g := w.generations[a.generation]
	switch a.kind {
	case doSpawn:
		if w.final || w.intent != "run" {
			w.fail("generation %d was started although the last intent is %s", a.generation, w.intent)
		}
		w.generations[a.generation] = &simulated{gated: a.gated}
	case doWatch:
		if w.job {
			w.fail("a job is watched as if it were ready")
		}
	case doDone:
		if !w.job && w.machine.rules.restart.Policy == RestartAlways {
			w.fail("a component that always runs was taken for done")
		}
	case doTimer:
		w.timers = append(w.timers, pendingTimer{at: w.now.Add(a.after), in: input{kind: a.timer, generation: a.generation}})
	case doAnswer:
		if _, waits := w.waiters[a.waiter]; !waits {
			w.fail("ticket %d was answered twice", a.waiter)
		}
		if a.err == nil && w.waiters[a.waiter] == "proof" && !w.job && w.machine.rules.unproven && !w.proven() {
			w.fail("a component that has just been started was reported to run well")
		}
		if a.err == nil && w.waiters[a.waiter] != "stop" && w.job && !w.machine.done {
			w.fail("a job that has not ended was reported to run well")
		}
		if a.err == nil && w.waiters[a.waiter] == "stop" && len(w.generations) > 0 {
			w.fail("a stop was reported done with %d alive", len(w.generations))
		}
		delete(w.waiters, a.waiter)
	case doSend:
		if g == nil {
			w.fail("order %d to generation %d, which is gone", a.request, a.generation)
		}
		switch a.request {
		case Accept:
			if !g.gated || g.accepted {
				w.fail("generation %d was told twice to accept", a.generation)
			}
			for number, other := range w.generations {
				if number != a.generation && !other.told() {
					w.fail("generation %d accepts beside %d", a.generation, number)
				}
			}
			g.accepted = true
		case Retire:
			g.retired = true
		case Stop, Kill, Dump:
			g.toldToEnd = true
		}
	}
}

// proven says that the component has been ready for long enough, or has run to its end.
func (w *world) proven() bool {
	g := w.generations[w.machine.current.number]
	return w.machine.done || g != nil && g.ready && w.now.Sub(g.readyAt) >= minHealthyUptime
}

// check checks the invariants after every step.
func (w *world) check() {
	w.t.Helper()
	atMost := 1
	if w.rolling {
		atMost = 2
	}
	if len(w.generations) > atMost {
		w.fail("%d generations are alive", len(w.generations))
	}
	m := &w.machine
	known := 0
	for _, l := range []generationState{m.current, m.next, m.retiring} {
		if l.alive() {
			known++
			if w.generations[l.number] == nil {
				w.fail("the machine believes in generation %d, which is gone", l.number)
			}
		}
	}
	if known != len(w.generations) {
		w.fail("%d are alive, the machine knows %d", len(w.generations), known)
	}
	if s := m.state(); (s == StateStopped) != (len(w.generations) == 0 && w.intent != "run" && w.intent != "wait") {
		w.fail("state %s with %d alive and intent %s", s, len(w.generations), w.intent)
	}
}

// want states an intent.
func (w *world) want(kind inputKind) {
	w.issued++
	in := input{kind: kind}
	switch kind {
	case wantRun:
		if w.intent == "none" || w.intent == "wait" {
			w.intent = "run"
		}
	case wantRestart, wantStart:
		in.waiter = w.issued
		w.waiters[in.waiter] = "restart"
		if w.choose(2) == 0 {
			w.issued++
			in.proof = w.issued
			w.waiters[in.proof] = "proof"
		}
		if !w.final {
			w.intent = "run"
		}
	case wantStop, wantShutdown, wantKill:
		in.waiter = w.issued
		w.waiters[in.waiter] = "stop"
		w.intent = "stop"
		w.final = w.final || kind != wantStop
	}
	w.feed(in)
}

// pick returns the number of a living generation, and sometimes an invalid one.
func (w *world) pick() uint64 {
	numbers := []uint64{w.machine.last + 1, 0}
	for n := range w.generations {
		numbers = append(numbers, n, n, n)
	}
	slices.Sort(numbers)
	return numbers[w.choose(len(numbers))]
}

func (w *world) becomeReady(number uint64) {
	if g := w.generations[number]; g != nil && !g.ready {
		g.ready, g.readyAt = true, w.now
	}
}

func (w *world) gone(number uint64, exit Exit) {
	delete(w.generations, number)
	exit.At = w.now
	w.feed(input{kind: eventGone, generation: number, exit: exit})
	w.replace()
}

// fire lets time pass to the next timer.
func (w *world) fire() bool {
	if len(w.timers) == 0 {
		return false
	}
	first := 0
	for i, timer := range w.timers {
		if timer.at.Before(w.timers[first].at) {
			first = i
		}
	}
	timer := w.timers[first]
	w.timers = slices.Delete(w.timers, first, first+1)
	if timer.at.After(w.now) {
		w.now = timer.at
	}
	w.feed(timer.in)
	return true
}

// move makes one thing happen.
func (w *world) move() {
	w.now = w.now.Add(time.Duration(w.choose(400)) * 10 * time.Millisecond)
	switch w.choose(16) {
	case 0:
		w.want(wantRestart)
	case 1:
		w.want([]inputKind{wantRestart, wantStart, wantFollow, wantFresh}[w.choose(4)])
	case 2:
		w.want(wantStop)
	case 3:
		switch w.choose(8) {
		case 0:
			w.want([]inputKind{wantShutdown, wantKill}[w.choose(2)])
		case 1, 2, 3:
			if !w.final {
				w.reload()
			}
		default:
			w.want(wantRun)
		}
	case 4, 5, 6:
		n := w.pick()
		w.becomeReady(n)
		w.feed(input{kind: eventReady, generation: n})
	case 7, 8, 9:
		n := w.pick()
		exit := Exit{Code: []int{0, 2, 2}[w.choose(3)]}
		if w.choose(20) == 0 {
			exit = Exit{Reason: NotStarted, Code: -1, Err: "no such file"}
		}
		if w.choose(30) == 0 {
			exit.Left = []Member{{PID: 1}}
		}
		w.gone(n, exit)
	case 10, 11:
		w.feed(input{kind: eventProbe, generation: w.pick(), probe: probeOutcome(w.choose(3))})
	default:
		w.fire()
	}
}

// settleDown runs until nothing changes any more: generations that were asked to end
// end, started ones become ready, and timers fire.
func (w *world) settleDown() {
	for range 1000 {
		numbers := make([]uint64, 0, len(w.generations))
		for n := range w.generations {
			numbers = append(numbers, n)
		}
		slices.Sort(numbers)
		moved := false
		for _, n := range numbers {
			switch l := w.generations[n]; {
			case l.told():
				w.gone(n, Exit{})
				moved = true
			case w.job:
				w.gone(n, Exit{})
				moved = true
			case !l.ready:
				w.becomeReady(n)
				w.feed(input{kind: eventReady, generation: n})
				moved = true
			}
			if moved {
				break // the rest may have changed
			}
		}
		if !moved && !w.fire() {
			return
		}
	}
	w.fail("it does not come to rest")
}

// runWorld runs one random simulation to its end.
func runWorld(t testing.TB, choose func(int) int) {
	w := newWorld(t, choose)
	for range 3 + choose(60) {
		w.move()
	}
	w.settleDown()
	state := w.machine.state()
	switch w.intent {
	case "none", "stop":
		if state != StateStopped || len(w.generations) > 0 {
			w.fail("the last intent was to stop, and it is %s with %d alive", state, len(w.generations))
		}
	case "wait":
		if state != StateStarting || len(w.generations) > 0 {
			w.fail("it waits for those before it, and is %s with %d alive", state, len(w.generations))
		}
	case "run":
		switch state {
		case StateReady, StateUnhealthy, StateFailed, StateDone:
		default:
			w.fail("the last intent was to run, and it is %s", state)
		}
		if w.job && state != StateDone && state != StateFailed {
			w.fail("a job is %s in the end", state)
		}
		if state != StateFailed && state != StateDone && len(w.generations) != 1 {
			w.fail("%d are alive in the end", len(w.generations))
		}
	}
	for _, l := range w.generations {
		if l.gated && !l.accepted {
			w.fail("the one that is left was never told to accept")
		}
	}
	if len(w.waiters) > 0 {
		w.fail("these were never answered: %v", w.waiters)
	}
}

func TestMachineHoldsInRandomLives(t *testing.T) {
	lives := 100_000
	if testing.Short() {
		lives = 5_000
	}
	for seed := range lives {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		runWorld(t, random.IntN)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzMachine(f *testing.F) {
	f.Add([]byte{1, 3, 2, 60, 3, 3, 1, 4, 4, 2, 0, 0, 4, 4, 9, 9})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, choices []byte) {
		runWorld(t, func(n int) int {
			if len(choices) == 0 {
				return 0
			}
			c := int(choices[0])
			choices = choices[1:]
			return c % n
		})
	})
}

func TestBackoffDoublesWithinItsBounds(t *testing.T) {
	p := RestartPolicy{BackoffMin: 100 * time.Millisecond, BackoffMax: 10 * time.Second}
	for _, tt := range []struct {
		quick    int
		low, top time.Duration
	}{
		{0, 100 * time.Millisecond, 125 * time.Millisecond},
		{1, 200 * time.Millisecond, 250 * time.Millisecond},
		{6, 6400 * time.Millisecond, 8 * time.Second},
		{7, 10 * time.Second, 10 * time.Second},
		{500, 10 * time.Second, 10 * time.Second},
	} {
		if d := p.backoff(tt.quick, 0); d != tt.low {
			t.Errorf("backoff(%d, 0) = %v, want %v", tt.quick, d, tt.low)
		}
		if d := p.backoff(tt.quick, 1); d != tt.top {
			t.Errorf("backoff(%d, 1) = %v, want %v", tt.quick, d, tt.top)
		}
	}
}

func TestStartOrderRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		specs []Spec
		want  GraphError
	}{
		{"a name twice", []Spec{{Name: "a"}, {Name: "a"}}, GraphError{Component: "a", Duplicate: true}},
		{"an unknown name", []Spec{{Name: "a", After: []string{"b"}}}, GraphError{Component: "a", Unknown: "b"}},
		{"itself", []Spec{{Name: "a", After: []string{"a"}}}, GraphError{Component: "a", Cycle: []string{"a", "a"}}},
		{"a circle behind a straight", []Spec{
			{Name: "x", After: []string{"a"}}, {Name: "a", After: []string{"b"}}, {Name: "b", After: []string{"c"}}, {Name: "c", After: []string{"a"}},
		}, GraphError{Component: "a", Cycle: []string{"a", "b", "c", "a"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := StartOrder(tt.specs)
			var got *GraphError
			if !errors.As(err, &got) || !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got %v, want %v", err, &tt.want)
			}
		})
	}
}

func TestStartOrderKeepsWhatIsGiven(t *testing.T) {
	order, err := StartOrder([]Spec{
		{Name: "mailer", After: []string{"api"}}, {Name: "wsserver"}, {Name: "api", After: []string{"wsserver"}}, {Name: "z"},
	})
	if want := []string{"wsserver", "api", "mailer", "z"}; err != nil || !slices.Equal(order, want) {
		t.Errorf("got %v, %v, want %v", order, err, want)
	}
}
