package access

import (
	"encoding/base64"
	"iter"
	"net/http"
	"strings"
)

// Subprotocol is the WebSocket subprotocol of taskctl's own notifications.
const Subprotocol = "taskctl.v1"

// bearerPrefix marks an offered subprotocol that carries the token: browsers
// cannot set Authorization on a WebSocket.
const bearerPrefix = "bearer."

// Subprotocol returns the WebSocket subprotocol to select; empty if none was offered.
// If any was offered, one must be selected, or browsers fail the connection. The one
// with the secret is selected only if there is no other.
func (p Policy) Subprotocol(r *http.Request) string {
	var first, open string
	for name := range offered(r) {
		if name == Subprotocol {
			return name
		}
		if first == "" {
			first = name
		}
		if _, secret := p.secretOf(name); open == "" && !strings.HasPrefix(name, bearerPrefix) && !secret {
			open = name
		}
	}
	if open != "" {
		return open
	}
	return first
}

// secretOf returns the owner of the secret in an offered subprotocol. The secret may
// stand as bearer.TOKEN, as bearer.<base64url of TOKEN> for tokens with characters that
// a subprotocol may not have, or alone.
func (p Policy) secretOf(name string) (Identity, bool) {
	if !p.Tokens.Required() {
		return Identity{}, false
	}
	value, marked := strings.CutPrefix(name, bearerPrefix)
	if id, ok := p.Tokens.find(value); ok || !marked {
		return id, ok
	}
	decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(value, "="))
	if err != nil {
		return Identity{}, false
	}
	return p.Tokens.find(string(decoded))
}

func isUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// offered yields the subprotocols of the handshake in order (RFC 6455 §11.3.4:
// the header may be split into several).
func offered(r *http.Request) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range r.Header["Sec-Websocket-Protocol"] {
			for name := range strings.SplitSeq(line, ",") {
				if name = strings.TrimSpace(name); name != "" && !yield(name) {
					return
				}
			}
		}
	}
}
