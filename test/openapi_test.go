package test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// described is the API together with its own description.
type described struct {
	*system
	document *openapi3.T
	router   routers.Router
	answered map[string]bool // by METHOD and /path
}

func describe(s *system) *described {
	s.t.Helper()
	ctx := context.Background() // of a file that is in memory
	res, err := http.Get(s.API + "/openapi.json")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		s.t.Fatalf("/openapi.json cannot be read: %v", err)
	}
	if err := document.Validate(ctx); err != nil {
		s.t.Fatalf("/openapi.json is not valid: %v", err)
	}
	document.Servers = openapi3.Servers{{URL: s.API}}
	router, err := legacy.NewRouter(document)
	if err != nil {
		s.t.Fatal(err)
	}
	return &described{system: s, document: document, router: router, answered: make(map[string]bool)}
}

// exchange is one request, and the status that is expected.
type exchange struct {
	method, path, body string
	headers            []string // names and values in turn
	want               int
}

// send makes a request and holds its answer against the description.
func (d *described) send(e exchange) (header http.Header, body string) {
	d.t.Helper()
	req, err := http.NewRequest(e.method, d.API+e.path, strings.NewReader(e.body))
	if err != nil {
		d.t.Fatal(err)
	}
	if e.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(e.headers); i += 2 {
		req.Header.Set(e.headers[i], e.headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if res.StatusCode != e.want {
		d.t.Errorf("%s %s: %s, want %d\n%s", e.method, e.path, res.Status, e.want, got)
	}
	route, params, err := d.router.FindRoute(req)
	if err != nil {
		d.t.Errorf("%s %s is not described: %v", e.method, e.path, err)
		return res.Header, string(got)
	}
	d.answered[e.method+" "+route.Path] = true
	err = openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, Route: route, PathParams: params},
		Status:                 res.StatusCode,
		Header:                 res.Header,
		Body:                   io.NopCloser(bytes.NewReader(got)),
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: true,
			ExcludeResponseBody: strings.HasPrefix(res.Header.Get("Content-Type"), "text/html"), // a page has no schema
		},
	})
	if err != nil {
		d.t.Errorf("%s %s: the answer is not as described: %v\n%s\n%s", e.method, e.path, err, res.Header, got)
	}
	return res.Header, string(got)
}

// TestAnswersAreAsDescribed sends what clients send, right and wrong, and holds
// every answer against /openapi.json.
func TestAnswersAreAsDescribed(t *testing.T) {
	d := describe(start(t))
	header, _ := d.send(exchange{method: "POST", path: "/tasks", body: `{"title":"Described","description":"x"}`, want: 201})
	one, etag := "/"+header.Get("Location"), header.Get("ETag")
	d.send(exchange{method: "POST", path: "/tasks", body: `{"title":"Another"}`, want: 201})
	const nobody = "/tasks/018d0c8e-5a80-7c3e-9a51-2f6e8d1b7c40"
	for _, e := range []exchange{
		{method: "GET", path: "/tasks", want: 200},
		{method: "GET", path: "/tasks?limit=1&completed=false&q=o", want: 200},
		{method: "GET", path: "/tasks?limit=0", want: 422},
		{method: "GET", path: "/tasks?nonsense=1", want: 422},
		{method: "GET", path: "/tasks", headers: []string{"Origin", "https://evil.example"}, want: 403},
		{method: "GET", path: one, want: 200},
		{method: "GET", path: one, headers: []string{"If-None-Match", etag}, want: 304},
		{method: "GET", path: nobody, want: 404},
		{method: "POST", path: "/tasks", body: `{"title":`, want: 400},
		{method: "POST", path: "/tasks", body: `{"title":"","completed":"yes"}`, want: 422},
		{method: "POST", path: "/tasks", body: `{"title":"x"}`, headers: []string{"Content-Type", "text/plain"}, want: 415},
		{method: "POST", path: "/tasks", body: `{"title":"` + strings.Repeat("x", 1<<20) + `"}`, want: 413},
		{method: "PUT", path: one, body: `{"title":"Replaced","completed":true}`, headers: []string{"If-Match", etag}, want: 200},
		{method: "PUT", path: one, body: `{"title":"Replaced again"}`, headers: []string{"If-Match", etag}, want: 412},
		{method: "PATCH", path: one, body: `{"completed":false}`, headers: []string{"Content-Type", "application/merge-patch+json"}, want: 200},
		{method: "PATCH", path: one, body: `{"description":null}`, want: 200},
		{method: "PATCH", path: one, body: `{"id":"other"}`, want: 422},
		{method: "PATCH", path: nobody, body: `{"completed":true}`, want: 404},
		{method: "GET", path: "/events", want: 200},
		{method: "GET", path: "/events?since=0&limit=2", want: 200},
		{method: "GET", path: "/events?since=other:1", want: 410},
		{method: "GET", path: "/events?since=nonsense", want: 422},
		{method: "DELETE", path: one, headers: []string{"If-Match", etag}, want: 412},
		{method: "DELETE", path: one, want: 204},
		{method: "DELETE", path: one, want: 404},
	} {
		d.send(e)
	}
	d.send(exchange{method: "POST", path: "/tasks", body: `{"title":"Once"}`, headers: []string{"Idempotency-Key", "k"}, want: 201})
	d.send(exchange{method: "POST", path: "/tasks", body: `{"title":"Twice"}`, headers: []string{"Idempotency-Key", "k"}, want: 422})

	// The rest are pages and states, which are there for the asking.
	for path, item := range d.document.Paths.Map() {
		for method := range item.Operations() {
			if d.answered[method+" "+path] {
				continue
			}
			if method != http.MethodGet || strings.Contains(path, "{") {
				t.Errorf("%s %s is described and was not tried", method, path)
				continue
			}
			d.send(exchange{method: method, path: path, want: 200})
		}
	}
}
