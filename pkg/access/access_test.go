package access

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"
)

func request(host string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host = host
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestCheckSite(t *testing.T) {
	policy := Policy{
		Loopback: true,
		Hosts:    []string{"tasks.internal"},
		Origins:  []string{"https://tasks.example"},
	}
	tests := []struct {
		name    string
		request *http.Request
		want    int // 0: let in
	}{
		{"curl", request("localhost:8001"), 0},
		{"any case", request("LocalHost:8001"), 0},
		{"IPv4", request("127.0.0.1:8001"), 0},
		{"IPv6", request("[::1]:8001"), 0},
		{"IPv6 without a port", request("[::1]"), 0},
		{"no port", request("localhost"), 0},
		{"final dot", request("localhost.:8001"), 0},
		{"allowed host", request("tasks.internal:8001"), 0},
		{"rebound name", request("evil.example:8001"), 403},
		{"a name that begins like ours", request("localhost.evil.example:8001"), 403},
		{"an address of somewhere else", request("192.0.2.1:8001"), 403},
		{"no host", request(""), 403},
		{"own origin", request("localhost:8001", "Origin", "http://localhost:8001"), 0},
		{"own origin behind TLS", request("tasks.internal", "Origin", "https://tasks.internal"), 0},
		{"allowed origin", request("localhost:8001", "Origin", "https://tasks.example"), 0},
		{"allowed origin in another case", request("localhost:8001", "Origin", "HTTPS://Tasks.example"), 0},
		{"another port of this machine", request("localhost:8001", "Origin", "http://localhost:3000"), 403},
		{"another name of this machine", request("localhost:8001", "Origin", "http://127.0.0.1:8001"), 403},
		{"foreign origin", request("localhost:8001", "Origin", "https://evil.example"), 403},
		{"opaque origin", request("localhost:8001", "Origin", "null"), 403},
		{"empty origin", request("localhost:8001", "Origin", ""), 403},
		{"file", request("localhost:8001", "Origin", "file://localhost:8001"), 403},
		{"two origins", request("localhost:8001", "Origin", "http://localhost:8001", "Origin", "https://evil.example"), 403},
		{"origin with a path", request("localhost:8001", "Origin", "http://localhost:8001/x"), 403},
		{"origin with a user", request("localhost:8001", "Origin", "http://evil@localhost:8001"), 403},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := status(check(policy, test.request)); got != test.want {
				t.Errorf("Check = %d, want %d", got, test.want)
			}
		})
	}
}

func TestHostsOfAPublicListener(t *testing.T) {
	if denied := check(Policy{}, request("tasks.example")); denied != nil {
		t.Errorf("a listener beyond loopback is reached by any name, but: %+v", denied)
	}
}

func TestCheckToken(t *testing.T) {
	const secret = "s3cret/+"
	policy := Policy{Tokens: NewTokens(TokenOptions{Token: secret, Store: Store{Dir: t.TempDir()}})}
	encoded := base64.RawURLEncoding.EncodeToString([]byte(secret))
	tests := []struct {
		name    string
		headers []string
		want    int
	}{
		{"none", nil, 401},
		{"right", []string{"Authorization", "Bearer s3cret/+"}, 0},
		{"scheme in any case", []string{"Authorization", "bearer s3cret/+"}, 0},
		{"wrong", []string{"Authorization", "Bearer s3cret/-"}, 401},
		{"a part of it", []string{"Authorization", "Bearer s3cret"}, 401},
		{"empty", []string{"Authorization", "Bearer "}, 401},
		{"basic", []string{"Authorization", "Basic s3cret/+"}, 401},
		{"no scheme", []string{"Authorization", "s3cret/+"}, 401},
		{"subprotocol", []string{"Upgrade", "websocket", "Sec-WebSocket-Protocol", "taskctl.v1, bearer.s3cret/+"}, 0},
		{"subprotocol, base64", []string{"Upgrade", "WebSocket", "Sec-WebSocket-Protocol", "bearer." + encoded}, 0},
		{"subprotocol, base64, padded", []string{"Upgrade", "websocket", "Sec-WebSocket-Protocol", "bearer." + encoded + "="}, 0},
		{"subprotocol, bare", []string{"Upgrade", "websocket", "Sec-WebSocket-Protocol", "s3cret/+"}, 0},
		{"subprotocol in a second header", []string{"Upgrade", "websocket", "Sec-WebSocket-Protocol", "chat", "Sec-WebSocket-Protocol", "s3cret/+"}, 0},
		{"subprotocol, wrong", []string{"Upgrade", "websocket", "Sec-WebSocket-Protocol", "bearer.wrong"}, 401},
		{"subprotocol, prefix only", []string{"Upgrade", "websocket", "Sec-WebSocket-Protocol", "bearer."}, 401},
		{"bare base64", []string{"Upgrade", "websocket", "Sec-WebSocket-Protocol", encoded}, 401},
		{"subprotocol without an upgrade", []string{"Sec-WebSocket-Protocol", "s3cret/+"}, 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := status(check(policy, request("tasks.example", test.headers...))); got != test.want {
				t.Errorf("Check = %d, want %d", got, test.want)
			}
		})
	}
	preflight := request("tasks.example", "Origin", "http://tasks.example")
	if denied := policy.CheckSite(preflight); denied != nil {
		t.Errorf("CheckSite asks a preflight for a token: %+v", denied)
	}
}

