package api

import "net/http"

// What pages of allowed origins may send and read (Fetch §3.2).
const (
	corsRequestHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id"
	corsAnswerHeaders  = "Allow, ETag, Location, Retry-After, Taskctl-Position, X-Request-Id"
	corsMaxAge         = "600"
)

// allowOrigin lets the request's origin, which has been checked, read the answer,
// and reports whether the request is a preflight.
func allowOrigin(x *exchange) bool {
	origin := x.r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	x.set("Access-Control-Allow-Origin", origin)
	x.set("Access-Control-Expose-Headers", corsAnswerHeaders)
	x.set("Vary", "Origin")
	return x.r.Method == http.MethodOptions && x.r.Header.Get("Access-Control-Request-Method") != ""
}

func answerPreflight(x *exchange, res *resource) {
	x.set("Access-Control-Allow-Methods", res.allow)
	x.set("Access-Control-Allow-Headers", corsRequestHeaders)
	x.set("Access-Control-Max-Age", corsMaxAge)
}
