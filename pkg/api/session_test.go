package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/access"
)

// secured is a service that needs tokens, with one of each scope.
func secured(t *testing.T) (s *service, store access.Store, tokens map[string]string) {
	t.Helper()
	store = access.Store{Dir: t.TempDir()}
	tokens = map[string]string{"none": "", "wrong": "taskctl_wrong"}
	for _, scope := range []access.Scope{access.Read, access.Write, access.Admin} {
		tokens[scope.String()] = newToken(t, store, scope.String(), scope)
	}
	tokens["revoked"] = newToken(t, store, "revoked", access.Admin)
	if err := store.Revoke("revoked"); err != nil {
		t.Fatal(err)
	}
	s = start(t, func(c *Config, _ *Deps) {
		c.Access.Tokens = access.NewTokens(access.TokenOptions{Store: store})
	})
	return s, store, tokens
}

func newToken(t *testing.T, store access.Store, name string, scope access.Scope) string {
	t.Helper()
	secret, err := store.Create(name, scope)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// signIn returns the headers of a browser that has signed in.
func (s *service) signIn(token string) []string {
	s.t.Helper()
	a := s.do(http.MethodPost, "/session", "", "Authorization", "Bearer "+token)
	cookie := a.header.Get("Set-Cookie")
	if a.status != http.StatusOK || !strings.Contains(cookie, "HttpOnly; SameSite=Strict") {
		s.t.Fatalf("sign in: %d %s, cookie %q", a.status, a.body, cookie)
	}
	value, _, _ := strings.Cut(cookie, ";")
	return []string{"Cookie", value}
}

// TestEveryDoorByEveryScope asks for every route with every kind of token.
func TestEveryDoorByEveryScope(t *testing.T) {
	s, store, tokens := secured(t)
	created, _ := s.create("title", "Authorization", "Bearer "+tokens["write"])
	id := created.ID
	doomed := newToken(t, store, "doomed", access.Admin)
	callers := map[string]struct {
		headers []string
		scope   access.Scope
		known   bool
	}{}
	for name, token := range tokens {
		scope, err := access.ParseScope(name)
		headers := []string{"Authorization", "Bearer " + token}
		if token == "" {
			headers = nil
		}
		callers[name] = struct {
			headers []string
			scope   access.Scope
			known   bool
		}{headers, scope, err == nil}
	}
	own := s.base
	add := func(name string, headers []string, scope access.Scope, known bool) {
		callers[name] = struct {
			headers []string
			scope   access.Scope
			known   bool
		}{headers, scope, known}
	}
	add("cookie with its origin", append(s.signIn(tokens["write"]), "Origin", own), access.Write, true)
	add("cookie without an origin", s.signIn(tokens["write"]), access.Write, true)
	add("cookie with another origin", append(s.signIn(tokens["admin"]), "Origin", "http://localhost:3000"), access.Admin, true)
	add("cookie of a revoked token", append(s.signIn(doomed), "Origin", own), access.Admin, false)
	if err := store.Revoke("doomed"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); s.do(http.MethodGet, "/tasks", "", "Authorization", "Bearer "+doomed).status != http.StatusUnauthorized; {
		if time.Now().After(deadline) {
			t.Fatal("the token is not revoked")
		}
	}
	for _, rule := range access.Rules() {
		if rule.Port != access.API || rule.Path == "/session" {
			continue
		}
		path := strings.NewReplacer("{id}", id, "{file}", "nothing").Replace(rule.Path)
		page := rule.Path == "/" || rule.Path == "/docs" || rule.Path == "/board/{file}"
		for name, caller := range callers {
			want := 0 // let in
			switch unsafe := rule.Method != http.MethodGet; {
			case page: // a page is served whatever the Origin
			case name == "cookie with another origin":
				want = http.StatusForbidden
			case rule.Scope == access.Public:
			case !caller.known:
				want = http.StatusUnauthorized
			case name == "cookie without an origin" && unsafe, caller.scope < rule.Scope:
				want = http.StatusForbidden
			}
			a := s.do(rule.Method, path, "", caller.headers...)
			denied := a.status == http.StatusUnauthorized || a.status == http.StatusForbidden
			if want != 0 && a.status != want || want == 0 && denied {
				t.Errorf("%s %s with %s: %d %s, want %d", rule.Method, rule.Path, name, a.status, a.body, want)
			}
			if want == http.StatusForbidden && caller.scope < rule.Scope && !strings.Contains(a.header.Get("WWW-Authenticate"), `scope="`+rule.Scope.String()+`"`) {
				t.Errorf("%s %s with %s: challenge %q", rule.Method, rule.Path, name, a.header.Get("WWW-Authenticate"))
			}
		}
		if rule.Method == http.MethodDelete && rule.Path == taskPath { // the task is deleted
			created, _ = s.create("title", "Authorization", "Bearer "+tokens["write"])
			id = created.ID
		}
	}
}

// Every route is in the table of scopes, and everything in the table is a route.
func TestScopesCoverTheRoutes(t *testing.T) {
	routes := make(map[string]bool)
	for _, r := range new(Server).routeList() {
		routes[r.method+" "+r.path] = true
	}
	for _, rule := range access.Rules() {
		if name := rule.Method + " " + rule.Path; rule.Port == access.API && !routes[name] {
			t.Errorf("the table has %s, which is no route", name)
		}
		delete(routes, rule.Method+" "+rule.Path)
	}
	for name := range routes {
		t.Errorf("%s is not in the table of scopes", name)
	}
}

func TestSession(t *testing.T) {
	s, _, tokens := secured(t)
	for name, token := range map[string]string{"none": "", "wrong": tokens["wrong"], "revoked": tokens["revoked"]} {
		if a := s.do(http.MethodPost, "/session", "", "Authorization", "Bearer "+token); a.status != http.StatusUnauthorized || a.header.Get("Set-Cookie") != "" {
			t.Errorf("sign in with %s: %d", name, a.status)
		}
	}
	browser := append(s.signIn(tokens["read"]), "Origin", s.base)
	if a := s.do(http.MethodGet, "/session", "", browser...); a.status != http.StatusOK || string(a.body) != `{"name":"read","scope":"read"}` {
		t.Errorf("signed in as %d %s", a.status, a.body)
	}
	if a := s.do(http.MethodDelete, "/session", "", browser[:2]...); a.status != http.StatusForbidden {
		t.Errorf("sign out without an Origin: %d", a.status)
	}
	a := s.do(http.MethodDelete, "/session", "", browser...)
	if a.status != http.StatusNoContent || !strings.Contains(a.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("sign out: %d, %q", a.status, a.header.Get("Set-Cookie"))
	}
	if a := s.do(http.MethodGet, "/tasks", "", browser...); a.status != http.StatusUnauthorized {
		t.Errorf("with the cookie of a session that has ended: %d", a.status)
	}
}

// A stream ends within a second after its token is revoked.
func TestRevokedStreamEnds(t *testing.T) {
	s, store, _ := secured(t)
	token := newToken(t, store, "stream", access.Read)
	for deadline := time.Now().Add(time.Minute); s.do(http.MethodGet, "/tasks", "", "Authorization", "Bearer "+token).status != http.StatusOK; {
		if time.Now().After(deadline) {
			t.Fatal("the token is not accepted")
		}
	}
	r, err := http.NewRequest(http.MethodGet, s.base+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	if err := store.Revoke("stream"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for buf := make([]byte, 1024); ; {
		if _, err := res.Body.Read(buf); err != nil {
			break
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stream ended after %v", took)
	}
}

// A system without tokens requires one as soon as the first is created, and still does
// if the file is deleted.
func TestFirstTokenClosesTheDoors(t *testing.T) {
	store := access.Store{Dir: t.TempDir()}
	s := start(t, func(c *Config, _ *Deps) { c.Access.Tokens = access.NewTokens(access.TokenOptions{Store: store}) })
	if a := s.do(http.MethodGet, "/tasks", ""); a.status != http.StatusOK {
		t.Fatalf("without tokens: %d", a.status)
	}
	newToken(t, store, "first", access.Read)
	for deadline := time.Now().Add(time.Minute); s.do(http.MethodGet, "/tasks", "").status != http.StatusUnauthorized; {
		if time.Now().After(deadline) {
			t.Fatal("no token is needed")
		}
	}
}
