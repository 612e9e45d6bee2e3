package bench

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestRestCountsExactly(t *testing.T) {
	for _, test := range []struct {
		cfg     RestConfig
		method  string
		created int
	}{
		{RestConfig{Method: MethodPost}, http.MethodPost, 200},
		{RestConfig{Method: MethodGet, Tasks: 10}, http.MethodGet, 10},
		{RestConfig{Method: MethodGet, Path: "/tasks?q=x"}, http.MethodGet, 0},
		{RestConfig{Method: MethodList, PageSize: 100}, http.MethodGet, defaultTasks},
		{RestConfig{Method: MethodPut, Tasks: 10}, http.MethodPut, 10},
		{RestConfig{Method: MethodPatch, Tasks: 10}, http.MethodPatch, 10},
		{RestConfig{Method: MethodDelete}, http.MethodDelete, 200},
	} {
		t.Run(test.cfg.Method+test.cfg.Path, func(t *testing.T) {
			s := newSystem(t)
			cfg := test.cfg
			cfg.Connections, cfg.Requests, cfg.Duration, cfg.BodyBytes = 7, 200, enough, 300
			r, err := Rest(t.Context(), s.target(), cfg, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Load.Requests != 200 || r.Load.Latency.Count != 200 || r.Load.Errors != nil || r.Interrupted {
				t.Errorf("got %+v", r.Load)
			}
			asked := 200
			if test.method == http.MethodDelete {
				asked += r.Cleaned
			}
			if s.asked[test.method] < asked {
				t.Errorf("%d requests arrived, want %d", s.asked[test.method], asked)
			}
			if s.created != test.created || r.Made > test.created {
				t.Errorf("%d tasks made, %d reported, want %d", s.created, r.Made, test.created)
			}
			if s.left() != 0 || r.Cleaned != r.Made {
				t.Errorf("%d tasks are left; %d of %d reported deleted", s.left(), r.Cleaned, r.Made)
			}
		})
	}
}

func TestRestKeeps(t *testing.T) {
	s := newSystem(t)
	r, err := Rest(t.Context(), s.target(), RestConfig{Method: MethodPost, Connections: 2, Requests: 10, Duration: enough, Keep: true}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.left() != 10 || r.Made != 10 || r.Cleaned != 0 {
		t.Errorf("%d are left of %d", s.left(), r.Made)
	}
}

func TestRestCountsErrorsByKind(t *testing.T) {
	s := newSystem(t)
	s.fail = func(n int) int {
		switch n % 10 {
		case 3:
			return http.StatusServiceUnavailable
		case 7:
			panic(http.ErrAbortHandler) // the connection is cut
		}
		return 0
	}
	cfg := RestConfig{Method: MethodGet, Path: "/tasks", Connections: 1, Requests: 100, Duration: enough}
	r, err := Rest(t.Context(), s.target(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uint64{"status 503": 10, "connection closed": 10}
	if r.Load.Requests != 80 || !maps.Equal(r.Load.Errors, want) || r.Load.ErrorSample == "" {
		t.Errorf("%d requests, errors %v, sample %q", r.Load.Requests, r.Load.Errors, r.Load.ErrorSample)
	}
}

func TestRestInterrupted(t *testing.T) {
	s := newSystem(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.fail = func(n int) int {
		if n == 50 && s.asked[http.MethodDelete] == 0 {
			cancel()
		}
		return 0
	}
	r, err := Rest(ctx, s.target(), RestConfig{Method: MethodPost, Connections: 4, Duration: enough}, Options{Peer: newPeer(t), Progress: func(Progress) {}})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || s.created < 1 && r.EchoBefore == nil {
		t.Errorf("got %+v", r)
	}
	if s.left() != 0 || r.Cleaned != s.created {
		t.Errorf("%d of %d tasks are left", s.left(), s.created)
	}
}

func TestRestBesideTheEcho(t *testing.T) {
	s := newSystem(t)
	cfg := RestConfig{Method: MethodPost, Connections: 2, Requests: 50, Duration: 50 * time.Millisecond, BodyBytes: 200}
	r, err := Rest(t.Context(), s.target(), cfg, Options{Peer: newPeer(t)})
	if err != nil {
		t.Fatal(err)
	}
	if r.EchoBefore == nil || r.EchoAfter == nil || r.EchoBefore.Errors != nil || r.EchoAfter.Errors != nil || r.Ratio <= 0 {
		t.Errorf("got %+v", r)
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Rest(t.Context(), Target{API: []string{address}}, RestConfig{Method: MethodPost}, Options{})
	if connect := (*ConnectError)(nil); !errors.As(err, &connect) || connect.URL != address {
		t.Errorf("got %v", err)
	}
}

func TestMethodsAreKnown(t *testing.T) {
	s := newSystem(t)
	for _, method := range slices.Concat(Methods(), []string{"put!"}) {
		_, err := RestConfig{Method: method}.load(&endpoint{url: mustParse(t, s.http.URL)}, nil)
		if known := slices.Contains(Methods(), method); known != (err == nil) {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestLocal(t *testing.T) {
	for address, want := range map[string]bool{
		"http://localhost:8001": true, "ws://127.0.0.1/ws": true, "http://[::1]:80": true,
		"http://example.org": false, "http://10.0.0.1:8001": false, "http://localhost.example.org": false,
	} {
		if Local(address) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
}
