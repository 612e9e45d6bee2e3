package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"taskctl/pkg/task"
)

// badInput is a request that must be refused. In its path, ID stands for the id
// of a task that exists.
type badInput struct {
	name    string
	method  string
	path    string
	body    string
	headers []string
	status  int
	field   string
}

// TestBadInput sends many invalid requests, and after each a valid one, which must
// still work.
func TestBadInput(t *testing.T) {
	s := start(t)
	made, first := s.create("title")
	inputs := badInputs()
	if len(inputs) < 150 {
		t.Errorf("only %d inputs", len(inputs))
	}
	for _, in := range inputs {
		t.Run(in.name, func(t *testing.T) {
			a := s.do(in.method, strings.ReplaceAll(in.path, "ID", made.ID), in.body, in.headers...)
			if in.method == http.MethodHead {
				if a.status != in.status {
					t.Errorf("%d, want %d", a.status, in.status)
				}
			} else {
				wantProblem(t, a, in.status, in.field)
			}
			if leak := strings.Join([]string{"goroutine ", ".go:", "sqlite", "SELECT"}, "|"); containsAny(string(a.body), leak) {
				t.Errorf("the answer tells of our inside: %s", a.body)
			}
			after := s.do(http.MethodGet, "/tasks/"+made.ID, "")
			if after.status != http.StatusOK || after.header.Get("ETag") != first.header.Get("ETag") {
				t.Fatalf("after it, the task is %d %s", after.status, after.body)
			}
		})
	}
	if _, a := s.create("good"); a.header.Get("Taskctl-Position") == "" {
		t.Error("no position after it all")
	}
	list := s.do(http.MethodGet, "/tasks", "")
	if n := strings.Count(string(list.body), `"id":`); n != 2 {
		t.Errorf("%d tasks: something bad was kept: %s", n, list.body)
	}
}

func TestAnswerDoesNotOutgrowTheBody(t *testing.T) {
	s := start(t)
	var body strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&body, `,"unknown%d":0`, i)
	}
	a := s.do(http.MethodPost, "/tasks", "{"+body.String()[1:]+"}")
	if p := wantProblem(t, a, http.StatusUnprocessableEntity, "unknown0"); len(p.Errors) != maxFaults {
		t.Errorf("%d faults are told of", len(p.Errors))
	}
}

func containsAny(text, choices string) bool {
	for choice := range strings.SplitSeq(choices, "|") {
		if strings.Contains(text, choice) {
			return true
		}
	}
	return false
}

func badInputs() []badInput {
	var all []badInput
	all = append(all, badBodies()...)
	all = append(all, badValues()...)
	all = append(all, badQueries()...)
	all = append(all, badPaths()...)
	all = append(all, badHeaders()...)
	return all
}

// badBodies are bodies that are not JSON, for each method with a body.
func badBodies() []badInput {
	bodies := []struct{ name, body string }{
		{"truncated", `{"title":"a`},
		{"truncated after the value", `{"title":"a"`},
		{"truncated after the colon", `{"title":`},
		{"truncated literal", `{"completed":tru`},
		{"only white space", "  \n"},
		{"text", `title=a`},
		{"XML", `<task/>`},
		{"single quotes", `{'title':'a'}`},
		{"no quotes", `{title:"a"}`},
		{"trailing comma", `{"title":"a",}`},
		{"comment", `{"title":"a"/*c*/}`},
		{"two values", `{"title":"a"}{"title":"b"}`},
		{"text behind", `{"title":"a"} x`},
		{"duplicate key", `{"title":"a","title":"b"}`},
		{"duplicate key, escaped", `{"title":"a","\u0074itle":"b"}`},
		{"duplicate key, deep", `{"title":"a","x":{"y":1,"y":2}}`},
		{"not UTF-8", "{\"title\":\"a\xff\"}"},
		{"overlong UTF-8", "{\"title\":\"\xc0\xaf\"}"},
		{"surrogate as UTF-8", "{\"title\":\"\xed\xa0\x80\"}"},
		{"UTF-16", "\xff\xfe{\x00\"\x00"},
		{"two byte order marks", "\xef\xbb\xbf\xef\xbb\xbf{\"title\":\"a\"}"},
		{"lone surrogate", `{"title":"\ud800"}`},
		{"lone low surrogate", `{"title":"\udc00x"}`},
		{"swapped surrogates", `{"title":"\udc00\ud800"}`},
		{"lone surrogate in a name", `{"\ud800":1}`},
		{"raw newline", "{\"title\":\"a\nb\"}"},
		{"raw NUL", "{\"title\":\"a\x00b\"}"},
		{"NUL before", "\x00{\"title\":\"a\"}"},
		{"bad escape", `{"title":"\x41"}`},
		{"bad number", `{"completed":01}`},
		{"NaN", `{"completed":NaN}`},
		{"hex", `{"completed":0x1}`},
		{"deep array", `{"title":` + strings.Repeat("[", 100_000)},
		{"deep array, closed", `{"title":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`},
		{"deep object", strings.Repeat(`{"a":`, 100_000)},
		{"deep object, closed", strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)},
		{"wrong and then broken", `{"title":1,"completed":tru}`},
	}
	var all []badInput
	for _, b := range bodies {
		for method, path := range map[string]string{http.MethodPost: "/tasks", http.MethodPut: "/tasks/ID", http.MethodPatch: "/tasks/ID"} {
			all = append(all, badInput{method + " " + b.name, method, path, b.body, nil, 400, ""})
		}
	}
	return all
}

