package api

import (
	"net/http"
	"strings"
	"testing"

	"taskctl/pkg/access"
)

// Each token and each address has its own quota, and the answers show the rest of it.
func TestRateLimit(t *testing.T) {
	var log logbook
	store := access.Store{Dir: t.TempDir()}
	one, other := newToken(t, store, "one", access.Read), newToken(t, store, "other", access.Read)
	proxy, err := access.ParseProxy("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *Config, d *Deps) {
		c.AccessLog = true
		c.Access.Limiter = access.NewLimiter(3)
		c.Access.Proxies = access.Proxies{proxy}
		c.Access.Tokens = access.NewTokens(access.TokenOptions{Store: store, Internal: "own"})
		d.Logger = log.logger()
	})
	ask := func(token, from string) answer {
		return s.do(http.MethodGet, "/tasks", "", "Authorization", "Bearer "+token, "X-Forwarded-For", from)
	}
	limited := func(token, from string) (n int) {
		for n = range 50 {
			a := ask(token, from)
			if a.status == http.StatusTooManyRequests {
				wantProblem(t, a, http.StatusTooManyRequests, "")
				if a.header.Get("Retry-After") != "1" || a.header.Get("RateLimit-Limit") != "3" || a.header.Get("RateLimit-Remaining") != "0" {
					t.Errorf("refused with %v", a.header)
				}
				return n
			}
		}
		return n
	}
	if n := limited(one, "192.0.2.1"); n < 3 || n > 10 {
		t.Errorf("refused after %d requests", n)
	}
	if a := ask(other, "192.0.2.1"); a.status != http.StatusOK || a.header.Get("RateLimit-Remaining") != "2" {
		t.Errorf("another token: %d, %v", a.status, a.header)
	}
	if n := limited("wrong", "192.0.2.9"); n < 3 || n > 10 {
		t.Errorf("wrong tokens of one address are refused after %d", n)
	}
	if a := ask("wrong", "192.0.2.10"); a.status != http.StatusUnauthorized {
		t.Errorf("a wrong token of another address: %d", a.status)
	}
	if n := limited("own", "192.0.2.1"); n != 49 {
		t.Errorf("the system's own requests are refused after %d", n)
	}
	if a := s.do(http.MethodGet, "/healthz", "", "X-Forwarded-For", "192.0.2.9"); a.status != http.StatusOK {
		t.Errorf("a health check: %d", a.status)
	}
	text := log.String()
	if !strings.Contains(text, `"remote":"192.0.2.1","token":"one"`) || strings.Contains(text, one) || strings.Contains(text, "wrong") {
		t.Errorf("the access log is\n%.2000s", text)
	}
}
