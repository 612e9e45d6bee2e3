package supervisor

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// world plays everything around one machine: generations that become ready,
// die, obey or do not, timers, and people who keep changing their minds.
type world struct {
	t       testing.TB
	rolling bool
	choose  func(n int) int // in [0, n)

	now     time.Time
	machine machine
	lives   map[uint64]*simulated
	timers  []pendingTimer
	tickets map[uint64]string // who waits, and for what
	issued  uint64
	intent  string // the last one: "run" or "stop"
	over    bool
	steps   int
	history []moment
}

// moment is one step, for the report of a failure.
type moment struct {
	in      input
	state   State
	actions []action
}

type simulated struct {
	ready, gated, accepted, retired, toldToEnd bool
}

// told says that it knows it is to end.
func (s *simulated) told() bool { return s != nil && (s.retired || s.toldToEnd) }

type pendingTimer struct {
	at time.Time
	in input
}

func newWorld(t testing.TB, choose func(int) int) *world {
	w := &world{
		t: t, choose: choose, now: time.Unix(1e9, 0),
		lives: make(map[uint64]*simulated), tickets: make(map[uint64]string), intent: "none",
	}
	w.rolling = choose(2) == 1
	w.machine = machine{rules: rules{
		restart: RestartPolicy{
			Max: choose(4), Window: time.Minute, BackoffMin: 100 * time.Millisecond, BackoffMax: 10 * time.Second,
		},
		readyTimeout: 10 * time.Second, stopTimeout: 10 * time.Second, retireTimeout: 20 * time.Second, misses: 3, rolling: w.rolling,
	}}
	return w
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	for _, m := range w.history {
		w.t.Logf("input %d of generation %d: %s, %+v", m.in.kind, m.in.generation, m.state, m.actions)
	}
	w.t.Fatalf(format, args...)
}

// feed steps the machine, now and then twice to see that it is pure, and plays
// the actions.
func (w *world) feed(in input) {
	w.t.Helper()
	in.now = w.now
	in.jitter = float64(w.choose(100)) / 100
	before := w.machine
	before.tickets, before.deaths = slices.Clone(before.tickets), slices.Clone(before.deaths)
	next, actions := w.machine.step(in)
	if w.steps++; w.steps%8 == 0 {
		again, sameActions := before.step(in)
		if !reflect.DeepEqual(next, again) || !reflect.DeepEqual(actions, sameActions) {
			w.fail("step %+v is not pure", in)
		}
	}
	if slices.ContainsFunc(actions, func(a action) bool { return a.kind == doSpawn }) {
		if before.failed && in.kind != wantRestart {
			w.fail("a failed component was started by %d", in.kind)
		}
		if before.retryAt.After(w.now) && in.kind != wantRestart {
			w.fail("it was started %v before the end of the backoff", before.retryAt.Sub(w.now))
		}
	} else if in.kind == wantRestart && len(w.lives) == 0 && !w.over {
		w.fail("a restart of what is down started nothing")
	}
	w.machine = next
	w.history = append(w.history, moment{in, next.state(), actions})
	failures := 0
	for _, a := range actions {
		if a.kind == doFail {
			failures++
		}
		if life := w.lives[a.generation]; a.kind == doTell && a.order == Kill && in.kind != wantKill && !life.told() {
			w.fail("generation %d was killed without having been asked to end", a.generation)
		}
		w.play(a)
	}
	if failures > 1 {
		w.fail("it was given up %d times in one step", failures)
	}
	for n, life := range w.lives {
		if w.intent == "stop" && !life.toldToEnd {
			w.fail("generation %d was not told to stop", n)
		}
	}
	w.check()
}

func (w *world) play(a action) {
	w.t.Helper()
	life := w.lives[a.generation]
	switch a.kind {
	case doSpawn:
		if w.over || w.intent != "run" {
			w.fail("generation %d was started although the last intent is %s", a.generation, w.intent)
		}
		w.lives[a.generation] = &simulated{gated: a.gated}
	case doTimer:
		w.timers = append(w.timers, pendingTimer{at: w.now.Add(a.after), in: input{kind: a.timer, generation: a.generation}})
	case doAnswer:
		if _, waits := w.tickets[a.ticket]; !waits {
			w.fail("ticket %d was answered twice", a.ticket)
		}
		if a.err == nil && w.tickets[a.ticket] == "stop" && len(w.lives) > 0 {
			w.fail("a stop was reported done with %d alive", len(w.lives))
		}
		delete(w.tickets, a.ticket)
	case doTell:
		if life == nil {
			w.fail("order %d to generation %d, which is gone", a.order, a.generation)
		}
		switch a.order {
		case Accept:
			if !life.gated || life.accepted {
				w.fail("generation %d was told twice to accept", a.generation)
			}
			for number, other := range w.lives {
				if number != a.generation && !other.told() {
					w.fail("generation %d accepts beside %d", a.generation, number)
				}
			}
			life.accepted = true
		case Retire:
			life.retired = true
		case Stop, Kill, Dump:
			life.toldToEnd = true
		}
	}
}

