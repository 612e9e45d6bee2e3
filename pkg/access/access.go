// Package access decides who may come in: by the Host and Origin that a browser
// cannot forge, and by the token where one is set. The api and the WebSocket
// server ask it about every request, before anything else looks at it.
package access

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Challenge is the WWW-Authenticate header that goes with a 401 (RFC 6750 §3).
const Challenge = `Bearer realm="taskctl"`

// Policy says who may come in. The zero Policy lets in everyone but foreign
// origins.
type Policy struct {
	Token    string   // empty: none is asked for
	Origins  []string // allowed besides the listener's own, as [ParseOrigin] returns them
	Hosts    []string // host names allowed besides the loopback ones, without a port
	Loopback bool     // the listener is on loopback: the Host must be a loopback name or one of Hosts
}

// Denied says why a request is turned away, in words for its sender.
type Denied struct {
	Status int // 401 or 403
	Reason string
}

// Check reports whether the request may come in; nil: it may.
func (p Policy) Check(r *http.Request) *Denied {
	if denied := p.CheckSite(r); denied != nil {
		return denied
	}
	return p.CheckToken(r)
}

// CheckSite is [Policy.Check] without the token: the part that a CORS preflight,
// which cannot carry one, has to pass.
func (p Policy) CheckSite(r *http.Request) *Denied {
	if p.Loopback && !p.knownHost(r.Host) {
		return &Denied{http.StatusForbidden, "this host name is not served here; use localhost, or allow the name in the configuration"}
	}
	origins := r.Header["Origin"]
	if len(origins) == 0 { // not a browser, or a browser's own navigation
		return nil
	}
	if len(origins) > 1 || !p.knownOrigin(origins[0], r.Host) {
		return &Denied{http.StatusForbidden, "this origin is not allowed; allow it in the configuration"}
	}
	return nil
}

// knownHost defends a loopback listener against DNS rebinding: a page of a
// stranger's domain that resolves to 127.0.0.1 still sends that domain as Host.
// An address cannot be rebound, so every loopback address is as good as the next.
func (p Policy) knownHost(hostport string) bool {
	host := hostname(hostport)
	if strings.EqualFold(host, "localhost") {
		return true
	}
	for _, allowed := range p.Hosts {
		if strings.EqualFold(host, allowed) {
			return true
		}
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// hostname takes the port off, as net.SplitHostPort does, which makes an error
// of a missing one.
func hostname(hostport string) string {
	if rest, found := strings.CutPrefix(hostport, "["); found {
		host, _, _ := strings.Cut(rest, "]")
		return host
	}
	host, _, _ := strings.Cut(hostport, ":")
	return host
}

func (p Policy) knownOrigin(origin, host string) bool {
	for _, allowed := range p.Origins {
		if strings.EqualFold(origin, allowed) {
			return true
		}
	}
	scheme, rest, found := strings.Cut(origin, "://")
	return found && (scheme == "http" || scheme == "https") && host != "" && strings.EqualFold(rest, host)
}

// ParseOrigin checks and normalises an origin of the configuration: a scheme, a
// host, a port where it is not the scheme's own, and nothing else.
func ParseOrigin(s string) (string, error) {
	u, err := url.Parse(strings.TrimSuffix(s, "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" ||
		u.Scheme+"://"+u.Host != strings.TrimSuffix(s, "/") {
		return "", errors.New("must be an origin such as https://tasks.example")
	}
	host := strings.ToLower(u.Host)
	if port := u.Port(); (u.Scheme == "http" && port == "80") || (u.Scheme == "https" && port == "443") {
		host = strings.TrimSuffix(host, ":"+port) // browsers leave it out
	}
	return u.Scheme + "://" + host, nil
}

// CheckToken is the other part of [Policy.Check]. It compares in constant time;
// only the length can be told from outside.
func (p Policy) CheckToken(r *http.Request) *Denied {
	if p.Token == "" || p.isToken(bearer(r)) {
		return nil
	}
	if isUpgrade(r) {
		for name := range offered(r) {
			if p.isSecret(name) {
				return nil
			}
		}
	}
	return &Denied{http.StatusUnauthorized, "the token is missing or wrong; send Authorization: Bearer TOKEN"}
}

func (p Policy) isToken(s string) bool {
	return subtle.ConstantTimeCompare([]byte(s), []byte(p.Token)) == 1
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
