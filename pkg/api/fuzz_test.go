package api

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"taskctl/pkg/task"
)

// known are the statuses that a client may get for any request.
const known = "200 201 204 304 400 403 404 405 410 412 413 415 422"

// check fails on an answer that the contract does not know.
func check(t *testing.T, a answer) {
	t.Helper()
	if !strings.Contains(known, strconv.Itoa(a.status)) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a.status >= http.StatusBadRequest {
		wantProblem(t, a, a.status, "")
	}
	if !utf8.Valid(a.body) || (len(a.body) > 0 && !jsontext.Value(a.body).IsValid()) {
		t.Fatalf("the answer is not JSON: %q", a.body)
	}
}

func bodySeeds(f *testing.F) {
	for _, in := range append(badBodies(), badValues()...) {
		if len(in.body) < 1000 {
			f.Add(in.body)
		}
	}
	f.Add(`{"title":" Prueba ","description":"ñ\n\ud83c\udfaf","completed":true}`)
	f.Add(`{"\u0074itle":"t"}`)
}

// FuzzCreateBody checks that a body is either refused or stored as a task with exactly
// that text.
func FuzzCreateBody(f *testing.F) {
	bodySeeds(f)
	s := start(f)
	f.Fuzz(func(t *testing.T, body string) {
		s := s.in(t)
		a := s.do(http.MethodPost, "/tasks", body)
		check(t, a)
		if a.status != http.StatusCreated {
			return
		}
		made := decode[task.Task](t, a)
		var sent struct {
			Title       string `json:"title"`
			Description string `json:"description"`
			Completed   bool   `json:"completed"`
		}
		if err := json.Unmarshal([]byte(body), &sent, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%q was taken: %v", body, err)
		}
		if made.Title != strings.TrimSpace(sent.Title) || made.Description != sent.Description || made.Completed != sent.Completed {
			t.Errorf("%q became %+v", body, made)
		}
		if again := s.do(http.MethodGet, "/tasks/"+made.ID, ""); string(again.body) != string(a.body) {
			t.Errorf("%s is read as %s", a.body, again.body)
		}
	})
}

func FuzzPatchBody(f *testing.F) {
	bodySeeds(f)
	f.Add(`{"title":null}`)
	f.Add(`{"description":null,"completed":null}`)
	s := start(f)
	made, _ := s.create("title")
	f.Fuzz(func(t *testing.T, body string) {
		s := s.in(t)
		a := s.do(http.MethodPatch, "/tasks/"+made.ID, body)
		check(t, a)
		if a.status == http.StatusOK && decode[task.Task](t, a).Title == "" {
			t.Errorf("%q emptied the title", body)
		}
	})
}

func FuzzIfMatch(f *testing.F) {
	for _, tags := range []string{`"1"`, `*`, `W/"1"`, `"a", "b"`, `""`, `"`, `,`, `1`} {
		f.Add(tags)
	}
	f.Fuzz(func(t *testing.T, tags string) {
		versions, err := requiredVersions(http.Header{"If-Match": {tags}})
		if err != nil {
			return
		}
		if versions == nil && tags != "*" {
			t.Errorf("%q matches everything", tags)
		}
		for _, version := range versions[min(1, len(versions)):] {
			if version != 0 && !strings.Contains(tags, etag(version)) {
				t.Errorf("%q asks for version %d", tags, version)
			}
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, in := range badQueries() {
		if _, query, found := strings.Cut(in.path, "?"); found && len(query) < 200 {
			f.Add(query)
		}
	}
	f.Add("limit=5&completed=true&q=a%20b")
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := taskQuery(raw)
		if err != nil {
			return
		}
		if q.Limit < 1 || q.Limit > maxLimit || !utf8.ValidString(q.Contains+q.Cursor) || strings.ContainsRune(q.Contains+q.Cursor, 0) {
			t.Errorf("%q became %+v", raw, q)
		}
	})
}

// FuzzCursor sends cursors and search texts, which reach SQL.
func FuzzCursor(f *testing.F) {
	s := start(f)
	for range 3 {
		s.create("100% of_a 'quoted' \"text\"")
	}
	f.Add("", "%")
	f.Add("nonsense", "' OR 1=1 --")
	f.Add(exampleID, `"a" AND b* NEAR(c)`)
	f.Fuzz(func(t *testing.T, cursor, contains string) {
		s := s.in(t)
		a := s.do(http.MethodGet, "/tasks?limit=2&cursor="+url.QueryEscape(cursor)+"&q="+url.QueryEscape(contains), "")
		check(t, a)
	})
}

func FuzzLastEventID(f *testing.F) {
	s := start(f)
	s.create("title")
	for _, id := range []string{"", "0", "1", "2", "x:1", "a:b:c", "-1", "99999999999999999999", " 1"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == 0x7f }) || !utf8.ValidString(id) {
			return // no client could send it
		}
		s := s.in(t)
		check(t, s.do(http.MethodGet, "/events?since="+url.QueryEscape(id), ""))
		a := s.do(http.MethodHead, "/events", "", "Accept", streamType, "Last-Event-ID", id)
		if !strings.Contains("200 422", strconv.Itoa(a.status)) {
			t.Errorf("%q: %d", id, a.status)
		}
	})
}
