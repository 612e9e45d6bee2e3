package wsserver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taskctl/taskctl/pkg/eventlog/eventlogtest"
	"github.com/taskctl/taskctl/pkg/wsserver"
)

func TestWelcomeThenEveryEvent(t *testing.T) {
	s := serve(t, wsserver.Config{}, nil)
	s.publish(3)
	await(t, "the events", func() bool { return s.value(t, "taskctl_last_seq") == 3 })
	p, w := s.dial(t, "")
	want := message{Type: "connected", Message: "Connected to the task notifications", Clients: 1, Seq: 3, Epoch: "e1"}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Error(diff)
	}
	e := s.publish(1)[0]
	_, data, err := p.ReadMessage()
	if err != nil || !bytes.Equal(data, e.AppendJSON(nil)) || !json.Valid(data) {
		t.Errorf("got %s, %v; want %s", data, err, e.AppendJSON(nil))
	}
	second, w := s.dial(t, "")
	if w.Clients != 2 || s.Clients() != 2 {
		t.Errorf("the welcome counts %d clients, the server %d; want 2", w.Clients, s.Clients())
	}
	_ = second.Close()
	await(t, "the second client to be gone", func() bool { return s.Clients() == 1 })
}

func TestOrderAndCompletenessUnderLoad(t *testing.T) {
	s := serve(t, wsserver.Config{RingBytes: 128 << 10}, nil)
	const clients, events = 60, 5000
	var wg sync.WaitGroup
	for i := range clients {
		query, from := "", uint64(1)
		if i%3 == 0 {
			query = "?since=0"
		}
		p, _ := s.dial(t, query)
		wg.Go(func() { p.expect(from, events) })
	}
	for sent := 0; sent < events; sent += 25 {
		s.publish(25)
	}
	wg.Wait()
}

func TestResume(t *testing.T) {
	log := eventlogtest.NewLog("e1")
	log.Add(1000)
	s := serve(t, wsserver.Config{}, log) // these are in the log alone
	s.publish(500)                        // and these in the ring
	for _, since := range []uint64{0, 1, 255, 256, 700, 999, 1000, 1001, 1499, 1500} {
		for _, epoch := range []string{"", "e1:"} {
			t.Run(fmt.Sprint(epoch, since), func(t *testing.T) {
				p, w := s.dial(t, fmt.Sprintf("?since=%s%d", epoch, since))
				if !w.Resumed || w.Seq != since || w.Epoch != "e1" {
					t.Errorf("the welcome is %+v", w)
				}
				p.expect(since+1, 1500)
			})
		}
	}
}

func (s *system) value(t testing.TB, name string) float64 {
	t.Helper()
	var page bytes.Buffer
	s.metrics.WritePrometheus(&page)
	for line := range bytes.Lines(page.Bytes()) {
		var v float64
		if n, _ := fmt.Sscanf(string(line), name+" %g", &v); n == 1 {
			return v
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
