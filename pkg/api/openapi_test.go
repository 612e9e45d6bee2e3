package api

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"taskctl/pkg/access"
	"taskctl/pkg/task"
)

// document is the parsed OpenAPI document.
type document struct {
	OpenAPI    string
	Paths      map[string]map[string]documentOperation
	Components struct {
		Parameters map[string]documentParameter
		Responses  map[string]documentResponse
		Schemas    map[string]schema
	}
}

type documentOperation struct {
	Parameters []struct {
		Ref string `json:"$ref"`
	}
	RequestBody struct{ Content map[string]any }
	Responses   map[string]documentResponse
}

type documentParameter struct {
	Name, In string
	Schema   schema
}

type documentResponse struct {
	Ref     string `json:"$ref"`
	Headers map[string]any
	Content map[string]struct {
		Schema   schema
		Example  any
		Examples map[string]struct{ Value any }
	}
}

func (s *service) document() document {
	s.t.Helper()
	var d document
	if err := json.Unmarshal(s.do(http.MethodGet, "/openapi.json", "").body, &d); err != nil {
		s.t.Fatal(err)
	}
	return d
}

// TestDocumentIsTheContract compares the document with a table of the promised
// operations, so that neither changes alone.
func TestDocumentIsTheContract(t *testing.T) {
	d := start(t).document()
	if !strings.HasPrefix(d.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", d.OpenAPI)
	}
	const always = "401 403 503 default"
	want := map[string]string{ // parameters | media types of the body | statuses
		"get /tasks":         "limit cursor completed q id If-None-Match||200 304 422",
		"post /tasks":        "Idempotency-Key|application/json|201 400 412 413 415 422",
		"get /tasks/{id}":    "id If-Match If-None-Match||200 304 404 412 422",
		"put /tasks/{id}":    "id If-Match Idempotency-Key|application/json|200 400 404 412 413 415 422",
		"patch /tasks/{id}":  "id If-Match Idempotency-Key|application/json application/merge-patch+json|200 400 404 412 413 415 422",
		"delete /tasks/{id}": "id If-Match Idempotency-Key||204 404 412 413 422",
		"get /events":        "since limit Last-Event-ID lastEventId||200 410 422",
		"get /healthz":       "||200",
		"get /readyz":        "||200",
		"get /metrics":       "||200",
		"get /openapi.json":  "||200",
		"get /":              "||200",
	}
	got := map[string]string{}
	for path, operations := range d.Paths {
		for method, op := range operations {
			var names []string
			for _, p := range op.Parameters {
				names = append(names, d.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")].Name)
			}
			var statuses []string
			for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
				if !slices.Contains(strings.Fields(always), status) {
					statuses = append(statuses, status)
				}
			}
			mediaTypes := slices.Sorted(maps.Keys(op.RequestBody.Content))
			got[method+" "+path] = strings.Join(names, " ") + "|" + strings.Join(mediaTypes, " ") + "|" + strings.Join(statuses, " ")
			for _, status := range strings.Fields(always) {
				if _, ok := op.Responses[status]; !ok {
					t.Errorf("%s %s has no %s", method, path, status)
				}
			}
		}
	}
	for name, w := range want {
		if got[name] != w {
			t.Errorf("%s: %q, want %q", name, got[name], w)
		}
	}
	for _, r := range new(Server).routeList() {
		_, documented := got[strings.ToLower(r.method)+" "+r.path]
		internal := r.page && r.path != "/" || r.path == "/session" || r.path == "/asyncapi.json" || r.path == "/system"
		if documented == internal {
			t.Errorf("%s %s: in the document: %t", r.method, r.path, documented)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d operations, want %d: %v", len(got), len(want), slices.Sorted(maps.Keys(got)))
	}
}

// TestAnswersAreAsDocumented checks real answers, most of them encoded by hand,
// against the schemas of the document, and their headers against its lists.
func TestAnswersAreAsDocumented(t *testing.T) {
	s := start(t)
	d := s.document()
	made, created := s.create("title")
	path := "/tasks/" + made.ID
	tests := []struct {
		operation string // method and path in the document
		answer    answer
	}{
		{"post /tasks", created},
		{"post /tasks", s.do(http.MethodPost, "/tasks", `{"title":1,"x":2}`)},
		{"post /tasks", s.do(http.MethodPost, "/tasks", `{`)},
		{"post /tasks", s.do(http.MethodPost, "/tasks", `{}`, "Content-Type", "text/plain")},
		{"get /tasks", s.do(http.MethodGet, "/tasks", "")},
		{"get /tasks/{id}", s.do(http.MethodGet, path, "")},
		{"get /tasks/{id}", s.do(http.MethodGet, path, "", "If-None-Match", "*")},
		{"get /tasks/{id}", s.do(http.MethodGet, "/tasks/none", "")},
		{"get /tasks/{id}", s.do(http.MethodGet, path, "", "Host", "evil.example")},
		{"put /tasks/{id}", s.do(http.MethodPut, path, `{"title":"put"}`)},
		{"patch /tasks/{id}", s.do(http.MethodPatch, path, `{"completed":true}`)},
		{"patch /tasks/{id}", s.do(http.MethodPatch, path, `{}`, "If-Match", `"77"`)},
		{"delete /tasks/{id}", s.do(http.MethodDelete, path, "")},
		{"get /events", s.do(http.MethodGet, "/events", "")},
		{"get /events", s.do(http.MethodGet, "/events?since=99", "")},
		{"get /events", s.do(http.MethodHead, "/events", "", "Accept", streamType)},
		{"get /healthz", s.do(http.MethodGet, "/healthz", "")},
		{"get /readyz", s.do(http.MethodGet, "/readyz", "")},
		{"get /metrics", s.do(http.MethodGet, "/metrics", "")},
	}
	for _, test := range tests {
		t.Run(test.operation+" "+http.StatusText(test.answer.status), func(t *testing.T) {
			method, path, _ := strings.Cut(test.operation, " ")
			told := d.response(method, path, test.answer.status)
			mediaType, _, _ := strings.Cut(test.answer.header.Get("Content-Type"), ";")
			if _, ok := told.Content[mediaType]; !ok && (mediaType != "" || len(told.Content) > 0) {
				t.Errorf("media type %q is not documented", mediaType)
			}
			for name := range told.Headers {
				if test.answer.header.Get(name) == "" {
					t.Errorf("header %s is documented and not there", name)
				}
			}
			for _, name := range []string{"ETag", "Location", "Taskctl-Position", "Retry-After", "Allow"} {
				if _, ok := told.Headers[name]; !ok && test.answer.header.Get(name) != "" {
					t.Errorf("header %s is there and not documented", name)
				}
			}
			if strings.HasSuffix(mediaType, "json") {
				d.wantSchema(t, told.Content[mediaType].Schema, test.answer.body)
			}
		})
	}
}

func (d *document) response(method, path string, status int) documentResponse {
	op := d.Paths[path][method]
	r, ok := op.Responses[strconv.Itoa(status)]
	if !ok {
		r = op.Responses["default"]
	}
	if name, isRef := strings.CutPrefix(r.Ref, "#/components/responses/"); isRef {
		return d.Components.Responses[name]
	}
	return r
}

// TestExamplesWork sends the document's own examples.
func TestExamplesWork(t *testing.T) {
	s := start(t)
	var d struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal(s.do(http.MethodGet, "/openapi.json", "").body, &d); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for path, operations := range d.Paths {
		for method, op := range operations {
			for mediaType, content := range op.RequestBody.Content {
				made, _ := s.create("title")
				a := s.do(strings.ToUpper(method), strings.Replace(path, "{id}", made.ID, 1), string(content.Example), "Content-Type", mediaType)
				if a.status >= 300 {
					t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
				}
				sent++
			}
		}
	}
	if sent != 4 {
		t.Errorf("%d examples, want 4", sent)
	}
}

// TestExamplesHaveTheFormsOfTheStore checks that the store accepts the example cursor,
// and that the example epoch has its format.
func TestExamplesHaveTheFormsOfTheStore(t *testing.T) {
	s := start(t)
	a := s.do(http.MethodGet, "/tasks?cursor="+exampleCursor, "")
	if a.status != http.StatusOK {
		t.Fatalf("the cursor: %d %s", a.status, a.body)
	}
	made := decode[struct {
		Tasks []task.Task `json:"tasks"`
		Seq   uint64      `json:"seq"`
		Epoch string      `json:"epoch"`
	}](t, a).Epoch
	b, err := hex.DecodeString(exampleEpoch)
	if err != nil || hex.EncodeToString(b) != exampleEpoch || len(exampleEpoch) != len(made) {
		t.Errorf("the epoch %s, where one that was made is %s", exampleEpoch, made)
	}
}

func TestDocumentSaysWhetherATokenIsAskedFor(t *testing.T) {
	with := start(t, func(c *Config, _ *Deps) {
		c.Access.Tokens = access.NewTokens(access.TokenOptions{Token: "secret", Store: access.Store{Dir: t.TempDir()}})
	})
	for name, s := range map[string]*service{`[{"token":[]}]`: with, `[{"token":[]},{}]`: start(t)} {
		var d struct{ Security any }
		if err := json.Unmarshal(s.do(http.MethodGet, "/openapi.json", "", "Authorization", "Bearer secret").body, &d); err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(d.Security); string(got) != name {
			t.Errorf("security %s, want %s", got, name)
		}
	}
}
