package access

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxBuckets bounds the memory of a Limiter. Callers beyond it share one bucket.
const maxBuckets = 10_000

// Limiter bounds the requests per second of each caller: a token, or an address if
// there is no token. The requests of a whole second may come at once. Several
// goroutines may use it.
type Limiter struct {
	perSecond rate.Limit
	burst     int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	shared  *rate.Limiter
	swept   time.Time
}

// NewLimiter returns a Limiter for the given requests per second. For 0 there is no
// limit, and the Limiter is nil.
func NewLimiter(perSecond int) *Limiter {
	if perSecond <= 0 {
		return nil
	}
	limit := rate.Limit(perSecond)
	return &Limiter{
		perSecond: limit, burst: perSecond,
		buckets: make(map[string]*rate.Limiter), shared: rate.NewLimiter(limit, perSecond),
	}
}

// Quota is the number of requests that a caller may still send.
type Quota struct {
	Allowed          bool
	Limit, Remaining int           // requests
	Reset            time.Duration // time until the next request is allowed, or, if this one is allowed, until Limit is full again
}

// Allow takes one request from a caller's quota. A nil Limiter allows everything.
func (l *Limiter) Allow(caller string) Quota {
	if l == nil {
		return Quota{Allowed: true}
	}
	now := time.Now()
	bucket := l.bucket(caller, now)
	q := Quota{Allowed: bucket.AllowN(now, 1), Limit: l.burst}
	left := bucket.TokensAt(now)
	q.Remaining = max(0, int(left))
	missing := float64(l.burst) - left
	if !q.Allowed {
		missing = 1 - left
	}
	q.Reset = time.Duration(missing / float64(l.perSecond) * float64(time.Second))
	return q
}

func (l *Limiter) bucket(caller string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.buckets[caller]; b != nil {
		return b
	}
	if len(l.buckets) >= maxBuckets {
		l.sweep(now)
	}
	if len(l.buckets) >= maxBuckets {
		return l.shared
	}
	b := rate.NewLimiter(l.perSecond, l.burst)
	l.buckets[caller] = b
	return b
}

// sweep removes full buckets, which are equal to new ones.
func (l *Limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Second {
		return
	}
	l.swept = now
	for caller, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.burst) {
			delete(l.buckets, caller)
		}
	}
}

// Headers adds the headers that tell the caller its quota and when to retry. Without a
// limit it does nothing.
func (q Quota) Headers(h http.Header) {
	if q.Limit == 0 {
		return
	}
	seconds := strconv.Itoa(int(math.Ceil(q.Reset.Seconds())))
	h["Ratelimit-Limit"] = []string{strconv.Itoa(q.Limit)}
	h["Ratelimit-Remaining"] = []string{strconv.Itoa(q.Remaining)}
	h["Ratelimit-Reset"] = []string{seconds}
	if !q.Allowed {
		h["Retry-After"] = []string{seconds}
	}
}