// badValues are JSON, but not a task.
func badValues() []badInput {
	long := strings.Repeat("ñ", task.MaxTitle+1)
	longText := strings.Repeat("🎯", task.MaxDescription+1)
	post := func(name, body, field string) badInput {
		return badInput{"POST " + name, http.MethodPost, "/tasks", body, nil, 422, field}
	}
	put := func(name, body, field string) badInput {
		return badInput{"PUT " + name, http.MethodPut, "/tasks/ID", body, nil, 422, field}
	}
	patch := func(name, body, field string) badInput {
		return badInput{"PATCH " + name, http.MethodPatch, "/tasks/ID", body, nil, 422, field}
	}
	all := []badInput{
		post("no title", `{}`, "title"),
		post("only a description", `{"description":"d"}`, "title"),
		post("id", `{"title":"t","id":"`+exampleID+`"}`, "id"),
		post("created_at", `{"title":"t","created_at":"2024-01-15T10:00:00Z"}`, "created_at"),
		post("null description", `{"title":"t","description":null}`, "description"),
		post("null completed", `{"title":"t","completed":null}`, "completed"),
		put("no title", `{"completed":true}`, "title"),
		put("another id", `{"title":"t","id":"`+exampleID+`"}`, "id"),
		put("id of another type", `{"title":"t","id":7}`, "id"),
		put("empty id", `{"title":"t","id":""}`, "id"),
		put("another time", `{"title":"t","created_at":"2001-01-15T10:00:00Z"}`, "created_at"),
		put("a time that is none", `{"title":"t","updated_at":"yesterday"}`, "updated_at"),
		put("a time of another type", `{"title":"t","updated_at":1705312800}`, "updated_at"),
		put("null description", `{"title":"t","description":null}`, "description"),
		patch("null title", `{"title":null}`, "title"),
		patch("null id", `{"id":null}`, "id"),
		patch("another id", `{"id":"`+exampleID+`"}`, "id"),
		patch("another time", `{"updated_at":"2001-01-15T10:00:00Z"}`, "updated_at"),
	}
	for _, make := range []func(name, body, field string) badInput{post, put, patch} {
		all = append(all,
			make("array", `[]`, "body"),
			make("null", `null`, "body"),
			make("text", `"title"`, "body"),
			make("number", `42`, "body"),
			make("true", `true`, "body"),
			make("empty title", `{"title":""}`, "title"),
			make("title of white space", `{"title":" \t\n\u00a0\u2003 "}`, "title"),
			make("title too long", `{"title":"`+long+`"}`, "title"),
			make("title number", `{"title":1}`, "title"),
			make("title object", `{"title":{"$ne":""}}`, "title"),
			make("title array", `{"title":["a"]}`, "title"),
			make("title with NUL", `{"title":"a\u0000b"}`, "title"),
			make("description too long", `{"title":"t","description":"`+longText+`"}`, "description"),
			make("description number", `{"title":"t","description":1}`, "description"),
			make("description with NUL", `{"title":"t","description":"\u0000"}`, "description"),
			make("completed text", `{"title":"t","completed":"true"}`, "completed"),
			make("completed number", `{"title":"t","completed":1}`, "completed"),
			make("completed huge number", `{"title":"t","completed":1e999}`, "completed"),
			make("unknown member", `{"title":"t","done":true}`, "done"),
			make("name in another case", `{"title":"t","Completed":true}`, "Completed"),
			make("prototype", `{"title":"t","__proto__":{}}`, "__proto__"),
			make("long name", `{"title":"t","`+strings.Repeat("n", 1000)+`":1}`, strings.Repeat("n", 64)+"…"),
		)
	}
	return all
}

