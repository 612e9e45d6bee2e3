package api

import (
	"net/http"
	"strings"
	"testing"

	"taskctl/pkg/task"
)

func TestIfMatch(t *testing.T) {
	s := start(t)
	tests := []struct {
		name string
		tags string // CURRENT stands for the task's ETag
		want int
	}{
		{"current", `CURRENT`, 200},
		{"any", `*`, 200},
		{"in a list", `"1234567", CURRENT`, 200},
		{"in a list without spaces", `"a,b",CURRENT,"c"`, 200},
		{"empty elements", `, ,CURRENT,,`, 200},
		{"stale", `"1234567"`, 412},
		{"weak", `W/CURRENT`, 412},
		{"weak beside another", `W/CURRENT, "1234567"`, 412},
		{"foreign", `"abc"`, 412},
		{"empty tag", `""`, 412},
		{"leading zero", `"0CURRENT`, 422},
		{"not quoted", `42`, 422},
		{"half quoted", `"42`, 422},
		{"nothing", `,`, 422},
		{"star in a list", `*, "42"`, 422},
		{"two stars", `**`, 422},
		{"space inside", `"4 2"`, 422},
		{"small w", `w/"42"`, 422},
		{"text behind", `"42"x`, 422},
	}
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
		for _, test := range tests {
			t.Run(method+" "+test.name, func(t *testing.T) {
				made, a := s.create("title")
				body := `{"title":"other"}`
				if method == http.MethodDelete {
					body = ""
				}
				got := s.do(method, "/tasks/"+made.ID, body, "If-Match", strings.ReplaceAll(test.tags, "CURRENT", a.header.Get("ETag")))
				want := test.want
				if want == http.StatusOK && method == http.MethodDelete {
					want = http.StatusNoContent
				}
				if want >= 400 {
					wantProblem(t, got, want, "If-Match")
					after := s.do(http.MethodGet, "/tasks/"+made.ID, "")
					if after.header.Get("ETag") != a.header.Get("ETag") {
						t.Errorf("the task was changed all the same: %s", after.body)
					}
				} else if got.status != want {
					t.Errorf("%d %s, want %d", got.status, got.body, want)
				}
			})
		}
	}
	made, a := s.create("title")
	if got := s.do(http.MethodPatch, "/tasks/"+made.ID, `{}`, "If-Match", `"1"`, "If-Match", a.header.Get("ETag")); got.status != http.StatusOK {
		t.Errorf("split into two headers: %d %s", got.status, got.body)
	}
	wantProblem(t, s.do(http.MethodPost, "/tasks", `{"title":"t"}`, "If-Match", `"1"`), http.StatusPreconditionFailed, "If-Match")
	wantProblem(t, s.do(http.MethodPut, "/tasks/"+made.ID, `{"title":"t"}`, "If-None-Match", "*"), http.StatusPreconditionFailed, "")
	wantProblem(t, s.do(http.MethodPut, "/tasks/"+made.ID, `{"title":"t"}`, "If-None-Match", `"1"`), http.StatusUnprocessableEntity, "If-None-Match")
	wantProblem(t, s.do(http.MethodDelete, "/tasks/"+exampleID, "", "If-Match", "*"), http.StatusNotFound, "")
}

func TestETagChangesWithTheTask(t *testing.T) {
	s := start(t)
	made, first := s.create("title")
	s.create("another")
	same := s.do(http.MethodPatch, "/tasks/"+made.ID, `{"title":"title"}`)
	if same.header.Get("ETag") != first.header.Get("ETag") {
		t.Error("a patch of nothing gave a new ETag")
	}
	other := s.do(http.MethodPatch, "/tasks/"+made.ID, `{"title":"new"}`)
	if other.header.Get("ETag") == first.header.Get("ETag") {
		t.Error("a change left the ETag as it was")
	}
}

