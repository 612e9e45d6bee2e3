package api

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/task"
)

func TestCreateAnswersTheTask(t *testing.T) {
	s := start(t)
	a := s.do(http.MethodPost, "/tasks", `{"title":"  Prueba WebSocket ","description":"Tarea «ñ» 🎯\n\u0001"}`)
	if a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.body)
	}
	shape := regexp.MustCompile(`^\{"id":"[0-9a-f-]{36}","title":"Prueba WebSocket","description":"Tarea «ñ» 🎯\\n\\u0001","completed":false,"created_at":"[0-9T:.-]+Z","updated_at":"[0-9T:.-]+Z"\}$`)
	if !shape.Match(a.body) {
		t.Errorf("body %s", a.body)
	}
	created := decode[task.Task](t, a)
	if got := a.header.Get("Location"); got != "tasks/"+created.ID {
		t.Errorf("Location %q", got)
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	if !regexp.MustCompile(`^"\d+"$`).MatchString(a.header.Get("ETag")) {
		t.Errorf("ETag %q is not strong", a.header.Get("ETag"))
	}
	if _, err := task.ParsePosition(a.header.Get("Taskctl-Position")); err != nil {
		t.Errorf("Taskctl-Position %q: %v", a.header.Get("Taskctl-Position"), err)
	}
	got := s.do(http.MethodGet, "/"+a.header.Get("Location"), "")
	if got.status != http.StatusOK || string(got.body) != string(a.body) || got.header.Get("ETag") != a.header.Get("ETag") {
		t.Errorf("GET: %d %s, ETag %s", got.status, got.body, got.header.Get("ETag"))
	}
}

func TestReplace(t *testing.T) {
	s := start(t)
	old, _ := s.create("old")
	path := "/tasks/" + old.ID
	s.do(http.MethodPatch, path, `{"description":"text","completed":true}`)

	a := s.do(http.MethodPut, path, `{"title":"new"}`)
	got := decode[task.Task](t, a)
	if a.status != http.StatusOK || got.Title != "new" || got.Description != "" || got.Completed {
		t.Fatalf("%d %s: what is left out is to become empty", a.status, a.body)
	}
	if !got.CreatedAt.Equal(old.CreatedAt) {
		t.Errorf("created_at %v became %v", old.CreatedAt, got.CreatedAt)
	}

	back := s.do(http.MethodPut, path, string(a.body))
	if back.status != http.StatusOK || string(back.body) != string(a.body) {
		t.Errorf("sent back unchanged: %d %s", back.status, back.body)
	}
	if back.header.Get("Taskctl-Position") != a.header.Get("Taskctl-Position") {
		t.Errorf("a change of nothing moved the log from %s to %s", a.header.Get("Taskctl-Position"), back.header.Get("Taskctl-Position"))
	}
	other := strings.Replace(string(a.body), `"created_at":"2`, `"created_at":"1`, 1)
	wantProblem(t, s.do(http.MethodPut, path, other), http.StatusUnprocessableEntity, "created_at")
	upper := strings.Replace(string(a.body), old.ID, strings.ToUpper(old.ID), 1)
	if a := s.do(http.MethodPut, "/tasks/"+strings.ToUpper(old.ID), upper); a.status != http.StatusOK {
		t.Errorf("an id in upper case: %d %s", a.status, a.body)
	}
}

