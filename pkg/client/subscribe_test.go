package client_test

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"taskctl/pkg/client"
	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/task"
)

// quick keeps the waits of a test that disconnects often short.
var quick = client.SubscribeOptions{MaxWait: time.Millisecond}

func TestSubscribeBringsEachEventOnceInOrder(t *testing.T) {
	const half = 200
	for seed := range uint64(10) {
		s := clienttest.New(t)
		dice := rand.New(rand.NewPCG(seed, 0))
		s.Play(clienttest.Script{Send: func(sent int, e task.Event) clienttest.Fate {
			switch {
			case sent == 0: // so that every connection makes progress
				return clienttest.Fate{}
			case dice.IntN(10) == 0 && e.Seq%half != 0: // only what follows shows a hole
				return clienttest.Fate{Skip: true}
			case dice.IntN(10) == 0:
				return clienttest.Fate{Repeat: true}
			case dice.IntN(20) == 0:
				return clienttest.Fate{Code: []int{1001, 1006, 1011, 1012, 1013}[dice.IntN(5)], Reason: "retry=1"}
			}
			return clienttest.Fate{}
		}})
		s.Add(half)
		next, holes, resumes := uint64(1), 0, 0
		for n, err := range connect(t, s).Subscribe(t.Context(), task.Position{}, quick) {
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			switch n := n.(type) {
			case client.Event:
				if n.Position.Seq != next || n.Position.Epoch != s.Head().Epoch {
					t.Fatalf("seed %d: event %s, want seq %d", seed, n.Position, next)
				}
				if next++; next == half {
					go s.Add(half) // the rest comes live
				}
			case client.Connected:
				resumes++
				if !n.Resumed || n.Position.Seq != next-1 {
					t.Fatalf("seed %d: connected at %s, resumed %t; want seq %d", seed, n.Position, n.Resumed, next-1)
				}
			case client.Disconnected:
				if errors.Is(n.Err, client.ErrHole) {
					holes++
				}
			}
			if next > 2*half {
				break
			}
		}
		if holes == 0 || resumes < 3 {
			t.Errorf("seed %d: %d holes and %d connections: the test tests nothing", seed, holes, resumes)
		}
	}
}

func TestWatchBeginsNow(t *testing.T) {
	s := clienttest.New(t)
	before := s.Add(5)
	for n, err := range connect(t, s).Watch(t.Context(), quick) {
		if err != nil {
			t.Fatal(err)
		}
		switch n := n.(type) {
		case client.Connected:
			if n.Position != before || n.Resumed || n.Clients != 1 || n.Message != "hello" {
				t.Errorf("got %+v", n)
			}
			s.Add(1)
			continue
		case client.Event:
			if n.Position.Seq != 6 || n.Task.Title != "task 6" || n.Type != task.Created || n.Time.IsZero() {
				t.Errorf("got %+v", n)
			}
		default:
			t.Errorf("got %#v", n)
		}
		break
	}
}

func TestSubscribeStopsWhereComingBackCannotHelp(t *testing.T) {
	for name, test := range map[string]struct {
		script clienttest.Script
		check  func(error) bool
	}{
		"close 1008": {
			clienttest.Script{Send: func(int, task.Event) clienttest.Fate { return clienttest.Fate{Code: 1008, Reason: "go away"} }},
			func(err error) bool {
				var closed *client.CloseError
				return errors.As(err, &closed) && closed.Code == 1008 && closed.Reason == "go away"
			},
		},
		"401": {
			clienttest.Script{Upgrade: func(w http.ResponseWriter, r *http.Request) bool {
				http.Error(w, "token: "+r.Header.Get("Authorization"), http.StatusUnauthorized)
				return true
			}},
			func(err error) bool {
				var refused *client.Problem
				return errors.As(err, &refused) && refused.Status == 401 && refused.Detail == "token: Bearer secret"
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := clienttest.New(t)
			s.Add(1)
			s.Play(test.script)
			var last error
			for n, err := range connect(t, s).Subscribe(t.Context(), task.Position{}, quick) {
				last = err
				if _, again := n.(client.Disconnected); again {
					t.Fatalf("it comes back after %v", n)
				}
			}
			if !test.check(last) {
				t.Errorf("ended with %v", last)
			}
		})
	}
}
