package access

import (
	"net/http"
	"time"
)

// Cookie is the name of the cookie of a session.
const Cookie = "taskctl_session"

// SessionCookie is the cookie of a session that ends at expires. Scripts cannot read
// it, and a browser sends it only with requests that come from the same site.
func SessionCookie(r *http.Request, value string, expires time.Time) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure would keep it from a server without TLS
		Name: Cookie, Value: value, Path: "/", Expires: expires,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
	}
}

// NoSession is a cookie that deletes the session cookie in the browser.
func NoSession(r *http.Request) *http.Cookie {
	c := SessionCookie(r, "", time.Unix(1, 0)) //nolint:gosec // as above
	c.MaxAge = -1
	return c
}

// IsSession reports whether the identity came with the cookie of a session.
func (id Identity) IsSession() bool { return id.cookie }

// IsInternal reports whether the request came from a component of the same system.
func (id Identity) IsInternal() bool { return id.internal }

// Caller returns the sender of a request that may be public, or the zero Identity if it
// is unknown.
func (p Policy) Caller(r *http.Request) Identity {
	if p.Tokens == nil {
		return Identity{}
	}
	id, _ := p.identify(r)
	return id
}
