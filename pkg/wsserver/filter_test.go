package wsserver_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"taskctl/pkg/eventlog"
	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/task"
	"taskctl/pkg/wsserver"
)

// A filtered stream has exactly the selected events. Each event carries the last seq
// that any message told the client, so a client can tell a filtered event from a
// lost one.
func TestFilters(t *testing.T) {
	one := eventlogtest.TaskID(7)
	for query, want := range map[string]func(e task.Event) bool{
		"types=task_created":                  func(e task.Event) bool { return e.Type == task.Created },
		"types=task_updated,task_deleted":     func(e task.Event) bool { return e.Type != task.Created },
		"task=" + one:                         func(e task.Event) bool { return e.TaskID == one },
		"task=" + one + "&types=task_deleted": func(e task.Event) bool { return e.TaskID == one && e.Type == task.Deleted },
	} {
		for _, since := range []uint64{0, 150, 400} {
			t.Run(fmt.Sprint(query, " since ", since), func(t *testing.T) {
				log := eventlogtest.NewLog("e1")
				all := log.Add(300)
				s := serve(t, wsserver.Config{RingBytes: 16 << 10, Heartbeat: 8 * time.Millisecond}, log)
				all = append(all[:300:300], s.publish(100)...)
				p, w := s.dial(t, fmt.Sprintf("?since=%d&%s", since, query))
				if !w.Resumed || w.Seq != since {
					t.Fatalf("the welcome is %+v", w)
				}
				told := w.Seq
				check := func(events []task.Event) {
					t.Helper()
					for _, e := range events {
						if e.Seq <= since || !want(e) {
							continue
						}
						m := p.next()
						for m.Type == "heartbeat" {
							if m.Seq < told || m.Seq >= e.Seq {
								t.Fatalf("a heartbeat at %d between %d and %d", m.Seq, told, e.Seq)
							}
							told = m.Seq
							m = p.next()
						}
						if m.Seq != e.Seq || m.Prev == nil || *m.Prev != told {
							t.Fatalf("got %+v; want event %d with prev %d", m, e.Seq, told)
						}
						if eventlog.Classify(told, *m.Prev, m.Seq) != eventlog.Next {
							t.Fatalf("event %d after %d does not apply", m.Seq, told)
						}
						told = m.Seq
					}
				}
				check(all)
				for range 3 {
					for m := p.next(); m.Type != "heartbeat" || m.Seq < s.head(t); m = p.next() {
						told = max(told, m.Seq)
					}
					told = s.head(t)
					check(s.publish(17))
				}
			})
		}
	}
}

func (s *system) head(t *testing.T) uint64 { return uint64(s.value(t, "taskctl_last_seq")) }

// A filtered event is the unfiltered one, byte for byte, with one member added.
func TestPrevIsTheLastMember(t *testing.T) {
	s := serve(t, wsserver.Config{}, nil)
	p, _ := s.dial(t, "?types=task_created,task_updated,task_deleted")
	long := eventlogtest.Event(2)
	long.Task = append(bytes.Repeat([]byte(" "), 65400), long.Task...)
	events := append(s.log.Add(1), long)
	s.log.Append(long)
	s.pipe.Publish("e1", events)
	for i, e := range events {
		_, data, err := p.ReadMessage()
		if want := e.AppendJSONPrev(nil, uint64(i)); err != nil || !bytes.Equal(data, want) {
			t.Errorf("got %d bytes, %v; want %d", len(data), err, len(want))
		}
	}
}
