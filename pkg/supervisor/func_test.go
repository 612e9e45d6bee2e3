//go:build linux

package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/supervisor"
	"taskctl/pkg/supervisor/child"

	"taskctl/pkg/wait/waittest"
)

func TestAFunctionThatReturnsHasDied(t *testing.T) {
	for name, result := range map[string]error{"without error": nil, "with an error": errors.New("no database")} {
		t.Run(name, func(t *testing.T) {
			runs := 0
			s := begin(t, supervisor.Options{}, supervisor.Spec{
				Name: "api", Restart: supervisor.RestartPolicy{BackoffMin: time.Millisecond}, MayFail: true,
				Runner: supervisor.Func{Run: func(ctx context.Context, h *child.Handle) error {
					if runs++; runs == 1 {
						_, _ = fmt.Fprint(h.Stderr(), "giving up")
						return result
					}
					h.Ready()
					<-ctx.Done()
					return nil
				}},
			})
			st := s.waitState("api", supervisor.StateReady)
			record := mustWhy(t, s, "api")
			if st.Generation != 2 || record.Exit.Reason != supervisor.Exited || (result != nil) != (record.Exit.Err != "") || record.Lines[0] != "giving up" {
				t.Errorf("status %+v, record %+v", st, record)
			}
		})
	}
}

func TestAFunctionThatDoesNotReturnIsLeft(t *testing.T) {
	release := make(chan struct{})
	output := newCapture()
	s := begin(t, supervisor.Options{}, supervisor.Spec{
		Name: "api", StopTimeout: 20 * time.Millisecond,
		Runner: supervisor.Func{Output: output.open, Run: func(_ context.Context, h *child.Handle) error {
			h.Ready()
			<-release
			return nil
		}},
	}).started()
	e := s.stop()["api"]
	if e.How != supervisor.OutcomeLeft || len(e.Left) != 1 || !strings.Contains(e.Left[0].Command, "api") {
		t.Errorf("ended as %+v", e)
	}
	close(release)
	waittest.For(t, "it has returned after all", func() bool { return len(s.Receipt()[0].Left) == 0 })
}

func TestAHungFunctionShowsItsGoroutines(t *testing.T) {
	output := newCapture()
	runs := 0
	s := begin(t, supervisor.Options{}, supervisor.Spec{
		Name: "api", MayFail: true, Health: supervisor.Health{Every: 5 * time.Millisecond},
		Probe: func(context.Context) error {
			if runs == 1 {
				return errors.New("connection refused")
			}
			return nil
		},
		Runner: supervisor.Func{Output: output.open, Run: func(ctx context.Context, h *child.Handle) error {
			runs++
			h.Ready()
			<-ctx.Done()
			return nil
		}},
	}).started()
	waittest.For(t, "it was restarted", func() bool { return s.status("api").Generation == 2 })
	record := mustWhy(t, s, "api")
	if record.Exit.Reason != supervisor.Hung || record.Probes[len(record.Probes)-1].Err != "connection refused" {
		t.Errorf("record %+v", record)
	}
	if !strings.Contains(output.String(), "goroutine ") {
		t.Errorf("output %q", output)
	}
}

func TestNotesAreInOrder(t *testing.T) {
	for name, runner := range map[string]supervisor.Runner{
		"process": fakeProcess(t, newCapture(), "--note=seen abc:1\nx"),
		"func": supervisor.Func{Run: func(ctx context.Context, h *child.Handle) error {
			h.Note("seen abc:1\nx")
			h.Ready()
			<-ctx.Done()
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			notes := make(chan string, 1)
			begin(t, supervisor.Options{}, supervisor.Spec{Name: "consumer", Runner: runner, Notes: func(_ uint64, note string) { notes <- note }}).started()
			select {
			case note := <-notes:
				if note != "seen abc:1 x" {
					t.Errorf("note %q", note)
				}
			case <-time.After(waitTime):
				t.Error("no note")
			}
		})
	}
}