func TestSubprotocol(t *testing.T) {
	policy := Policy{Tokens: NewTokens(TokenOptions{Token: "secret", Store: Store{Dir: t.TempDir()}})}
	tests := []struct{ offered, want string }{
		{"", ""},
		{"taskctl.v1", "taskctl.v1"},
		{"secret, taskctl.v1", "taskctl.v1"},
		{"bearer.secret, chat", "chat"},
		{"secret, chat", "chat"},
		{"bearer.c2VjcmV0, chat", "chat"},
		{"bearer.secret", "bearer.secret"},
		{"secret", "secret"},
		{" , chat ,", "chat"},
	}
	for _, test := range tests {
		t.Run(test.offered, func(t *testing.T) {
			r := request("localhost", "Sec-WebSocket-Protocol", test.offered)
			if got := policy.Subprotocol(r); got != test.want {
				t.Errorf("Subprotocol(%q) = %q, want %q", test.offered, got, test.want)
			}
		})
	}
	if got := (Policy{}).Subprotocol(request("localhost", "Sec-WebSocket-Protocol", "bearer.x, chat")); got != "chat" {
		t.Errorf("without a token of our own, a bearer is selected: %q", got)
	}
}

func TestParseOrigin(t *testing.T) {
	tests := []struct{ in, want string }{
		{"https://tasks.example", "https://tasks.example"},
		{"https://Tasks.Example/", "https://tasks.example"},
		{"http://localhost:3000", "http://localhost:3000"},
		{"https://tasks.example:443", "https://tasks.example"},
		{"http://tasks.example:80", "http://tasks.example"},
		{"http://[::1]:8001", "http://[::1]:8001"},
		{"tasks.example", ""},
		{"https://tasks.example/path", ""},
		{"https://user@tasks.example", ""},
		{"https://tasks.example?x", ""},
		{"ws://tasks.example", ""},
		{"https://", ""},
		{"null", "null"},
		{"HTTPS://Tasks.Example:443/", "https://tasks.example"},
		{"https://*.corp.example", "https://*.corp.example"},
		{"https://*.Corp.example:8443", "https://*.corp.example:8443"},
		{"capacitor://localhost", "capacitor://localhost"},
		{"chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"},
		{"https://münchen.example", "https://xn--mnchen-3ya.example"},
		{"https://MÜNCHEN.example", "https://xn--mnchen-3ya.example"},
		{"https://*.münchen.example", "https://*.xn--mnchen-3ya.example"},
		{"http://[::0001]:80", "http://[::1]"},
		{"https://*", ""},
		{"https://*:8443", ""},
		{"https://tasks.*", ""},
		{"https://*tasks.example", ""},
		{"https://a.*.example", ""},
		{"https://tasks.example:*", ""},
		{"https://tasks.example:", ""},
		{"https://tasks.example:0", ""},
		{"https://tasks.example:99999", ""},
		{"https://tasks example", ""},
		{"*://tasks.example", ""},
		{"file://", ""},
		{"file://localhost", ""},
		{"wss://tasks.example", ""},
		{"Null", ""},
		{"*", ""},
		{"", ""},
	}
	for _, test := range tests {
		t.Run(test.in, func(t *testing.T) {
			got, err := ParseOrigin(test.in)
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("ParseOrigin(%q) = %q, %v; want %q", test.in, got, err, test.want)
			}
		})
	}
}