func TestMergePatch(t *testing.T) {
	s := start(t)
	tests := []struct{ name, patch, want string }{ // want: title/description/completed
		{"nothing", `{}`, "title/text/true"},
		{"title", `{"title":" new "}`, "new/text/true"},
		{"description", `{"description":""}`, "title//true"},
		{"completed", `{"completed":false}`, "title/text/false"},
		{"all", `{"completed":false,"description":"d","title":"t"}`, "t/d/false"},
		{"null description", `{"description":null}`, "title//true"},
		{"null completed", `{"completed":null}`, "title/text/false"},
		{"escaped name", `{"\u0074itle":"new"}`, "new/text/true"},
		{"white space", " {\n\t\"title\" : \"new\" } \r\n", "new/text/true"},
	}
	for _, contentType := range []string{"application/merge-patch+json", "application/json; charset=UTF-8"} {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				made, _ := s.create("title")
				path := "/tasks/" + made.ID
				before := s.do(http.MethodPatch, path, `{"description":"text","completed":true}`)
				a := s.do(http.MethodPatch, path, test.patch, "Content-Type", contentType)
				if a.status != http.StatusOK {
					t.Fatalf("%d %s", a.status, a.body)
				}
				got := decode[task.Task](t, a)
				if text := fmt.Sprintf("%s/%s/%t", got.Title, got.Description, got.Completed); text != test.want {
					t.Errorf("got %s, want %s", text, test.want)
				}
				changed := a.header.Get("Taskctl-Position") != before.header.Get("Taskctl-Position")
				if wantChange := test.want != "title/text/true"; changed != wantChange {
					t.Errorf("changed %t, want %t", changed, wantChange)
				}
			})
		}
	}
}

func TestDelete(t *testing.T) {
	s := start(t)
	made, _ := s.create("title")
	a := s.do(http.MethodDelete, "/tasks/"+made.ID, "")
	if a.status != http.StatusNoContent || len(a.body) != 0 || a.header.Get("Taskctl-Position") == "" {
		t.Errorf("%d %q, position %q", a.status, a.body, a.header.Get("Taskctl-Position"))
	}
	wantProblem(t, s.do(http.MethodGet, "/tasks/"+made.ID, ""), http.StatusNotFound, "")
	wantProblem(t, s.do(http.MethodDelete, "/tasks/"+made.ID, ""), http.StatusNotFound, "")
}

// An answer that a task does not exist, or has another version, has a position too.
func TestRefusalsSayWhereTheyStand(t *testing.T) {
	s := start(t)
	made, _ := s.create("title")
	want := s.do(http.MethodGet, "/tasks", "").header.Get("Taskctl-Position")
	for _, test := range []struct {
		method, path, body string
		header             []string
		status             int
	}{
		{http.MethodGet, "/tasks/" + exampleID, "", nil, http.StatusNotFound},
		{http.MethodGet, "/tasks/none", "", nil, http.StatusNotFound},
		{http.MethodPut, "/tasks/" + exampleID, `{"title":"x"}`, nil, http.StatusNotFound},
		{http.MethodPatch, "/tasks/none", `{}`, nil, http.StatusNotFound},
		{http.MethodDelete, "/tasks/" + exampleID, "", nil, http.StatusNotFound},
		{http.MethodPatch, "/tasks/" + made.ID, `{"title":"x"}`, []string{"If-Match", `"99"`}, http.StatusPreconditionFailed},
		{http.MethodDelete, "/tasks/" + made.ID, "", []string{"If-Match", `"99"`}, http.StatusPreconditionFailed},
	} {
		a := s.do(test.method, test.path, test.body, test.header...)
		if got := a.header.Get("Taskctl-Position"); a.status != test.status || got != want {
			t.Errorf("%s %s: %d at %q, want %d at %q", test.method, test.path, a.status, got, test.status, want)
		}
	}
}