func badQueries() []badInput {
	queries := []struct{ query, field string }{
		{"limit=0", "limit"},
		{"limit=1001", "limit"},
		{"limit=-1", "limit"},
		{"limit=+1", "limit"},
		{"limit=1.5", "limit"},
		{"limit=1e2", "limit"},
		{"limit=", "limit"},
		{"limit", "limit"},
		{"limit=abc", "limit"},
		{"limit=99999999999999999999", "limit"},
		{"limit=1&limit=2", "limit"},
		{"limit=%31%00", "limit"},
		{"limit=1%20", "limit"},
		{"limit=0x10", "limit"},
		{"completed=1", "completed"},
		{"completed=yes", "completed"},
		{"completed=TRUE", "completed"},
		{"completed=", "completed"},
		{"completed=null", "completed"},
		{"completed=true&completed=false", "completed"},
		{"cursor=nonsense", "cursor"},
		{"cursor=%27%20OR%201%3D1", "cursor"},
		{"cursor=../../etc/passwd", "cursor"},
		{"cursor=" + strings.Repeat("A", 4000), "cursor"},
		{"cursor=%ff", "cursor"},
		{"cursor=%00", "cursor"},
		{"q=%ff", "q"},
		{"q=a%00b", "q"},
		{"q=%zz", "q"},
		{"q=%", "q"},
		{"q=a&q=b", "q"},
		{"q=" + strings.Repeat("x", 1001), "q"},
		{"offset=5", "offset"},
		{"page=1", "page"},
		{"Limit=5", "Limit"},
		{"limit[]=5", "limit[]"},
		{"=1", ""},
		{"limit=1;completed=true", "limit"},
		{"%zz=1", "query"},
		{"%ff=1", ""},
		{"token=secret", "token"},
	}
	var all []badInput
	for _, q := range queries {
		all = append(all, badInput{"GET /tasks?" + clip(q.query), http.MethodGet, "/tasks?" + q.query, "", nil, 422, q.field})
	}
	events := []struct{ query, field string }{
		{"since=x", "since"},
		{"since=-1", "since"},
		{"since=+1", "since"},
		{"since=1.0", "since"},
		{"since=", "since"},
		{"since=:1", "since"},
		{"since=a:", "since"},
		{"since=a:b:1", "since"},
		{"since=a%20b:1", "since"},
		{"since=9223372036854775808", "since"},
		{"since=" + strings.Repeat("e", 65) + ":1", "since"},
		{"since=1&since=2", "since"},
		{"since=%27;DROP%20TABLE%20events:1", "since"},
		{"limit=0", "limit"},
		{"limit=1001", "limit"},
		{"after=1", "after"},
	}
	for _, q := range events {
		all = append(all, badInput{"GET /events?" + clip(q.query), http.MethodGet, "/events?" + q.query, "", nil, 422, q.field})
		if !strings.HasPrefix(q.query, "limit") {
			all = append(all, badInput{"stream /events?" + clip(q.query), http.MethodGet, "/events?" + q.query, "", []string{"Accept", "text/event-stream"}, 422, q.field})
		}
	}
	stream := []string{"Accept", "text/event-stream"}
	return append(all,
		badInput{"stream with a limit", http.MethodGet, "/events?limit=10", "", stream, 422, "limit"},
		badInput{"stream, bad Last-Event-ID", http.MethodGet, "/events", "", append([]string{"Last-Event-ID", "x y"}, stream...), 422, "Last-Event-ID"},
		badInput{"stream, bad Last-Event-ID over a good since", http.MethodGet, "/events?since=0", "", append([]string{"Last-Event-ID", "-1"}, stream...), 422, "Last-Event-ID"},
		badInput{"events ahead", http.MethodGet, "/events?since=9223372036854775807", "", nil, 410, ""},
		badInput{"events of another epoch", http.MethodGet, "/events?since=other:0", "", nil, 410, ""},
		badInput{"one task with a query", http.MethodGet, "/tasks/ID?fields=title", "", nil, 422, "fields"},
		badInput{"POST with a query", http.MethodPost, "/tasks?title=x", `{"title":"t"}`, nil, 422, "title"},
		badInput{"PATCH with a query", http.MethodPatch, "/tasks/ID?completed=true", `{}`, nil, 422, "completed"},
		badInput{"DELETE with a query", http.MethodDelete, "/tasks/ID?force=1", "", nil, 422, "force"},
	)
}

