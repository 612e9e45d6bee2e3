package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"taskctl/pkg/client"
	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/task"
)

func ptr[T any](v T) *T { return &v }

func TestTaskFromCreateToDelete(t *testing.T) {
	s := clienttest.New(t)
	c := connect(t, s)
	ctx := t.Context()

	made, err := c.Create(ctx, client.Values{Title: "Leche", Description: "2 l ☕"})
	if err != nil {
		t.Fatal(err)
	}
	if made.Task.Title != "Leche" || made.Task.Description != "2 l ☕" || made.ETag == "" || made.Position != s.Head() {
		t.Errorf("created %+v", made)
	}
	got, err := c.Get(ctx, made.Task.ID)
	if err != nil || got != made {
		t.Errorf("got %+v, %v; want %+v", got, err, made)
	}
	patched, err := c.Patch(ctx, made.Task.ID, task.Patch{Completed: ptr(true)}, client.IfMatch(made.ETag))
	if err != nil || !patched.Task.Completed || patched.Task.Title != "Leche" {
		t.Errorf("patched %+v, %v", patched, err)
	}
	replaced, err := c.Replace(ctx, made.Task.ID, client.Values{Title: "Pan"})
	if err != nil || replaced.Task.Title != "Pan" || replaced.Task.Description != "" || replaced.Task.Completed {
		t.Errorf("replaced %+v, %v", replaced, err)
	}
	if _, err := c.Delete(ctx, made.Task.ID, client.IfMatch(made.ETag)); !errors.Is(err, task.ErrVersion) {
		t.Errorf("deleted an old version: %v", err)
	}
	if at, err := c.Delete(ctx, made.Task.ID, client.IfMatch(made.ETag, replaced.ETag)); err != nil || at != s.Head() {
		t.Errorf("deleted at %s, %v; want %s", at, err, s.Head())
	}
	if _, err := c.Get(ctx, made.Task.ID); !errors.Is(err, task.ErrNotFound) {
		t.Errorf("got a deleted task: %v", err)
	}

	events, head, err := c.Events(ctx, task.Position{}, 0)
	kinds := make([]task.EventType, 0, len(events))
	for i, e := range events {
		kinds = append(kinds, e.Type)
		if e.Position != (task.Position{Epoch: head.Epoch, Seq: uint64(i + 1)}) || len(e.Raw) == 0 {
			t.Errorf("event %d is %+v", i, e)
		}
	}
	if want := []task.EventType{task.Created, task.Updated, task.Updated, task.Deleted}; err != nil || !slices.Equal(kinds, want) || head != s.Head() {
		t.Errorf("events %v at %s, %v; want %v at %s", kinds, head, err, want, s.Head())
	}
}

