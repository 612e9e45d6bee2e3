package wsserver_test

import (
	"testing"

	"taskctl/pkg/access"
	"taskctl/pkg/wsserver"
)

func TestRateLimit(t *testing.T) {
	s := serve(t, wsserver.Config{Access: access.Policy{Limiter: access.NewLimiter(1), Loopback: true}}, nil)
	s.dial(t, "")
	limited := false
	for range 20 {
		res, body := s.upgrade(t, "/", nil)
		if res.StatusCode == 429 {
			wantProblem(t, res, body, 429)
			if res.Header.Get("Retry-After") == "" || res.Header.Get("RateLimit-Limit") != "1" {
				t.Errorf("refused with %v", res.Header)
			}
			limited = true
			break
		}
	}
	if !limited {
		t.Error("handshakes are not limited")
	}
	if res, _ := s.request(t, "GET", "/healthz", nil); res.StatusCode != 200 {
		t.Errorf("a health check: %s", res.Status)
	}
}