func TestIfNoneMatch(t *testing.T) {
	s := start(t)
	made, a := s.create("title")
	tag := a.header.Get("ETag")
	for value, want := range map[string]int{
		tag: 304, "W/" + tag: 304, "*": 304, `"x", ` + tag: 304, `"1234567"`: 200, `""`: 200, "nonsense": 422,
	} {
		got := s.do(http.MethodGet, "/tasks/"+made.ID, "", "If-None-Match", value)
		if got.status != want {
			t.Errorf("%s: %d, want %d", value, got.status, want)
		}
		if want == http.StatusNotModified && (got.header.Get("ETag") != tag || len(got.body) > 0 || got.header.Get("Taskctl-Position") == "") {
			t.Errorf("%s: headers %v, body %q", value, got.header, got.body)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	s := start(t)
	made, first := s.create("title", "Idempotency-Key", "create")
	again, repeated := s.create("title", "Idempotency-Key", "create")
	if again.ID != made.ID || string(repeated.body) != string(first.body) {
		t.Errorf("repeated: %s, first %s", repeated.body, first.body)
	}
	for _, name := range []string{"ETag", "Location", "Taskctl-Position", "Content-Type"} {
		if repeated.header.Get(name) != first.header.Get(name) {
			t.Errorf("%s repeated as %q, first %q", name, repeated.header.Get(name), first.header.Get(name))
		}
	}
	path := "/tasks/" + made.ID
	writes := []struct{ method, path, body string }{
		{http.MethodPost, "/tasks", `{"title":"other"}`},
		{http.MethodPost, "/tasks", `{"title":"title" }`},
		{http.MethodPut, path, `{"title":"title"}`},
		{http.MethodDelete, path, ""},
	}
	for _, w := range writes {
		p := wantProblem(t, s.do(w.method, w.path, w.body, "Idempotency-Key", "create"), http.StatusUnprocessableEntity, "Idempotency-Key")
		if p.Type != "urn:taskctl:problem:key-reused" {
			t.Errorf("type %s", p.Type)
		}
	}
	patched := s.do(http.MethodPatch, path, `{"title":"a"}`, "Idempotency-Key", "patch", "If-Match", first.header.Get("ETag"))
	s.do(http.MethodPatch, path, `{"title":"b"}`)
	replay := s.do(http.MethodPatch, path, `{"title":"a"}`, "Idempotency-Key", "patch", "If-Match", first.header.Get("ETag"))
	if replay.status != http.StatusOK || string(replay.body) != string(patched.body) {
		t.Errorf("a patch that was overtaken repeats as %d %s, first %s", replay.status, replay.body, patched.body)
	}
	wantProblem(t, s.do(http.MethodPatch, path, `{"title":"a"}`, "Idempotency-Key", "patch"), http.StatusUnprocessableEntity, "Idempotency-Key")
	for range 2 {
		if a := s.do(http.MethodDelete, path, "", "Idempotency-Key", "delete"); a.status != http.StatusNoContent {
			t.Errorf("DELETE: %d %s", a.status, a.body)
		}
	}
	for _, keys := range [][]string{{strings.Repeat("k", 256)}, {"a", "b"}} {
		var headers []string
		for _, key := range keys {
			headers = append(headers, "Idempotency-Key", key)
		}
		wantProblem(t, s.do(http.MethodPost, "/tasks", `{"title":"t"}`, headers...), http.StatusUnprocessableEntity, "Idempotency-Key")
	}
	s.create("longest", "Idempotency-Key", strings.Repeat("k", 255))
}

func TestVersionOf(t *testing.T) {
	for text, want := range map[string]uint64{"1": 1, "42": 42, "": 0, "01": 0, "+1": 0, "-1": 0, "x": 0, "9223372036854775808": 0} {
		if got := versionOf(text); got != want {
			t.Errorf("versionOf(%q) = %d, want %d", text, got, want)
		}
	}
	if got := versionOf("9223372036854775807"); got != task.MaxSeq {
		t.Errorf("the largest is read as %d", got)
	}
}
