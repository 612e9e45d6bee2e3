package api

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/taskctl/taskctl/pkg/task"
)

// openAPI answers with the document, which is made when somebody first asks.
func (s *Server) openAPI(x *exchange) error {
	document, err := s.document()
	if err != nil {
		return err
	}
	x.send(http.StatusOK, jsonType, document)
	return nil
}

// book is the OpenAPI document while it is written.
type book struct {
	*huma.OpenAPI
}

// writeOpenAPI describes the routes.
func writeOpenAPI(cfg Config, routes []route) ([]byte, error) {
	b := &book{&huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:       "taskctl",
			Version:     cfg.Version,
			Description: introduction,
		},
		Components: &huma.Components{
			Schemas:    huma.NewMapRegistry("#/components/schemas/", schemaName),
			Responses:  map[string]*huma.Response{},
			Parameters: parameters(),
			Headers:    answerHeaders(),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"token": {Type: "http", Scheme: "bearer", Description: "Asked for where auth.token is set."},
			},
		},
		Security: []map[string][]string{{"token": {}}},
	}}
	if cfg.Access.Token == "" {
		b.Security = append(b.Security, map[string][]string{}) // or without
	}
	for name, refusal := range refusals() {
		_, name, _ = strings.Cut(name, " ")
		b.Components.Responses[name] = b.refusal(refusal)
	}
	for _, r := range routes {
		if r.about == nil {
			continue
		}
		operation := r.about(b)
		operation.Method, operation.Path = r.method, r.path
		b.AddOperation(operation)
	}
	document, err := json.Marshal(b.OpenAPI, jsontext.Multiline(true))
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return document, nil
}

// schemaName calls taskBody "Task".
func schemaName(t reflect.Type, hint string) string {
	return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "Body")
}

func (b *book) schemaOf(value any) *huma.Schema {
	t := reflect.TypeOf(value)
	return b.Components.Schemas.Schema(t, true, t.Name())
}

// body describes a request's body, under each of its media types.
func (b *book) body(example any, mediaTypes ...string) *huma.RequestBody {
	body := &huma.RequestBody{Required: true, Content: make(map[string]*huma.MediaType)}
	for _, mediaType := range mediaTypes {
		body.Content[mediaType] = &huma.MediaType{Schema: b.schemaOf(example), Example: example}
	}
	return body
}

// answer describes a success; headers are names of [answerHeaders].
func (b *book) answer(description string, example any, headers ...string) *huma.Response {
	r := &huma.Response{Description: description, Headers: headerRefs(headers)}
	if example != nil {
		r.Content = map[string]*huma.MediaType{jsonType: {Schema: b.schemaOf(example), Example: example}}
	}
	return r
}

// text describes an answer that is no JSON.
func (b *book) text(description, mediaType, example string) *huma.Response {
	return &huma.Response{
		Description: description,
		Headers:     headerRefs(nil),
		Content:     map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: "string"}, Example: example}},
	}
}

func (b *book) refusal(from refusal) *huma.Response {
	r := &huma.Response{Description: from.description, Headers: headerRefs(nil)}
	media := &huma.MediaType{Schema: b.schemaOf(problemBody{}), Examples: make(map[string]*huma.Example)}
	for _, err := range from.examples {
		p := problemOf(err)
		media.Examples[p.kind] = &huma.Example{Value: p.body()}
		for name, wanted := range map[string]bool{
			"Retry-After":      p.retry,
			"WWW-Authenticate": p.challenge,
			"Allow":            p.Status == http.StatusMethodNotAllowed,
			"Taskctl-Position": p.gone != nil || errors.Is(err, task.ErrNotFound) || errors.Is(err, task.ErrVersion),
		} {
			if wanted {
				r.Headers[name] = headerRef(name)
			}
		}
	}
	r.Content = map[string]*huma.MediaType{problemType: media}
	return r
}

// answers puts a success together with the errors that this operation has, by
// their names in [refusals], and with those that all have.
func answers(status int, success *huma.Response, names ...string) map[string]*huma.Response {
	all := map[string]*huma.Response{strconv.Itoa(status): success}
	for _, name := range append(names, unauthorized, forbidden, unavailable, otherProblem) {
		status, name, _ := strings.Cut(name, " ")
		all[status] = &huma.Response{Ref: "#/components/responses/" + name}
	}
	return all
}

func headerRef(name string) *huma.Header {
	return &huma.Header{Ref: "#/components/headers/" + name}
}

// headerRefs refers to headers by their names in [answerHeaders].
func headerRefs(names []string) map[string]*huma.Header {
	refs := make(map[string]*huma.Header, len(names)+1)
	for _, name := range append(names, "X-Request-Id") {
		refs[name] = headerRef(name)
	}
	return refs
}

// takes refers to parameters by their names in [parameters].
func takes(names ...string) []*huma.Param {
	refs := make([]*huma.Param, len(names))
	for i, name := range names {
		refs[i] = &huma.Param{Ref: "#/components/parameters/" + name}
	}
	return refs
}
