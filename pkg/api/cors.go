package api

import "net/http"

// The headers that pages of allowed origins may send and read (Fetch §3.2).
const (
	corsRequestHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id"
	corsAnswerHeaders  = "Allow, ETag, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, Taskctl-Position, X-Request-Id"
	corsMaxAge         = "600"
)

// allowOrigin lets pages of the request's origin read the answer; the origin has been
// checked. It reports whether the request is a preflight.
func allowOrigin(x *exchange) bool {
	origin := x.r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	x.set("Access-Control-Allow-Origin", origin)
	x.set("Access-Control-Expose-Headers", corsAnswerHeaders)
	return x.r.Method == http.MethodOptions && x.r.Header.Get("Access-Control-Request-Method") != ""
}

func answerPreflight(x *exchange, res *resource) {
	x.set("Access-Control-Allow-Methods", res.allow)
	x.set("Access-Control-Allow-Headers", corsRequestHeaders)
	x.set("Access-Control-Max-Age", corsMaxAge)
}
