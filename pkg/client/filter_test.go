package client_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"taskctl/pkg/client"
	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/task"
)

func TestFilteredStreamKnowsItsHoles(t *testing.T) {
	s := clienttest.New(t)
	c := connect(t, s)
	for range 30 {
		made := s.AddTask("a", "")
		if _, err := c.Patch(t.Context(), made.ID, task.Patch{Completed: ptr(true)}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Delete(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
	}
	s.Play(clienttest.Script{Send: func(sent int, e task.Event) clienttest.Fate {
		return clienttest.Fate{Skip: sent == 4, Repeat: sent == 2} // also the real thing, not only what the filter leaves out
	}})
	options := quick
	options.Types = []task.EventType{task.Updated, task.Deleted}
	var got []uint64
	holes := 0
	for n, err := range c.Subscribe(t.Context(), task.Position{}, options) {
		switch n := n.(type) {
		case client.Event:
			got = append(got, n.Position.Seq)
		case client.Disconnected:
			if !errors.Is(n.Err, client.ErrHole) {
				t.Fatalf("got %#v, %v", n, err)
			}
			holes++
		}
		if len(got) == 60 {
			break
		}
	}
	var want []uint64
	for seq := uint64(1); seq <= 90; seq++ {
		if seq%3 != 1 {
			want = append(want, seq)
		}
	}
	if !slices.Equal(got, want) || holes < 5 {
		t.Errorf("%d holes, got %v", holes, got)
	}
}

func TestHeartbeatMovesAFilteredStreamOn(t *testing.T) {
	s := clienttest.New(t)
	options := quick
	options.TaskID = s.AddTask("a", "").ID
	head := s.Add(50)
	connections := 0
	for n, err := range connect(t, s).Subscribe(t.Context(), task.Position{}, options) {
		switch n := n.(type) {
		case client.Connected:
			connections++
			if connections == 2 && n.Position != head {
				t.Errorf("resumed from %s, want %s", n.Position, head)
			}
		case client.Event:
			if n.Position.Seq != 1 {
				t.Errorf("got %s", n.Position)
			}
			go s.Heartbeat(head.Seq)
		case client.Heartbeat:
			if n.Position != head {
				t.Errorf("got %s, want %s", n.Position, head)
			}
			s.CloseStreams(1001, "")
		case client.Reset:
			t.Fatalf("got %#v, %v", n, err)
		}
		if connections == 2 {
			break
		}
	}
}

func TestHeartbeatShowsAHole(t *testing.T) {
	s := clienttest.New(t)
	s.Play(clienttest.Script{Send: func(sent int, e task.Event) clienttest.Fate { return clienttest.Fate{Skip: sent == 1} }})
	s.Add(2)
	var last task.Position
	hole := false
	for n, err := range connect(t, s).Subscribe(t.Context(), task.Position{}, quick) {
		if err != nil {
			t.Fatal(err)
		}
		switch n := n.(type) {
		case client.Event:
			if last = n.Position; last.Seq == 1 {
				go s.Heartbeat(2)
			}
		case client.Disconnected:
			hole = errors.Is(n.Err, client.ErrHole)
		}
		if last.Seq == 2 {
			break
		}
	}
	if !hole {
		t.Error("the last event came without a hole having been noticed")
	}
}

func TestResetIsToldAndTheStreamGoesOn(t *testing.T) {
	for name, test := range map[string]struct {
		from   task.Position
		reason task.GoneReason
	}{
		"too old":       {task.Position{Seq: 3}, task.GoneTooOld},
		"ahead":         {task.Position{Seq: 100}, task.GoneAhead},
		"another epoch": {task.Position{Epoch: "other", Seq: 10}, task.GoneEpoch},
	} {
		t.Run(name, func(t *testing.T) {
			s := clienttest.New(t)
			head := s.Add(10)
			s.Forget(5)
			reset := false
			for n, err := range connect(t, s).Subscribe(t.Context(), test.from, quick) {
				if err != nil {
					t.Fatal(err)
				}
				switch n := n.(type) {
				case client.Connected:
					if n.Resumed {
						t.Errorf("got %+v", n)
					}
				case client.Reset:
					reset = true
					if n.Reason != test.reason || n.Position != head || len(n.Raw) == 0 {
						t.Errorf("got %+v, want %s at %s", n, test.reason, head)
					}
					go s.Add(1)
				case client.Event:
					if !reset || n.Position != (task.Position{Epoch: head.Epoch, Seq: 11}) {
						t.Errorf("reset %t, then %s", reset, n.Position)
					}
					return
				default:
					t.Fatalf("got %#v", n)
				}
			}
		})
	}
}

func TestDatabaseReplaced(t *testing.T) {
	for _, away := range []bool{true, false} {
		t.Run(fmt.Sprint("while away ", away), func(t *testing.T) {
			s := clienttest.New(t)
			s.Add(3)
			var got []any
			for n := range connect(t, s).Subscribe(t.Context(), task.Position{}, quick) {
				switch n := n.(type) {
				case client.Event:
					if n.Position.Seq == 3 {
						s.Replace("other", 7)
						if away {
							s.CloseStreams(1006, "")
						}
					}
					if n.Position.Epoch == "other" {
						got = append(got, n.Position)
					}
				case client.Reset:
					got = append(got, n.Reason, n.Position)
					go s.Add(1)
				}
				if len(got) == 3 {
					break
				}
			}
			want := []any{task.GoneEpoch, task.Position{Epoch: "other", Seq: 7}, task.Position{Epoch: "other", Seq: 8}}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
