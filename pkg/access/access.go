// Package access decides whether a request is allowed: by its Host and Origin, which a
// page in a browser cannot forge, and by its token, if tokens are required. The api and
// the WebSocket server check every request with it, before anything else.
package access

import (
	"net/http"
	"net/netip"
	"strings"
)

// Challenge is the WWW-Authenticate header that goes with a 401 (RFC 6750 §3).
const Challenge = `Bearer realm="taskctl"`

// Policy says which requests are allowed. The zero Policy only refuses foreign origins.
type Policy struct {
	Tokens   *Tokens  // nil: no token is needed
	Origins  []string // allowed besides the listener's own, as [ParseOrigin] returns them
	Hosts    []string // allowed besides the loopback ones, as [ParseHost] returns them
	Proxies  Proxies  // whose X-Forwarded-For is trusted
	Limiter  *Limiter // nil: any number of requests
	Loopback bool     // the listener is on loopback: the Host must be a loopback name or one of Hosts
}

// Denied tells the sender why a request is refused.
type Denied struct {
	Status    int // 401 or 403
	Reason    string
	Challenge string // the WWW-Authenticate header (RFC 6750 §3); empty: there is none
}

// Check is [Policy.CheckSite] and [Policy.Authorize] in one.
func (p Policy) Check(r *http.Request, need Scope) (Identity, *Denied) {
	if denied := p.CheckSite(r); denied != nil {
		return Identity{}, denied
	}
	return p.Authorize(r, need)
}

// CheckSite checks Host and Origin; nil: they are allowed. It is the only check of a
// CORS preflight, which cannot carry a token.
func (p Policy) CheckSite(r *http.Request) *Denied {
	if p.Loopback && !p.knownHost(r) {
		return &Denied{Status: http.StatusForbidden, Reason: "this host name is not allowed; use localhost, or add the name to the setting api.hosts"}
	}
	origins := r.Header["Origin"]
	if len(origins) == 0 { // not a browser, or a request that a browser sends without CORS
		return checkFetchSite(r)
	}
	if len(origins) > 1 || !p.knownOrigin(origins[0], r.Host) {
		return &Denied{Status: http.StatusForbidden, Reason: "this origin is not allowed; add it to the setting api.origins"}
	}
	return nil
}

// checkFetchSite refuses requests that a page of another site makes without CORS, for
// example as an image (Fetch Metadata Request Headers). The page cannot read the
// answer, but the request costs the server as much as any other.
func checkFetchSite(r *http.Request) *Denied {
	site, mode := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Mode")
	if site == "cross-site" || (site == "same-site" && mode != "navigate") {
		return &Denied{Status: http.StatusForbidden, Reason: "a page of another origin may not fetch this; add the origin to the setting api.origins and use CORS"}
	}
	return nil
}

// knownHost defends a loopback listener against DNS rebinding: a page of a foreign
// domain that resolves to 127.0.0.1 still sends that domain as Host. An IP address
// cannot be rebound, so every loopback address is allowed. HTTP/1.0 has no Host, and no
// browser uses it.
func (p Policy) knownHost(r *http.Request) bool {
	if r.Host == "" && !r.ProtoAtLeast(1, 1) {
		return true
	}
	host, _ := splitPort(r.Host)
	host = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), ".")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	for _, allowed := range p.Hosts {
		if matches(allowed, host) {
			return true
		}
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func (p Policy) knownOrigin(origin, host string) bool {
	for _, allowed := range p.Origins {
		if matches(allowed, origin) {
			return true
		}
	}
	scheme, rest, found := strings.Cut(origin, "://")
	return found && (scheme == "http" || scheme == "https") && host != "" && strings.EqualFold(rest, host)
}

// Authorize returns the sender of the request, if it has the needed scope.
func (p Policy) Authorize(r *http.Request, need Scope) (Identity, *Denied) {
	if need == Public || p.Tokens == nil {
		return Identity{Scope: Admin}, nil
	}
	id, given := p.identify(r)
	if !p.Tokens.Required() {
		return id, nil // needed for open connections, in case tokens become required later
	}
	switch {
	case id.Name == "" && given:
		return id, &Denied{http.StatusUnauthorized, "the token is wrong, or has been revoked", Challenge + `, error="invalid_token"`}
	case id.Name == "":
		return id, &Denied{http.StatusUnauthorized, "a token is needed; send Authorization: Bearer TOKEN", Challenge}
	case id.cookie && isUnsafe(r) && len(r.Header["Origin"]) == 0:
		// CheckSite has checked the Origin, if there is one.
		return id, &Denied{Status: http.StatusForbidden, Reason: "a session needs the Origin header here, which browsers send"}
	case id.Scope < need:
		return id, &Denied{
			http.StatusForbidden, "this needs a token with the scope " + need.String() + "; the scope of this one is " + id.Scope.String(),
			Challenge + `, error="insufficient_scope", scope="` + need.String() + `"`,
		}
	}
	return id, nil
}

// Take counts a request of a caller, or of its address if the caller is unknown. The
// components of the system are not limited.
func (p Policy) Take(r *http.Request, caller Identity) Quota {
	switch {
	case p.Limiter == nil || caller.internal:
		return Quota{Allowed: true}
	case caller.Name != "":
		return p.Limiter.Allow("token " + caller.Name)
	}
	return p.Limiter.Allow(p.Proxies.Client(r).String())
}

// isUnsafe reports whether the request must not be sent by a page of another origin
// with the cookie of a session.
func isUnsafe(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead || isUpgrade(r)
}

// identify finds the secret of a request: the Authorization header, the subprotocols of
// a WebSocket, or the cookie, in this order. given says that the request has a secret,
// whether valid or not.
func (p Policy) identify(r *http.Request) (id Identity, given bool) {
	if secret := bearer(r); secret != "" {
		id, _ := p.Tokens.find(secret)
		return id, true
	}
	if isUpgrade(r) {
		for name := range offered(r) {
			if id, ok := p.secretOf(name); ok {
				return id, true
			}
			given = given || strings.HasPrefix(name, bearerPrefix)
		}
	}
	if cookie, err := r.Cookie(Cookie); err == nil {
		id, _ := p.Tokens.findCookie(cookie.Value)
		return id, true
	}
	return Identity{}, given
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
