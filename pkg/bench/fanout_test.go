package bench

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"
)

func mustParse(t *testing.T, address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func fan(t *testing.T, s *system, cfg FanoutConfig) *FanoutReport {
	t.Helper()
	if cfg.Duration = enough; cfg.Posters == 0 {
		cfg.Posters = 4
	}
	r, err := Fanout(t.Context(), s.target(), cfg, Options{Progress: func(Progress) {}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Cleaned != r.Made || s.left() != 0 {
		t.Errorf("%d tasks are left; %d of %d reported deleted", s.left(), r.Cleaned, r.Made)
	}
	return r
}

func TestFanoutCountsExactly(t *testing.T) {
	for name, cfg := range map[string]FanoutConfig{
		"fast":    {Clients: 20, Events: 160, BodyBytes: 500},
		"rate":    {Clients: 20, Events: 160, Rate: 10_000},
		"catchup": {Clients: 20, Events: 160, CatchUp: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSystem(t)
			r := fan(t, s, cfg)
			d := r.Delivered
			if r.Created.Requests != 160 || d.Deliveries != 3200 || d.Lost != 0 || d.Repeated != 0 || d.Resets != 0 || d.Disconnected != 0 {
				t.Errorf("created %d, delivered %+v", r.Created.Requests, d)
			}
			want := map[string]uint64{"fast": 3200 / latencySampleInterval, "rate": 3200, "catchup": 0}[name]
			if d.Latency.Count != want || r.Mode != name || r.Interrupted {
				t.Errorf("mode %s, %d latencies, want %d", r.Mode, d.Latency.Count, want)
			}
			if (r.Late != nil) != (name == "rate") || r.Late != nil && r.Late.Count != 160 {
				t.Errorf("late is %+v", r.Late)
			}
		})
	}
}

func TestFanoutDetectsLossAndRepetition(t *testing.T) {
	s := newSystem(t)
	s.send = func(client, seq int, frame []byte) [][]byte {
		switch {
		case client == 1 && seq == 30, client == 2 && seq > 40 && seq <= 45: // one in the middle; five in a row
			return nil
		case client == 3 && seq == 50:
			return [][]byte{frame, frame}
		case client == 4 && seq == 60: // an old one once more
			return [][]byte{s.frames[10], frame}
		}
		return [][]byte{frame}
	}
	d := fan(t, s, FanoutConfig{Clients: 6, Events: 100}).Delivered
	if d.Lost != 6 || d.Repeated != 2 || d.Deliveries != 600-6+2 || d.Disconnected != 0 {
		t.Errorf("got %+v", d)
	}
}

func TestFanoutCountsWhatTheGoneMiss(t *testing.T) {
	s := newSystem(t)
	s.send = func(client, seq int, frame []byte) [][]byte {
		if client == 0 && seq == 91 {
			return [][]byte{appendFrame(nil, opClose, []byte("\x03\xf5too slow"))}
		}
		return [][]byte{frame}
	}
	d := fan(t, s, FanoutConfig{Clients: 3, Events: 100}).Delivered
	if d.Lost != 10 || d.Disconnected != 1 || d.ErrorSample != "closed by the server: 1013 too slow" {
		t.Errorf("got %+v", d)
	}
}

func TestFanoutInterrupted(t *testing.T) {
	s := newSystem(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.fail = func(n int) int {
		if n == 50 && s.asked[http.MethodDelete] == 0 {
			cancel()
		}
		return 0
	}
	cfg := FanoutConfig{Clients: 5, Events: 1_000_000, Posters: 4, Duration: enough}
	r, err := Fanout(ctx, s.target(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || r.Created.Requests < 50 || s.left() != 0 || r.Cleaned != s.created {
		t.Errorf("interrupted %v, %d created, %d of %d left", r.Interrupted, r.Created.Requests, s.left(), s.created)
	}
}

func TestLimits(t *testing.T) {
	dir := t.TempDir()
	cfg := LimitsConfig{Duration: 150 * time.Millisecond, Connections: []int{1, 3}, BodyBytes: 200, Clients: 7, MessageBytes: 300}
	r, err := Limits(t.Context(), cfg, Options{Peer: newPeer(t), DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Echo) != 2 || r.Echo[1].Connections != 3 || r.Echo[0].Requests == 0 || r.Echo[0].Errors != nil {
		t.Errorf("echo: %+v", r.Echo)
	}
	if len(r.Disk) != 2 || r.Disk[0].Latency.Count == 0 || r.Disk[1].Latency.Count == 0 {
		t.Errorf("disk: %+v", r.Disk)
	}
	if len(r.Raw) != 2 || r.Raw[0].MessagesPerWrite != messagesPerWrite || r.Raw[1].MessagesPerWrite != 1 {
		t.Fatalf("raw: %+v", r.Raw)
	}
	for _, raw := range r.Raw {
		if raw.Deliveries == 0 || raw.Deliveries%7 != 0 || raw.Lost != 0 || raw.Repeated != 0 || raw.Disconnected != 0 {
			t.Errorf("raw: %+v", raw)
		}
	}
}
