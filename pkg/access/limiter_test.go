package access

import (
	"net/http"
	"net/netip"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(4)
		for i := range 4 {
			if q := l.Allow("a"); !q.Allowed || q.Limit != 4 || q.Remaining != 3-i {
				t.Errorf("request %d: %+v", i, q)
			}
		}
		q := l.Allow("a")
		h := make(http.Header)
		q.Headers(h)
		if q.Allowed || q.Reset != 250*time.Millisecond || h.Get("Retry-After") != "1" || h.Get("RateLimit-Remaining") != "0" {
			t.Errorf("one too many: %+v, %v", q, h)
		}
		if !l.Allow("b").Allowed {
			t.Error("another caller is limited by the first")
		}
		time.Sleep(q.Reset)
		if !l.Allow("a").Allowed || l.Allow("a").Allowed {
			t.Error("after the time it was told, not one more is allowed")
		}
	})
}

func TestLimiterIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1)
		for i := range 2 * maxBuckets {
			l.Allow(strconv.Itoa(i))
		}
		if n := len(l.buckets); n > maxBuckets {
			t.Errorf("%d buckets", n)
		}
		if l.Allow("new").Allowed {
			t.Error("beyond the bound, callers do not share a bucket")
		}
		time.Sleep(2 * time.Second)
		if !l.Allow("newer").Allowed || len(l.buckets) > 2 {
			t.Errorf("full buckets are kept: %d", len(l.buckets))
		}
	})
}

func TestNoLimiter(t *testing.T) {
	h := make(http.Header)
	q := NewLimiter(0).Allow("a")
	if q.Headers(h); !q.Allowed || len(h) > 0 {
		t.Errorf("%+v, %v", q, h)
	}
}

func TestProxies(t *testing.T) {
	var proxies Proxies
	for _, text := range []string{"10.0.0.0/8", "::1", "127.0.0.1"} {
		prefix, err := ParseProxy(text)
		if err != nil {
			t.Fatal(err)
		}
		proxies = append(proxies, prefix)
	}
	for _, test := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:99", nil, "192.0.2.1"},
		{"192.0.2.1:99", []string{"198.51.100.7"}, "192.0.2.1"}, // not believed
		{"10.1.2.3:99", []string{"198.51.100.7"}, "198.51.100.7"},
		{"[::ffff:10.1.2.3]:99", []string{"198.51.100.7"}, "198.51.100.7"},
		{"[::1]:99", []string{"203.0.113.9, 198.51.100.7", "10.9.9.9"}, "198.51.100.7"},
		{"10.1.2.3:99", []string{"forged, 10.0.0.1"}, "10.0.0.1"},
		{"10.1.2.3:99", []string{""}, "10.1.2.3"},
		{"10.1.2.3:99", nil, "10.1.2.3"},
	} {
		r := &http.Request{RemoteAddr: test.remote, Header: http.Header{"X-Forwarded-For": test.forwarded}}
		if got := proxies.Client(r); got != netip.MustParseAddr(test.want) {
			t.Errorf("%s %q: %v, want %s", test.remote, test.forwarded, got, test.want)
		}
	}
	for _, text := range []string{"", "proxy", "10.0.0.0/33", "10.0.0.0/"} {
		if _, err := ParseProxy(text); err == nil {
			t.Errorf("ParseProxy(%q) accepts it", text)
		}
	}
}