func badPaths() []badInput {
	var all []badInput
	for _, path := range []string{
		"/task", "/tasks/", "//tasks", "/tasks//", "/./tasks", "/tasks/../tasks", "/tasks/%2e%2e/tasks", "/../etc/passwd", "/..%2f..%2fetc/passwd",
		"/tasks/ID/", "/tasks/ID/x", "/TASKS", "/tasks%00", "/tasks%20", "/tasks;x=1", "/ws", "/link", "/favicon.ico", "/debug/pprof/", "/board/x.js",
		"/tasks/1", "/tasks/0", "/tasks/-1", "/tasks/abc", "/tasks/*", "/tasks/%00", "/tasks/%ff", "/tasks/..", "/tasks/%2F", "/tasks/null",
		"/tasks/%27%20OR%201=1--", "/tasks/{ID}", "/tasks/urn:uuid:ID", "/tasks/" + exampleID, "/tasks/" + strings.ReplaceAll(exampleID, "-", ""),
		"/tasks/ID%00", "/tasks/ID%20", "/tasks/" + strings.Repeat("9", 5000), "/tasks/" + strings.Repeat("g", 36),
	} {
		all = append(all, badInput{"GET " + clip(path), http.MethodGet, path, "", nil, 404, ""})
	}
	for _, method := range []string{http.MethodPut, http.MethodPatch} {
		all = append(all, badInput{method + " of none", method, "/tasks/" + exampleID, `{"title":"t"}`, nil, 404, ""},
			badInput{method + " of no UUID", method, "/tasks/abc", `{"title":"t"}`, nil, 404, ""})
	}
	all = append(all, badInput{"DELETE of none", http.MethodDelete, "/tasks/" + exampleID, "", nil, 404, ""})
	for _, in := range []struct{ method, path string }{
		{"DELETE", "/tasks"},
		{"PUT", "/tasks"},
		{"PATCH", "/tasks"},
		{"POST", "/tasks/ID"},
		{"POST", "/events"},
		{"DELETE", "/events"},
		{"POST", "/healthz"},
		{"POST", "/metrics"},
		{"PUT", "/"},
		{"DELETE", "/openapi.json"},
		{"TRACE", "/tasks"},
		{"PROPFIND", "/tasks"},
		{"get", "/tasks"},
		{"QUERY", "/tasks"},
		{"LINK", "/tasks/ID"},
	} {
		all = append(all, badInput{in.method + " " + in.path, in.method, in.path, "", nil, 405, ""})
	}
	return append(all, badInput{"HEAD of nothing", http.MethodHead, "/nothing", "", nil, 404, ""})
}

func badHeaders() []badInput {
	const good = `{"title":"t"}`
	var all []badInput
	for _, contentType := range []string{
		"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/xml", "application/merge-patch+json",
		"application/json-patch+json", "application/json; charset=latin1", "application/json; charset=utf-16", "text/json", "nonsense", "/", "application/json,text/plain",
	} {
		all = append(all, badInput{"POST as " + contentType, http.MethodPost, "/tasks", good, []string{"Content-Type", contentType}, 415, "Content-Type"})
	}
	all = append(all,
		badInput{"PATCH as JSON Patch", http.MethodPatch, "/tasks/ID", `[]`, []string{"Content-Type", "application/json-patch+json"}, 415, "Content-Type"},
		badInput{"PUT as a merge patch", http.MethodPut, "/tasks/ID", good, []string{"Content-Type", "application/merge-patch+json"}, 415, "Content-Type"},
		badInput{"compressed", http.MethodPost, "/tasks", good, []string{"Content-Encoding", "gzip"}, 415, "Content-Encoding"},
		badInput{"too large", http.MethodPost, "/tasks", `{"title":"t","description":"` + strings.Repeat("x", MaxBody) + `"}`, nil, 413, ""},
		badInput{"too large, white space", http.MethodPut, "/tasks/ID", good + strings.Repeat(" ", MaxBody), nil, 413, ""},
		badInput{"too large for a deletion", http.MethodDelete, "/tasks/ID", strings.Repeat("x", MaxBody+1), nil, 413, ""},
		badInput{"If-Match stale", http.MethodPatch, "/tasks/ID", `{"title":"x"}`, []string{"If-Match", `"9"`}, 412, "If-Match"},
		badInput{"If-Match broken", http.MethodPatch, "/tasks/ID", `{"title":"x"}`, []string{"If-Match", `9`}, 422, "If-Match"},
		badInput{"If-None-Match broken", http.MethodGet, "/tasks/ID", "", []string{"If-None-Match", `9`}, 422, "If-None-Match"},
		badInput{"key too long", http.MethodPost, "/tasks", good, []string{"Idempotency-Key", strings.Repeat("k", 256)}, 422, "Idempotency-Key"},
	)
	for i, origin := range []string{"https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "file://", "chrome-extension://x"} {
		all = append(all,
			badInput{fmt.Sprintf("foreign origin %d", i), http.MethodPost, "/tasks", good, []string{"Origin", origin}, 403, ""},
			badInput{fmt.Sprintf("foreign origin %d reading", i), http.MethodGet, "/tasks", "", []string{"Origin", origin}, 403, ""})
	}
	for _, host := range []string{"evil.example", "evil.example:8001", "localhost.evil.example", "192.0.2.1", "0.0.0.0"} {
		all = append(all, badInput{"host " + host, http.MethodGet, "/tasks", "", []string{"Host", host}, 403, ""})
	}
	return all
}