func TestParseHost(t *testing.T) {
	for in, want := range map[string]string{
		"tasks.example": "tasks.example", "Tasks.Example.": "tasks.example", "*.corp.example": "*.corp.example",
		"münchen.example": "xn--mnchen-3ya.example", "192.0.2.1": "192.0.2.1", "[2001:db8::1]": "2001:db8::1", "tasks": "tasks",
		"": "", "*": "", "*.": "", "tasks.example:80": "", "https://tasks.example": "", "tasks.example/x": "", "a b": "", "a.*": "", "[1.2.3.4]": "",
	} {
		if got, err := ParseHost(in); got != want || (err == nil) != (want != "") {
			t.Errorf("ParseHost(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestPatterns(t *testing.T) {
	policy := Policy{
		Loopback: true,
		Hosts:    []string{"*.corp.example", "2001:db8::1"},
		Origins:  []string{"https://*.corp.example", "https://*.dev.example:8443", "capacitor://localhost", "null"},
	}
	tests := []struct {
		host, origin string
		want         int
	}{
		{"localhost", "https://a.corp.example", 0},
		{"localhost", "https://a.b.CORP.example", 0},
		{"localhost", "capacitor://localhost", 0},
		{"localhost", "null", 0},
		{"localhost", "https://a.dev.example:8443", 0},
		{"localhost", "https://corp.example", 403},
		{"localhost", "https://.corp.example", 403},
		{"localhost", "http://a.corp.example", 403},
		{"localhost", "https://a.corp.example:8443", 403},
		{"localhost", "https://a.corp.example.evil.example", 403},
		{"localhost", "https://evil.example/a.corp.example", 403},
		{"localhost", "https://evil.example:1@a.corp.example", 403},
		{"localhost", "https://evil.example#.corp.example", 403},
		{"localhost", "ionic://localhost", 403},
		{"a.corp.example:8001", "", 0},
		{"A.B.corp.example.", "", 0},
		{"[2001:db8::1]:8001", "", 0},
		{"corp.example", "", 403},
		{"a.corp.example.evil.example", "", 403},
	}
	for _, test := range tests {
		r := request(test.host)
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		if got := status(check(policy, r)); got != test.want {
			t.Errorf("host %s, origin %s: %d, want %d", test.host, test.origin, got, test.want)
		}
	}
}

func TestHTTP10NeedsNoHost(t *testing.T) {
	r := request("")
	r.ProtoMinor = 0
	if denied := check(Policy{Loopback: true}, r); denied != nil {
		t.Error(denied.Reason)
	}
}

// A request without Origin that a page elsewhere has caused is refused; navigation
// within one site, and requests of the pages of this server, are not.
func TestFetchSite(t *testing.T) {
	for _, test := range []struct {
		site, mode string
		want       int
	}{
		{"cross-site", "no-cors", 403},
		{"cross-site", "navigate", 403},
		{"same-site", "no-cors", 403},
		{"same-site", "navigate", 0},
		{"same-origin", "cors", 0},
		{"none", "navigate", 0},
	} {
		r := request("localhost", "Sec-Fetch-Site", test.site, "Sec-Fetch-Mode", test.mode)
		if got := status(check(Policy{Loopback: true}, r)); got != test.want {
			t.Errorf("%s %s: %d, want %d", test.site, test.mode, got, test.want)
		}
	}
	allowed := request("localhost", "Sec-Fetch-Site", "cross-site", "Origin", "https://tasks.example")
	if denied := check(Policy{Origins: []string{"https://tasks.example"}}, allowed); denied != nil {
		t.Errorf("an allowed origin: %s", denied.Reason)
	}
}

func check(p Policy, r *http.Request) *Denied {
	_, denied := p.Check(r, Read)
	return denied
}

func status(denied *Denied) int {
	if denied == nil {
		return 0
	}
	return denied.Status
}
