package supervisor

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stage is a runner whose generations are controlled by the test, in fake time.
type stage struct {
	mu     sync.Mutex
	played []*actor
	begun  func(*actor) // called with each generation, in a goroutine of its own
}

type actor struct {
	gen      Generation
	began    time.Time
	mu       sync.Mutex
	received []Request
	requests chan Request
	asleep   bool
}

func (s *stage) Start(_ context.Context, gen Generation) (Instance, error) {
	a := &actor{gen: gen, began: time.Now(), requests: make(chan Request, 10)}
	s.mu.Lock()
	s.played = append(s.played, a)
	s.mu.Unlock()
	go s.begun(a)
	return a, nil
}

func (s *stage) all() []*actor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.played)
}

func (a *actor) ready()            { a.gen.Emit(Event{Kind: BecameReady}) }
func (a *actor) die(code int)      { a.gen.Emit(Event{Kind: Gone, Exit: Exit{At: time.Now(), Code: code}}) }
func (a *actor) wait() Request     { return <-a.requests }
func (a *actor) PID() int          { return int(a.gen.Number) }
func (a *actor) Lines() []string   { return nil }
func (a *actor) Members() []Member { return []Member{{PID: a.PID()}} }

func (a *actor) Suspended() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asleep
}

func (a *actor) Send(o Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.received = append(a.received, o)
	a.requests <- o
}

// obey ends at the first order to end.
func (a *actor) obey() {
	for o := range a.requests {
		if o == Stop || o == Kill || o == Dump || o == Retire {
			a.die(0)
			return
		}
	}
}