func TestWriteWhoseAnswerIsLostHappensOnce(t *testing.T) {
	s := clienttest.New(t)
	lost := 0
	s.Play(clienttest.Script{Lose: func(r *http.Request) bool {
		lost++
		return lost%3 != 0
	}})
	c := connect(t, s)
	made, err := c.Create(t.Context(), client.Values{Title: "once"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Patch(t.Context(), made.Task.ID, task.Patch{Title: ptr("twice")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Delete(t.Context(), made.Task.ID); err != nil {
		t.Fatal(err)
	}
	if s.Writes() != 3 || s.Head().Seq != 3 || lost < 9 {
		t.Errorf("%d writes, head %s, %d answers lost", s.Writes(), s.Head(), lost)
	}
}

func TestKeyOfTheCaller(t *testing.T) {
	s := clienttest.New(t)
	c := connect(t, s)
	first, err := c.Create(t.Context(), client.Values{Title: "a"}, client.IdempotencyKey("k"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Create(t.Context(), client.Values{Title: "a"}, client.IdempotencyKey("k"))
	if err != nil || again != first {
		t.Errorf("the same key and request gave %+v, %v; want %+v", again, err, first)
	}
	_, err = c.Create(t.Context(), client.Values{Title: "b"}, client.IdempotencyKey("k"))
	if !errors.Is(err, task.ErrKeyReused) || errors.Is(err, task.ErrInvalid) {
		t.Errorf("the same key for another request gave %v", err)
	}
}

func TestNothingListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	c, err := client.New(client.Config{BaseURL: "http://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Create(t.Context(), client.Values{Title: "a"})
	var lost *client.ConnectError
	if !errors.As(err, &lost) || lost.Addr != addr || lost.Sent || !errors.Is(err, task.ErrUnavailable) {
		t.Errorf("got %#v", err)
	}
	if want := "create task: connect to " + addr + ": connection refused"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestAnswerIsOwedWhenTheServerGoesAway(t *testing.T) {
	// The first attempt is taken and never answered; after that nothing listens.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		conn, err := l.Accept()
		l.Close()
		if err == nil {
			_, _ = io.ReadFull(conn, make([]byte, 1))
			conn.Close()
		}
	}()
	c, err := client.New(client.Config{BaseURL: "http://" + l.Addr().String(), Attempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Create(t.Context(), client.Values{Title: "a"})
	var lost *client.ConnectError
	if !errors.As(err, &lost) || !lost.Sent {
		t.Errorf("got %v: it must say that the task may have been created", err)
	}
}

func TestProblems(t *testing.T) {
	const document = "application/problem+json"
	sentinels := []error{
		task.ErrNotFound, task.ErrInvalid, task.ErrVersion, task.ErrKeyReused, task.ErrGone, task.ErrUnavailable,
	}
	for _, test := range []struct {
		status    int
		kind      string
		body      string
		is        error
		text      string
		mediaType string
	}{
		{404, "task-not-found", `"detail":"there is no task with this id"`, task.ErrNotFound, "there is no task with this id (HTTP 404)", document},
		{404, "no-such-resource", `"detail":"wrong"`, nil, "wrong (HTTP 404)", document},
		{412, "version", ``, task.ErrVersion, "Precondition Failed (HTTP 412)", document},
		{422, "invalid", `"errors":[{"field":"title","message":"must not be empty"}]`, task.ErrInvalid, "Unprocessable Entity (HTTP 422)", document},
		{422, "key-reused", ``, task.ErrKeyReused, "Unprocessable Entity (HTTP 422)", document},
		{400, "not-json", ``, task.ErrInvalid, "Bad Request (HTTP 400)", document},
		{413, "too-large", ``, task.ErrInvalid, "Request Entity Too Large (HTTP 413)", document},
		{415, "media-type", ``, task.ErrInvalid, "Unsupported Media Type (HTTP 415)", document},
		{410, "history-gone", `"reason":"too_old"`, task.ErrGone, "Gone (HTTP 410)", document},
		{503, "unavailable", ``, task.ErrUnavailable, "Service Unavailable (HTTP 503)", document},
		{429, "too-many", ``, task.ErrUnavailable, "Too Many Requests (HTTP 429)", document},
		{401, "unauthorized", `"detail":"the token is missing"`, nil, "the token is missing (HTTP 401)", document},
		{500, "internal", ``, nil, "Internal Server Error (HTTP 500)", document},
		{404, "task-not-found", ``, nil, "Not Found (HTTP 404)", "text/html"},
		{799, "", ``, nil, "status 799 (HTTP 799)", "text/plain"},
	} {
		t.Run(fmt.Sprint(test.status, test.kind), func(t *testing.T) {
			s := clienttest.New(t)
			s.Play(clienttest.Script{Request: func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Content-Type", test.mediaType)
				w.Header().Set("Taskctl-Position", "e9:77")
				w.WriteHeader(test.status)
				members := strings.TrimSuffix(`,`+test.body, `,`)
				_, _ = fmt.Fprintf(w, `{"type":"urn:taskctl:problem:%s"%s}`, test.kind, members)
				return true
			}})
			c, err := client.New(client.Config{BaseURL: s.URL(), Attempts: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseIdleConnections()
			_, err = c.Get(t.Context(), "a")
			for _, sentinel := range sentinels {
				if errors.Is(err, sentinel) != (sentinel == test.is) {
					t.Errorf("%v: is %q: %t", err, sentinel, !errors.Is(err, sentinel) == (sentinel == test.is))
				}
			}
			if want := "get task a: " + test.text; err.Error() != want {
				t.Errorf("got %q, want %q", err, want)
			}
			var refused *client.Problem
			if !errors.As(err, &refused) || refused.Status != test.status || refused.Position.Seq != 77 {
				t.Errorf("got %#v", refused)
			}
			var gone *task.GoneError
			if errors.As(err, &gone) != (test.status == 410) || gone != nil && (gone.Reason != task.GoneTooOld || gone.Head.Seq != 77) {
				t.Errorf("got %#v", gone)
			}
		})
	}
}

func TestEveryPage(t *testing.T) {
	s := clienttest.New(t)
	s.Add(25)
	c := connect(t, s)
	next := 25
	for got, err := range c.All(t.Context(), task.Query{Limit: 10}) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprint("task ", next); got.Title != want {
			t.Fatalf("got %q, want %q", got.Title, want)
		}
		next--
	}
	if next != 0 {
		t.Errorf("%d tasks are missing", next)
	}
	for got := range c.All(t.Context(), task.Query{Limit: 10, Contains: "TASK 1"}) {
		if !strings.HasPrefix(got.Title, "task 1") {
			t.Errorf("got %q", got.Title)
		}
		break // a reader that has enough is not asked again
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range c.All(ctx, task.Query{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

func TestLogPageByPage(t *testing.T) {
	s := clienttest.New(t)
	head := s.Add(25)
	c := connect(t, s)
	var at task.Position
	var sizes []int
	for {
		events, next, err := c.Events(t.Context(), at, 10)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(events))
		if len(events) == 0 {
			break
		}
		at = next
	}
	if at != head || !slices.Equal(sizes, []int{10, 10, 5, 0}) {
		t.Errorf("pages of %v up to %s, want %s", sizes, at, head)
	}
	s.Forget(20)
	_, _, err := c.Events(t.Context(), task.Position{Seq: 3}, 0)
	var gone *task.GoneError
	if !errors.As(err, &gone) || gone.Reason != task.GoneTooOld || gone.Head != head {
		t.Errorf("got %v", err)
	}
}

func TestSnapshotAndWhatFollowsGiveTheTasks(t *testing.T) {
	s := clienttest.New(t)
	s.Add(2500) // three pages
	c := connect(t, s)
	var once bool
	s.Play(clienttest.Script{Request: func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Has("cursor") && !once {
			once = true
			go s.Add(1) // the tasks change between two pages
		}
		return false
	}})
	tasks, at, err := c.Snapshot(t.Context())
	if err != nil || at.Seq != 2500 || len(tasks) < 2499 {
		t.Fatalf("%d tasks at %s, %v", len(tasks), at, err)
	}
	for n, err := range c.Subscribe(t.Context(), at, quick) {
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := n.(client.Event); ok {
			if e.Position.Seq != 2501 {
				t.Errorf("got %s", e.Position)
			}
			break
		}
	}
}

func TestResolve(t *testing.T) {
	s := clienttest.New(t)
	a := s.AddTask("a", "")
	b := s.AddTask("b", "")
	c := connect(t, s)
	common := 0
	for a.ID[common] == b.ID[common] {
		common++
	}
	for _, test := range []struct{ given, want string }{
		{a.ID, a.ID},
		{strings.ToUpper(b.ID), b.ID},
		{" " + a.ID[:common+1] + "\n", a.ID},
		{b.ID[:common+1], b.ID},
		{a.ID[len(a.ID)-12:], a.ID},
		{strings.ToUpper(b.ID[len(b.ID)-12:]), b.ID},
		{b.ID[len(b.ID)-20:], b.ID}, // with a hyphen in it
		{"01234567-89ab-7def-8123-456789abcdef", "01234567-89ab-7def-8123-456789abcdef"}, // whole ids are not looked up
	} {
		if got, err := c.Resolve(t.Context(), test.given); got != test.want || err != nil {
			t.Errorf("%q: got %q, %v; want %q", test.given, got, err, test.want)
		}
	}
	var several *client.AmbiguousError
	if _, err := c.Resolve(t.Context(), a.ID[:common]); !errors.As(err, &several) || len(several.Tasks) != 2 || !errors.Is(err, task.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Resolve(t.Context(), "xyz"); !errors.Is(err, task.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Resolve(t.Context(), ""); !errors.Is(err, task.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

// TestShortIDs checks that what a list shows names its task, and only that one.
func TestShortIDs(t *testing.T) {
	s := clienttest.New(t)
	c := connect(t, s)
	var ids []string
	for range 300 { // among so many, some share an end of two characters
		ids = append(ids, s.AddTask("a", "").ID)
	}
	short, err := c.ShortIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if end := short(id); len(end) < 4 || !strings.HasSuffix(id, end) {
			t.Errorf("%s is shortened to %q", id, end)
		} else if got, err := c.Resolve(t.Context(), end); got != id {
			t.Errorf("%q means %s, %v; want %s", end, got, err, id)
		}
	}
}

func TestRequestsThatAreNeverSent(t *testing.T) {
	c := connect(t, clienttest.New(t))
	for _, id := range []string{"", ".", "..", "\xff"} {
		if _, err := c.Get(t.Context(), id); !errors.Is(err, task.ErrInvalid) {
			t.Errorf("get %q: %v", id, err)
		}
		if _, err := c.Delete(t.Context(), id); !errors.Is(err, task.ErrInvalid) {
			t.Errorf("delete %q: %v", id, err)
		}
	}
	if _, err := c.Create(t.Context(), client.Values{Title: "a\xff"}); !errors.Is(err, task.ErrInvalid) {
		t.Errorf("create: %v", err)
	}
}

func TestIdIsOnePartOfThePath(t *testing.T) {
	s := clienttest.New(t)
	var path string
	s.Play(clienttest.Script{Request: func(_ http.ResponseWriter, r *http.Request) bool {
		path = r.URL.EscapedPath()
		return false
	}})
	_, err := connect(t, s).Get(t.Context(), "a/../b?c#d é")
	if want := "/tasks/a%2F..%2Fb%3Fc%23d%20%C3%A9"; path != want || !errors.Is(err, task.ErrNotFound) {
		t.Errorf("asked for %q, %v; want %q", path, err, want)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, cfg := range []client.Config{
		{BaseURL: "localhost:8001"},
		{BaseURL: "ftp://localhost"},
		{BaseURL: "http://"},
		{BaseURL: "http://localhost:8001/?a=b"},
		{BaseURL: "http://user:secret@localhost"},
		{BaseURL: "http://local host"},
		{WebSocketURL: "http://localhost:8765"},
		{WebSocketURL: "ws://localhost:8765/#x"},
		{Token: "a\nb"},
	} {
		if _, err := client.New(cfg); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
	c, err := client.New(client.Config{BaseURL: "https://tasks.example/base/", WebSocketURL: "wss://tasks.example/ws"})
	if err != nil || c.BaseURL() != "https://tasks.example/base" || c.WebSocketURL() != "wss://tasks.example/ws" {
		t.Errorf("got %v, %v", c, err)
	}
}

// TestAnotherProgramIsToldFromTaskctl checks that what is no answer of taskctl is not
// taken for one, whatever its status.
func TestAnotherProgramIsToldFromTaskctl(t *testing.T) {
	for _, c := range []struct {
		status  int
		media   string
		body    string
		foreign bool
	}{
		{http.StatusNotFound, "text/html", "<h1>Not Found</h1>", true},
		{http.StatusOK, "text/html", "<h1>Welcome</h1>", true},
		{http.StatusNotImplemented, "", "", true},
		{http.StatusNotFound, "application/problem+json", `{"type":"urn:taskctl:problem:task-not-found","title":"x"}`, false},
		{http.StatusForbidden, "application/problem+json", `{"type":"about:blank","title":"Forbidden","detail":"foreign origin"}`, false},
		{http.StatusUnauthorized, "text/html", "<h1>Sign in</h1>", false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.media)
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		t.Cleanup(server.Close)
		api, err := client.New(client.Config{BaseURL: server.URL, WebSocketURL: "ws://localhost:1"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = api.List(t.Context(), task.Query{})
		var refused *client.Problem
		if !errors.As(err, &refused) || refused.Foreign() != c.foreign {
			t.Errorf("%d %s %q: %v", c.status, c.media, c.body, err)
		}
	}
}