// check holds after every step.
func (w *world) check() {
	w.t.Helper()
	atMost := 1
	if w.rolling {
		atMost = 2
	}
	if len(w.lives) > atMost {
		w.fail("%d generations are alive", len(w.lives))
	}
	m := &w.machine
	known := 0
	for _, l := range []life{m.current, m.next, m.old} {
		if l.alive() {
			known++
			if w.lives[l.number] == nil {
				w.fail("the machine believes in generation %d, which is gone", l.number)
			}
		}
	}
	if known != len(w.lives) {
		w.fail("%d are alive, the machine knows %d", len(w.lives), known)
	}
	if s := m.state(); (s == StateStopped) != (len(w.lives) == 0 && w.intent != "run") {
		w.fail("state %s with %d alive and intent %s", s, len(w.lives), w.intent)
	}
}

// want states an intent.
func (w *world) want(kind inputKind) {
	w.issued++
	in := input{kind: kind}
	switch kind {
	case wantRun:
		if w.intent == "none" {
			w.intent = "run"
		}
	case wantRestart:
		in.ticket = w.issued
		w.tickets[in.ticket] = "restart"
		if !w.over {
			w.intent = "run"
		}
	case wantStop, wantEnd, wantKill:
		in.ticket = w.issued
		w.tickets[in.ticket] = "stop"
		w.intent = "stop"
		w.over = w.over || kind != wantStop
	}
	w.feed(in)
}

// pick returns one of the living, and a number that is not, now and then.
func (w *world) pick() uint64 {
	numbers := []uint64{w.machine.last + 1, 0}
	for n := range w.lives {
		numbers = append(numbers, n, n, n)
	}
	slices.Sort(numbers)
	return numbers[w.choose(len(numbers))]
}

func (w *world) gone(number uint64, exit Exit) {
	delete(w.lives, number)
	exit.At = w.now
	w.feed(input{kind: sawGone, generation: number, exit: exit})
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
	case 0, 1:
		w.want(wantRestart)
	case 2:
		w.want(wantStop)
	case 3:
		if w.choose(8) == 0 {
			w.want([]inputKind{wantEnd, wantKill}[w.choose(2)])
		} else {
			w.want(wantRun)
		}
	case 4, 5, 6:
		n := w.pick()
		if l := w.lives[n]; l != nil {
			l.ready = true
		}
		w.feed(input{kind: sawReady, generation: n})
	case 7, 8, 9:
		n := w.pick()
		exit := Exit{Code: 2}
		if w.choose(20) == 0 {
			exit = Exit{Reason: NotStarted, Code: -1, Err: "no such file"}
		}
		if w.choose(30) == 0 {
			exit.Left = []Member{{PID: 1}}
		}
		w.gone(n, exit)
	case 10, 11:
		w.feed(input{kind: sawProbe, generation: w.pick(), probe: probeResult(w.choose(3))})
	default:
		w.fire()
	}
}

// calm lets everything come to rest: whoever was told to end ends, whoever was
// started becomes ready, and the timers run out.
func (w *world) calm() {
	for range 1000 {
		numbers := make([]uint64, 0, len(w.lives))
		for n := range w.lives {
			numbers = append(numbers, n)
		}
		slices.Sort(numbers)
		moved := false
		for _, n := range numbers {
			switch l := w.lives[n]; {
			case l.told():
				w.gone(n, Exit{})
				moved = true
			case !l.ready:
				l.ready = true
				w.feed(input{kind: sawReady, generation: n})
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

// playWorld runs one random life of a component to its end.
func playWorld(t testing.TB, choose func(int) int) {
	w := newWorld(t, choose)
	for range 3 + choose(60) {
		w.move()
	}
	w.calm()
	state := w.machine.state()
	switch w.intent {
	case "none", "stop":
		if state != StateStopped || len(w.lives) > 0 {
			w.fail("the last intent was to stop, and it is %s with %d alive", state, len(w.lives))
		}
	case "run":
		if state != StateReady && state != StateUnhealthy && state != StateFailed {
			w.fail("the last intent was to run, and it is %s", state)
		}
		if state != StateFailed && len(w.lives) != 1 {
			w.fail("%d are alive in the end", len(w.lives))
		}
	}
	for _, l := range w.lives {
		if l.gated && !l.accepted {
			w.fail("the one that is left was never told to accept")
		}
	}
	if len(w.tickets) > 0 {
		w.fail("these were never answered: %v", w.tickets)
	}
}

func TestMachineHoldsInRandomLives(t *testing.T) {
	lives := 100_000
	if testing.Short() {
		lives = 5_000
	}
	for seed := range lives {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		playWorld(t, random.IntN)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzMachine(f *testing.F) {
	f.Add([]byte{1, 3, 2, 60, 3, 3, 1, 4, 4, 2, 0, 0, 4, 4, 9, 9})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, choices []byte) {
		playWorld(t, func(n int) int {
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
