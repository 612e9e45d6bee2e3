package api

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// document is what clients are told.
type document struct {
	OpenAPI    string
	Paths      map[string]map[string]documentOperation
	Components struct {
		Parameters map[string]documentParameter
		Responses  map[string]documentResponse
		Schemas    map[string]any
	}
}

type documentOperation struct {
	Parameters []struct {
		Ref string `json:"$ref"`
	}
	RequestBody struct{ Content map[string]any }
	Responses   map[string]documentResponse
}

type documentParameter struct{ Name, In string }

type documentResponse struct {
	Ref     string `json:"$ref"`
	Headers map[string]any
	Content map[string]struct {
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

// TestDocumentIsTheContract holds the document against the table of what is
// promised, so that neither changes alone.
func TestDocumentIsTheContract(t *testing.T) {
	d := start(t).document()
	if !strings.HasPrefix(d.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", d.OpenAPI)
	}
	const always = "401 403 503 default"
	want := map[string]string{ // parameters | media types of the body | statuses
		"get /tasks":         "limit cursor completed q||200 422",
		"post /tasks":        "Idempotency-Key|application/json|201 400 412 413 415 422",
		"get /tasks/{id}":    "id If-None-Match||200 304 404 422",
		"put /tasks/{id}":    "id If-Match Idempotency-Key|application/json|200 400 404 412 413 415 422",
		"patch /tasks/{id}":  "id If-Match Idempotency-Key|application/json application/merge-patch+json|200 400 404 412 413 415 422",
		"delete /tasks/{id}": "id If-Match Idempotency-Key||204 404 412 413 422",
		"get /events":        "since limit Last-Event-ID||200 410 422",
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
		body      any
	}{
		{"post /tasks", created, taskBody{}},
		{"post /tasks", s.do(http.MethodPost, "/tasks", `{"title":1,"x":2}`), problemBody{}},
		{"post /tasks", s.do(http.MethodPost, "/tasks", `{`), problemBody{}},
		{"post /tasks", s.do(http.MethodPost, "/tasks", `{}`, "Content-Type", "text/plain"), problemBody{}},
		{"get /tasks", s.do(http.MethodGet, "/tasks", ""), pageBody{}},
		{"get /tasks/{id}", s.do(http.MethodGet, path, ""), taskBody{}},
		{"get /tasks/{id}", s.do(http.MethodGet, path, "", "If-None-Match", "*"), nil},
		{"get /tasks/{id}", s.do(http.MethodGet, "/tasks/none", ""), problemBody{}},
		{"get /tasks/{id}", s.do(http.MethodGet, path, "", "Host", "evil.example"), problemBody{}},
		{"put /tasks/{id}", s.do(http.MethodPut, path, `{"title":"put"}`), taskBody{}},
		{"patch /tasks/{id}", s.do(http.MethodPatch, path, `{"completed":true}`), taskBody{}},
		{"patch /tasks/{id}", s.do(http.MethodPatch, path, `{}`, "If-Match", `"77"`), problemBody{}},
		{"delete /tasks/{id}", s.do(http.MethodDelete, path, ""), nil},
		{"get /events", s.do(http.MethodGet, "/events", ""), eventsBody{}},
		{"get /events", s.do(http.MethodGet, "/events?since=99", ""), problemBody{}},
		{"get /events", s.do(http.MethodHead, "/events", "", "Accept", streamType), nil},
		{"get /healthz", s.do(http.MethodGet, "/healthz", ""), healthBody{}},
		{"get /readyz", s.do(http.MethodGet, "/readyz", ""), readinessBody{}},
		{"get /metrics", s.do(http.MethodGet, "/metrics", ""), nil},
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
			if test.body != nil {
				wantSchema(t, test.body, test.answer.body)
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

// wantSchema validates a body against the schema made from the type of like.
func wantSchema(t *testing.T, like any, body []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	schema := registry.Schema(reflect.TypeOf(like), false, "")
	var result huma.ValidateResult
	huma.Validate(registry, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, &result)
	for _, err := range result.Errors {
		t.Errorf("%v in %s", err, body)
	}
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

// TestExamplesHaveTheFormsOfTheStore: a cursor that it takes, and an epoch as it
// makes them.
func TestExamplesHaveTheFormsOfTheStore(t *testing.T) {
	s := start(t)
	a := s.do(http.MethodGet, "/tasks?cursor="+exampleCursor, "")
	if a.status != http.StatusOK {
		t.Fatalf("the cursor: %d %s", a.status, a.body)
	}
	made := decode[pageBody](t, a).Epoch
	b, err := hex.DecodeString(exampleEpoch)
	if err != nil || hex.EncodeToString(b) != exampleEpoch || len(exampleEpoch) != len(made) {
		t.Errorf("the epoch %s, where one that was made is %s", exampleEpoch, made)
	}
}

func TestDocumentSaysWhetherATokenIsAskedFor(t *testing.T) {
	with := start(t, func(c *Config, _ *Deps) { c.Access.Token = "secret" })
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