func TestList(t *testing.T) {
	s := start(t)
	empty := s.do(http.MethodGet, "/tasks", "")
	if !regexp.MustCompile(`^\{"tasks":\[\],"seq":0,"epoch":"\w+"\}$`).Match(empty.body) {
		t.Errorf("empty list: %s", empty.body)
	}
	var ids []string
	for i := range 5 {
		made, _ := s.create(fmt.Sprintf("task %d", i))
		ids = append([]string{made.ID}, ids...)
	}
	s.do(http.MethodPatch, "/tasks/"+ids[0], `{"completed":true,"description":"SUBWAY"}`)

	type page struct {
		Tasks []task.Task `json:"tasks"`
		Next  *string     `json:"next_cursor"`
		Seq   uint64      `json:"seq"`
		Epoch string      `json:"epoch"`
	}
	var got []string
	path := "/tasks?limit=2"
	for pages := 1; ; pages++ {
		a := s.do(http.MethodGet, path, "")
		p := decode[page](t, a)
		if stand := fmt.Sprintf("%s:%d", p.Epoch, p.Seq); stand != a.header.Get("Taskctl-Position") || p.Seq != 6 {
			t.Errorf("stands at %s, header %s", stand, a.header.Get("Taskctl-Position"))
		}
		for _, one := range p.Tasks {
			got = append(got, one.ID)
		}
		if p.Next == nil {
			if pages != 3 {
				t.Errorf("%d pages, want 3", pages)
			}
			break
		}
		path = "/tasks?limit=2&cursor=" + *p.Next
	}
	if strings.Join(got, " ") != strings.Join(ids, " ") {
		t.Errorf("listed %v, want newest first: %v", got, ids)
	}
	for query, want := range map[string]int{
		"id=" + ids[1][24:]: 1, "id=" + strings.ToUpper(ids[1][:24]): 1, "id=" + ids[1]: 1, "id=-": 0, "id=" + ids[1][:2]: 5,
		"id=" + ids[1][:2] + "&completed=false": 4,
		"completed=true":                        1, "completed=false": 4, "q=TASK": 5, "q=subway": 1, "q=bwa": 1, "q=": 5, "q=100%25": 0,
		"q=task&completed=true": 1, "limit=1000": 5, "": 5, "&": 5, "q=%27%3B+DROP+TABLE+tasks%3B--": 0,
	} {
		if n := len(decode[page](t, s.do(http.MethodGet, "/tasks?"+query, "")).Tasks); n != want {
			t.Errorf("?%s lists %d, want %d", query, n, want)
		}
	}
	for _, query := range []string{"id=", "id=%25", "id=g", "id=" + ids[0] + "0", "id=a&q=b", "id=a&id=b"} {
		if a := s.do(http.MethodGet, "/tasks?"+query, ""); a.status != http.StatusUnprocessableEntity {
			t.Errorf("?%s: %d %s", query, a.status, a.body)
		}
	}
}

func TestReadmeLines(t *testing.T) {
	s := start(t)
	body := "{\n    \"title\": \"Prueba WebSocket\",\n    \"description\": \"Tarea para probar notificaciones\"\n  }"
	a := s.do(http.MethodPost, "/tasks", body)
	if a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.body)
	}
	id := decode[task.Task](t, a).ID
	if a := s.do(http.MethodPatch, "/tasks/"+id, `{"completed": true}`); a.status != http.StatusOK {
		t.Errorf("PATCH: %d %s", a.status, a.body)
	}
	if a := s.do(http.MethodDelete, "/tasks/"+id, ""); a.status != http.StatusNoContent {
		t.Errorf("DELETE: %d %s", a.status, a.body)
	}
}

// A byte order mark before the JSON is ignored (RFC 8259 §8.1), and times may have
// letters in lower case (RFC 3339 §5.6).
func TestLenientBodies(t *testing.T) {
	s := start(t)
	a := s.do(http.MethodPost, "/tasks", "\xef\xbb\xbf{\"title\":\"mark\"}")
	if a.status != http.StatusCreated || decode[task.Task](t, a).Title != "mark" {
		t.Errorf("byte order mark: %d %s", a.status, a.body)
	}
	made := decode[task.Task](t, a)
	body := strings.NewReplacer("T", "t", "Z", "z").Replace(made.CreatedAt.Format(time.RFC3339Nano))
	a = s.do(http.MethodPut, "/tasks/"+made.ID, `{"title":"time","created_at":"`+body+`"}`)
	if a.status != http.StatusOK {
		t.Errorf("lower-case time: %d %s", a.status, a.body)
	}
}
