package supervisor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a component that takes a second to become ready, and a second to end.
func slow(name string, after ...string) Spec {
	return Spec{Name: name, After: after, Runner: &stage{begun: func(a *actor) {
		time.Sleep(time.Second)
		a.ready()
		a.wait()
		time.Sleep(time.Second)
		a.die(0)
	}}}
}

// together runs components in a bubble of their own time until f returns.
func together(t *testing.T, specs []Spec, f func(*testing.T, *Supervisor)) {
	synctest.Test(t, func(t *testing.T) {
		sup, err := New(specs, Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- sup.Run(ctx) }()
		<-sup.Started()
		f(t, sup)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestSeveralComponentsTakeTheTimeOfOne(t *testing.T) {
	var specs []Spec
	for i := range 9 {
		specs = append(specs, slow(fmt.Sprint("c", i)))
	}
	together(t, specs, func(t *testing.T, sup *Supervisor) {
		for _, do := range []struct {
			name string
			do   func(context.Context, ...string) error
			want time.Duration
		}{
			{"restart", sup.Restart, 2 * time.Second},
			{"stop", sup.Stop, time.Second},
			{"start", sup.Start, time.Second},
		} {
			began := time.Now()
			if err := do.do(t.Context(), "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"); err != nil {
				t.Error(do.name, err)
			}
			if took := time.Since(began); took != do.want {
				t.Errorf("%s of eight took %v, want %v as for one", do.name, took, do.want)
			}
		}
		changed := append([]Spec{}, specs...)
		for i := range changed {
			changed[i].Digest = "changed"
		}
		began := time.Now()
		if _, err := sup.Reload(t.Context(), changed); err != nil {
			t.Error("reload", err)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("a reload of nine took %v", took)
		}
	})
}

// TestSeveralComponentsKeepTheirOrder names a component and one that comes after it
// through a third, which is not named.
func TestSeveralComponentsKeepTheirOrder(t *testing.T) {
	specs := []Spec{slow("db"), slow("api", "db"), slow("web", "api"), slow("mail")}
	together(t, specs, func(t *testing.T, sup *Supervisor) {
		for sup.status(sup.component("web")).State != StateReady {
			time.Sleep(time.Second)
		}
		at := func(what string, do func(context.Context, ...string) error, after time.Duration, want map[string]State) {
			t.Helper()
			errs := make(chan error)
			go func() { errs <- do(t.Context(), "web", "db", "mail") }()
			time.Sleep(after)
			synctest.Wait()
			for name, state := range want {
				if got := sup.status(sup.component(name)).State; got != state {
					t.Errorf("%v after the request to %s, %s is %s, want %s", after, what, name, got, state)
				}
			}
			if err := <-errs; err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		at("restart", sup.Restart, 1500*time.Millisecond, map[string]State{"db": StateStarting, "mail": StateStarting, "api": StateReady, "web": StateReady})
		at("restart", sup.Restart, 2500*time.Millisecond, map[string]State{"db": StateReady, "mail": StateReady, "web": StateStopping})
		at("stop", sup.Stop, 500*time.Millisecond, map[string]State{"db": StateReady, "mail": StateStopping, "web": StateStopping})
		at("start", sup.Start, 500*time.Millisecond, map[string]State{"db": StateStarting, "mail": StateStarting, "web": StateStopped})
	})
}

// TestARequestThatIsGivenUpBeginsNothingMore ends the context during the restart of the
// first of two components.
func TestARequestThatIsGivenUpBeginsNothingMore(t *testing.T) {
	together(t, []Spec{slow("db"), slow("web", "db")}, func(t *testing.T, sup *Supervisor) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if err := sup.Restart(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("restart: %v", err)
		}
		synctest.Wait()
		if db, web := sup.Status()[0], sup.Status()[1]; db.State != StateStopping || web.State != StateReady {
			t.Errorf("db is %s, web is %s", db.State, web.State)
		}
	})
}
