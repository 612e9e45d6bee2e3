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

// Subprotocol returns the WebSocket subprotocol to select, empty when none was
// offered. Something has to be selected when anything was offered, or browsers
// fail the connection; the secret is sent back only when there is nothing else.
func (p Policy) Subprotocol(r *http.Request) string {
	var first, open string
	for name := range offered(r) {
		if name == Subprotocol {
			return name
		}
		if first == "" {
			first = name
		}
		if open == "" && !strings.HasPrefix(name, bearerPrefix) && !p.isSecret(name) {
			open = name
		}
	}
	if open != "" {
		return open
	}
	return first
}

// isSecret reports whether an offered subprotocol carries the token: as
// bearer.TOKEN, as bearer.<base64url of it> for tokens with characters that a
// subprotocol may not have, or as it is.
func (p Policy) isSecret(name string) bool {
	if p.Token == "" {
		return false
	}
	value, marked := strings.CutPrefix(name, bearerPrefix)
	if p.isToken(name) || (marked && p.isToken(value)) {
		return true
	}
	decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(value, "="))
	return marked && err == nil && p.isToken(string(decoded))
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
