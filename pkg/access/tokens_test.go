package access

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStore(t *testing.T) {
	store := Store{Dir: filepath.Join(t.TempDir(), "data")}
	if store.Exists() {
		t.Error("there are tokens at first")
	}
	secret, err := store.Create("mail.er-1", Write)
	if err != nil || !strings.HasPrefix(secret, tokenPrefix) {
		t.Fatalf("Create: %q, %v", secret, err)
	}
	if _, err := store.Create("mail.er-1", Read); !errors.Is(err, ErrTokenExists) {
		t.Errorf("the same name again: %v", err)
	}
	for _, name := range []string{"", "two words", "a/b", "é", strings.Repeat("x", 65)} {
		if _, err := store.Create(name, Read); !errors.Is(err, ErrTokenName) {
			t.Errorf("Create(%q): %v", name, err)
		}
	}
	for _, name := range []string{tokensFile, lockFile} {
		info, err := os.Stat(store.path(name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	data, err := os.ReadFile(store.path(tokensFile))
	if err != nil || strings.Contains(string(data), strings.TrimPrefix(secret, tokenPrefix)) {
		t.Errorf("the secret is in the file: %s, %v", data, err)
	}
	tokens, err := store.List()
	if err != nil || len(tokens) != 1 || tokens[0].Name != "mail.er-1" || tokens[0].Scope != Write {
		t.Errorf("List: %+v, %v", tokens, err)
	}
	if err := store.Revoke("other"); !errors.Is(err, ErrNoToken) {
		t.Errorf("Revoke of none: %v", err)
	}
	if err := store.Revoke("mail.er-1"); err != nil {
		t.Error(err)
	}
	if !store.Exists() {
		t.Error("without the last token, everybody would be let in")
	}
}

func TestTokensFollowTheFiles(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	tokens := NewTokens(TokenOptions{Internal: "own", Store: store})
	if tokens.Required() {
		t.Error("a token is needed at first")
	}
	secret, err := store.Create("a", Read)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the token is needed", tokens.Required)
	before := tokens.Changes()
	id, ok := tokens.find(secret)
	if !ok || id.Name != "a" || id.Scope != Read || !tokens.Valid(id) || tokens.Valid(Identity{}) {
		t.Errorf("found %+v, %v", id, ok)
	}
	own, ok := tokens.find("own")
	if !ok || !own.IsInternal() || own.Scope != Admin {
		t.Errorf("the internal one is %+v, %v", own, ok)
	}
	cookie, _, err := tokens.SignIn(id)
	if err != nil {
		t.Fatal(err)
	}
	session, ok := tokens.findCookie(cookie)
	if !ok || !session.IsSession() || session.Scope != Read {
		t.Errorf("the session is %+v, %v", session, ok)
	}
	if _, ok := tokens.findCookie(secret); ok {
		t.Error("a token is no cookie")
	}
	if _, ok := tokens.find(cookie); ok {
		t.Error("a cookie is no token")
	}
	if err := store.Revoke("a"); err != nil {
		t.Fatal(err)
	}
	until(t, "the token is revoked", func() bool { return !tokens.Valid(id) })
	if _, ok := tokens.findCookie(cookie); ok || tokens.Valid(session) {
		t.Error("the session of a revoked token is valid")
	}
	if !tokens.Valid(own) || tokens.Changes() == before {
		t.Error("the internal token is not valid, or the change is not told")
	}
	if err := os.Remove(store.path(tokensFile)); err != nil {
		t.Fatal(err)
	}
	until(t, "the change is seen", func() bool { return tokens.current(0).tokens == nil })
	if !tokens.Required() {
		t.Error("without the file, no token is needed any more")
	}
}

// If the file cannot be parsed, no token is accepted.
func TestBrokenTokenFile(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	secret, err := store.Create("a", Admin)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(store.path(tokensFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"half a line\n", "a owner 2026-01-01T00:00:00Z 00\n", string(data) + "b read now 00\n"} {
		if err := os.WriteFile(store.path(tokensFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		logger, log := testLogger()
		tokens := NewTokens(TokenOptions{Store: store, Logger: logger})
		if _, ok := tokens.find(secret); ok || !tokens.Required() || !strings.Contains(log.String(), "cannot be read") {
			t.Errorf("with %q: let in %v; log %q", text, ok, log)
		}
		if strings.Contains(log.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	secret, err := store.Create("a", Read)
	if err != nil {
		t.Fatal(err)
	}
	past := session{hash: hashOf("cookie"), token: hashOf(secret), expires: time.Now().Add(-time.Second)}
	if err := store.writeSessions([]session{past}); err != nil {
		t.Fatal(err)
	}
	tokens := NewTokens(TokenOptions{Store: store})
	if _, ok := tokens.findCookie("cookie"); ok {
		t.Error("an expired session is valid")
	}
}

func TestCookieNeedsItsOrigin(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	secret, err := store.Create("a", Write)
	if err != nil {
		t.Fatal(err)
	}
	tokens := NewTokens(TokenOptions{Store: store})
	id, _ := tokens.find(secret)
	value, _, err := tokens.SignIn(id)
	if err != nil {
		t.Fatal(err)
	}
	policy := Policy{Tokens: tokens, Loopback: true}
	for name, test := range map[string]struct {
		method  string
		headers []string
		want    int
	}{
		"read":                       {"GET", nil, 0},
		"read of its own":            {"GET", []string{"Origin", "http://localhost:8001"}, 0},
		"read of another":            {"GET", []string{"Origin", "http://localhost:3000"}, 403},
		"write":                      {"POST", nil, 403},
		"write of its own":           {"POST", []string{"Origin", "http://localhost:8001"}, 0},
		"write of another":           {"POST", []string{"Origin", "http://localhost:3000"}, 403},
		"write of an opaque one":     {"POST", []string{"Origin", "null"}, 403},
		"WebSocket":                  {"GET", []string{"Upgrade", "websocket"}, 403},
		"WebSocket of its own":       {"GET", []string{"Upgrade", "websocket", "Origin", "http://localhost:8001"}, 0},
		"WebSocket of another":       {"GET", []string{"Upgrade", "websocket", "Origin", "http://evil.example"}, 403},
		"a wrong token beside it":    {"GET", []string{"Authorization", "Bearer wrong"}, 401},
		"the right token beside it":  {"POST", []string{"Authorization", "Bearer " + secret}, 0},
		"delete without an Origin":   {"DELETE", nil, 403},
		"another scope than it has":  {"DELETE", []string{"Origin", "http://localhost:8001", "X-Need", "admin"}, 403},
		"everything in order":        {"DELETE", []string{"Origin", "http://localhost:8001"}, 0},
		"HEAD reads":                 {"HEAD", nil, 0},
		"two origins":                {"POST", []string{"Origin", "http://localhost:8001", "Origin", "http://localhost:8001"}, 403},
		"an origin of another case":  {"POST", []string{"Origin", "HTTP://LOCALHOST:8001"}, 403},
		"an origin without its port": {"POST", []string{"Origin", "http://localhost"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, "/tasks", nil)
			r.Host = "localhost:8001"
			for i := 0; i < len(test.headers); i += 2 {
				r.Header.Add(test.headers[i], test.headers[i+1])
			}
			r.AddCookie(&http.Cookie{Name: Cookie, Value: value})
			need := Write
			if r.Header.Get("X-Need") != "" {
				need = Admin
			}
			_, denied := policy.Check(r, need)
			if got := status(denied); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
		})
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("not reached: %s", what)
		}
	}
}

func testLogger() (*slog.Logger, *bytes.Buffer) {
	log := new(bytes.Buffer)
	return slog.New(slog.NewTextHandler(log, nil)), log
}