// perform runs one component in a bubble of its own time until f returns.
func perform(t *testing.T, spec Spec, begun func(*actor), f func(*testing.T, *Supervisor, *stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{begun: begun}
		spec.Name, spec.Runner = "api", s
		sup, err := New([]Spec{spec}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- sup.Run(ctx) }()
		f(t, sup, s)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestRetiredMayTakeItsTime keeps a replaced generation running: the next serves
// meanwhile, a second restart waits for it, and it has its own timeout.
func TestRetiredMayTakeItsTime(t *testing.T) {
	spec := Spec{Rolling: true, StopTimeout: time.Second, RetireTimeout: time.Minute}
	perform(t, spec, func(a *actor) {
		a.ready()
		for o := range a.requests {
			if o == Kill || o == Stop {
				a.die(0)
				return
			}
		}
	}, func(t *testing.T, sup *Supervisor, s *stage) {
		<-sup.Started()
		if err := sup.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if st := sup.Status()[0]; st.State != StateReady || st.PID != 2 {
			t.Errorf("while the first leaves: %+v, want the second ready", st)
		}
		if err := sup.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("the first was killed after %v, want its whole minute", took)
		}
		if heard := s.all()[0].received; !slices.Equal(heard, []Request{Retire, Kill}) {
			t.Errorf("the first heard %v", heard)
		}
	})
}

func TestBackoffGrowsAndIsForgotten(t *testing.T) {
	policy := RestartPolicy{BackoffMin: 100 * time.Millisecond, BackoffMax: time.Second}
	perform(t, Spec{MayFail: true, Restart: policy}, func(a *actor) {
		a.ready()
		if a.gen.Number == 7 {
			time.Sleep(time.Second) // long enough that a death has no backoff
		}
		if a.gen.Number < 10 {
			a.die(1)
			return
		}
		a.obey()
	}, func(t *testing.T, sup *Supervisor, s *stage) {
		time.Sleep(30 * time.Second)
		synctest.Wait()
		want := []time.Duration{100, 200, 400, 800, 1000, 1000, 0, 100, 200}
		played := s.all()
		if len(played) != 10 {
			t.Fatalf("%d generations", len(played))
		}
		for i, least := range want {
			pause := played[i+1].began.Sub(played[i].began)
			if played[i].gen.Number == 7 {
				pause -= time.Second
			}
			least *= time.Millisecond
			if pause < least || pause > least+least/4 {
				t.Errorf("generation %d came after %v, want %v and up to a quarter more", i+2, pause, least)
			}
		}
		if st := sup.Status()[0]; st.Restarts != 9 || st.Budget.Deaths != 9 {
			t.Errorf("status %+v", st)
		}
		time.Sleep(time.Minute)
		if st := sup.Status()[0]; st.Budget.Deaths != 0 {
			t.Errorf("deaths outside the window count: %+v", st)
		}
	})
}

func TestBudgetIsVisibleWhileBackingOff(t *testing.T) {
	policy := RestartPolicy{Max: 5, BackoffMin: time.Second}
	perform(t, Spec{MayFail: true, Restart: policy}, func(a *actor) { a.die(2) }, func(t *testing.T, sup *Supervisor, _ *stage) {
		synctest.Wait()
		st := sup.Status()[0]
		if st.State != StateBackingOff || st.LastExit.Code != 2 {
			t.Errorf("status %+v", st)
		}
		in := time.Until(st.Budget.NextTry)
		if in < time.Second || in > 1250*time.Millisecond {
			t.Errorf("next try in %v", in)
		}
		if b := st.Budget; b.Deaths != 1 || b.Max != 5 || b.Window != time.Minute {
			t.Errorf("budget %+v", b)
		}
	})
}

func TestDeathsOutsideTheWindowAreForgiven(t *testing.T) {
	policy := RestartPolicy{Max: 3, Window: time.Minute}
	perform(t, Spec{MayFail: true, Restart: policy}, func(a *actor) {
		a.ready()
		time.Sleep(25 * time.Second)
		if a.gen.Number > 10 {
			a.obey()
			return
		}
		a.die(1)
	}, func(t *testing.T, sup *Supervisor, s *stage) {
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		// Deaths at 0, 25 and 50 s are three within a minute.
		if st := sup.Status()[0]; st.State != StateFailed || len(s.all()) != 3 {
			t.Errorf("%d generations, status %+v", len(s.all()), st)
		}
	})
	policy.Window = 50 * time.Second
	perform(t, Spec{MayFail: true, Restart: policy}, func(a *actor) {
		a.ready()
		if a.gen.Number > 10 {
			a.obey()
			return
		}
		time.Sleep(25 * time.Second)
		a.die(1)
	}, func(t *testing.T, sup *Supervisor, s *stage) {
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if st := sup.Status()[0]; st.State != StateReady || len(s.all()) != 11 {
			t.Errorf("%d generations, status %+v", len(s.all()), st)
		}
	})
}

func TestStopEscalates(t *testing.T) {
	perform(t, Spec{StopTimeout: 7 * time.Second}, func(a *actor) {
		a.ready()
		for a.wait() != Kill {
		}
		a.die(-1)
	}, func(t *testing.T, sup *Supervisor, s *stage) {
		<-sup.Started()
		began := time.Now()
		if err := sup.Stop(t.Context(), "api"); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 7*time.Second {
			t.Errorf("killed after %v", took)
		}
		if heard := s.all()[0].received; !slices.Equal(heard, []Request{Stop, Kill}) {
			t.Errorf("heard %v", heard)
		}
		if st := sup.Status()[0]; st.State != StateStopped {
			t.Errorf("status %+v", st)
		}
	})
}

func TestThreeMissesAreNeeded(t *testing.T) {
	var mu sync.Mutex
	answers := []error{nil, errors.New("no"), errors.New("no"), nil, errors.New("no"), errors.New("no"), errors.New("no")}
	spec := Spec{Probe: func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if len(answers) == 0 {
			return nil
		}
		answer := answers[0]
		answers = answers[1:]
		return answer
	}}
	perform(t, spec, func(a *actor) { a.ready(); a.obey() }, func(t *testing.T, sup *Supervisor, s *stage) {
		time.Sleep(13 * time.Second)
		synctest.Wait()
		if n := len(s.all()); n != 1 {
			t.Fatalf("%d generations after six probes", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		played := s.all()
		if len(played) != 2 || !slices.Equal(played[0].received, []Request{Dump}) {
			t.Fatalf("%d generations after seven probes, the first heard %v", len(played), played[0].received)
		}
		if record, _, _ := sup.Why("api"); record.Exit.Reason != Hung || len(record.Probes) != maxProbes {
			t.Errorf("record %+v", record)
		}
	})
}

func TestAHungOneIsKilledWhenTheDumpTakesTooLong(t *testing.T) {
	perform(t, Spec{Alive: true}, func(a *actor) {
		a.ready()
		if a.gen.Number > 1 {
			reports := time.NewTicker(time.Second)
			defer reports.Stop()
			for {
				select {
				case <-reports.C:
					a.gen.Emit(Event{Kind: SaidAlive})
				case <-a.requests:
					a.die(0)
					return
				}
			}
		}
		for a.wait() != Kill {
		}
		a.die(-1)
	}, func(t *testing.T, sup *Supervisor, s *stage) {
		time.Sleep(time.Minute)
		synctest.Wait()
		played := s.all()
		if len(played) != 2 || !slices.Equal(played[0].received, []Request{Dump, Kill}) {
			t.Fatalf("%d generations, the first heard %v", len(played), played[0].received)
		}
		if came := played[1].began.Sub(played[0].began); came != 6*time.Second+dumpTimeout {
			t.Errorf("the second came after %v", came)
		}
		if st := sup.Status()[0]; st.State != StateReady {
			t.Errorf("status %+v", st)
		}
	})
}

func TestASleepingLauncherBlamesNobody(t *testing.T) {
	slow := make(chan time.Duration, 100)
	spec := Spec{Probe: func(ctx context.Context) error {
		select {
		case d := <-slow:
			time.Sleep(d) // as if this process had been stopped meanwhile
			return ctx.Err()
		default:
			return nil
		}
	}}
	perform(t, spec, func(a *actor) { a.ready(); a.obey() }, func(t *testing.T, sup *Supervisor, s *stage) {
		for range 10 {
			slow <- time.Minute
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if st := sup.Status()[0]; len(slow) > 0 || len(s.all()) != 1 || st.Misses != 0 {
			t.Errorf("%d generations, status %+v", len(s.all()), st)
		}
	})
}

func TestASuspendedOneIsLeftAlone(t *testing.T) {
	for name, spec := range map[string]Spec{
		"asked":     {Probe: func(context.Context) error { return errors.New("no answer") }},
		"reporting": {Alive: true},
		"neither":   {},
	} {
		t.Run(name, func(t *testing.T) {
			perform(t, spec, func(a *actor) { a.asleep = true; a.ready(); a.obey() }, func(t *testing.T, sup *Supervisor, s *stage) {
				time.Sleep(time.Hour)
				synctest.Wait()
				if st := sup.Status()[0]; st.State != StateUnhealthy || !st.Suspended || len(s.all()) != 1 {
					t.Errorf("%d generations, status %+v", len(s.all()), st)
				}
			})
		})
	}
}

func TestRestartJoinsOneUnderWay(t *testing.T) {
	perform(t, Spec{Rolling: true}, func(a *actor) {
		if a.gen.Number > 1 {
			time.Sleep(3 * time.Second)
		}
		a.ready()
		a.obey()
	}, func(t *testing.T, sup *Supervisor, s *stage) {
		<-sup.Started()
		var restarts sync.WaitGroup
		for range 5 {
			restarts.Go(func() {
				if err := sup.Restart(t.Context(), "api"); err != nil {
					t.Error(err)
				}
			})
		}
		restarts.Wait()
		if n := len(s.all()); n != 2 {
			t.Errorf("%d generations", n)
		}
	})
}

func TestNothingIsRestartedAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{begun: func(a *actor) {
			a.ready()
			a.wait()
			time.Sleep(time.Second)
			a.die(0)
		}}
		sup, err := New([]Spec{{Name: "api", Runner: s}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := sup.Restart(t.Context()); !errors.Is(err, ErrNotRunning) {
			t.Errorf("before Run: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- sup.Run(ctx) }()
		<-sup.Started()
		cancel()
		synctest.Wait()
		if err := sup.Restart(t.Context(), "api"); !errors.Is(err, ErrStopped) {
			t.Errorf("while it ends: %v", err)
		}
		<-done
		if err := sup.Restart(t.Context(), "api"); !errors.Is(err, ErrNotRunning) {
			t.Errorf("after it has ended: %v", err)
		}
		if err := sup.Stop(t.Context(), "nobody"); !errors.Is(err, ErrUnknown) {
			t.Errorf("an unknown name: %v", err)
		}
		if n := len(s.all()); n != 1 {
			t.Errorf("%d generations", n)
		}
	})
}

func TestHealthCheckSkipsTheRoundItSleptThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		var at []time.Duration
		spec := Spec{Alive: true}.withDefaults()
		silent := func(context.Context) error { return errNoReport }
		check := healthCheck{Health: spec.Health, probe: silent, instance: &actor{}}
		check.report = func(result probeOutcome, p Probe) {
			at = append(at, p.At.Sub(began))
			if result != probeMissed {
				t.Errorf("saw %v, %+v", result, p)
			}
			switch len(at) {
			case 1:
				time.Sleep(10 * time.Second)
			case 2:
				cancel()
			}
		}
		check.run(ctx)
		if want := []time.Duration{2 * time.Second, 14 * time.Second}; !slices.Equal(at, want) {
			t.Errorf("looked at %v, want %v", at, want)
		}
	})
}

func TestACommandThatDiesAtOnceWasNotStarted(t *testing.T) {
	lives := 900 * time.Millisecond // after it was ready; then 1100 ms
	begun := func(a *actor) {
		a.ready()
		select {
		case <-time.After(lives):
			a.die(4)
		case <-a.requests:
			a.die(0)
		}
	}
	spec := Spec{Manual: true, MayFail: true, Unproven: true, Restart: RestartPolicy{Max: 1}}
	perform(t, spec, begun, func(t *testing.T, s *Supervisor, _ *stage) {
		<-s.Started()
		for name, ask := range map[string]func(context.Context, ...string) error{"start": s.Start, "restart": s.Restart} {
			var failed *RestartError
			if err := ask(t.Context(), "api"); !errors.As(err, &failed) || failed.Exit.Code != 4 {
				t.Errorf("%s: %v", name, err)
			}
		}
		lives = 1100 * time.Millisecond
		asked := time.Now()
		if err := s.Restart(t.Context(), "api"); err != nil || time.Since(asked) != minHealthyUptime {
			t.Errorf("restart: %v after %v", err, time.Since(asked))
		}
	})
}
