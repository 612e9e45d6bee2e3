package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"taskctl/pkg/access"
	"taskctl/pkg/task"
)

// schema is the part of JSON Schema that the document uses.
type schema struct {
	Ref        string `json:"$ref"`
	Type       any    // a name, or several
	Format     string
	Pattern    string
	Enum       []string
	Minimum    *float64
	Maximum    *float64
	MinLength  int
	MaxLength  int
	Items      *schema
	Properties map[string]schema
	Required   []string
	Closed     *bool `json:"additionalProperties"`
}

// wantSchema checks a body against a schema of the document.
func (d *document) wantSchema(t *testing.T, s schema, body []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	for _, fault := range d.faults("", s, value) {
		t.Errorf("%s in %s", fault, body)
	}
}

// faults lists the mistakes of the value at a path.
func (d *document) faults(at string, s schema, value any) (found []string) {
	fault := func(format string, args ...any) { found = append(found, at+" "+fmt.Sprintf(format, args...)) }
	if name, isRef := strings.CutPrefix(s.Ref, "#/components/schemas/"); isRef {
		s = d.Components.Schemas[name]
	}
	kind := map[bool]string{true: "null"}[value == nil]
	switch v := value.(type) {
	case bool:
		kind = "boolean"
	case float64:
		kind = "number"
		if v == float64(int64(v)) {
			kind = "integer"
		}
		if (s.Minimum != nil && v < *s.Minimum) || (s.Maximum != nil && v > *s.Maximum) {
			fault("is %v", v)
		}
	case string:
		kind = "string"
		if length := len([]rune(v)); length < s.MinLength || (s.MaxLength > 0 && length > s.MaxLength) {
			fault("has %d characters", length)
		}
		if s.Enum != nil && !slices.Contains(s.Enum, v) {
			fault("is %q, not one of %q", v, s.Enum)
		}
		_, notTime := time.Parse(time.RFC3339Nano, v)
		switch {
		case s.Format == "uuid" && uuid.Validate(v) != nil, s.Format == "date-time" && notTime != nil,
			!regexp.MustCompile(s.Pattern).MatchString(v):
			fault("is %q", v)
		}
	case []any:
		kind = "array"
		for i, item := range v {
			found = append(found, d.faults(fmt.Sprintf("%s[%d]", at, i), *s.Items, item)...)
		}
	case map[string]any:
		kind = "object"
		for _, name := range s.Required {
			if _, there := v[name]; !there {
				fault("has no %s", name)
			}
		}
		for name, member := range v {
			described, there := s.Properties[name]
			if !there && s.Closed != nil && !*s.Closed {
				fault("has %s, which is not described", name)
			}
			if there {
				found = append(found, d.faults(at+"."+name, described, member)...)
			}
		}
	}
	types, _ := s.Type.([]any)
	if s.Type != nil && s.Type != kind && !slices.Contains(types, any(kind)) {
		fault("is a %s, not %v", kind, s.Type)
	}
	return found
}

// TestDocumentedBounds compares the bounds in the document with those in the code.
func TestDocumentedBounds(t *testing.T) {
	d := start(t).document()
	parameter := func(name string) schema { return d.Components.Parameters[name].Schema }
	property := func(name, member string) schema { return d.Components.Schemas[name].Properties[member] }
	for name, bounds := range map[string][2]int{
		"limit":           {int(*parameter("limit").Maximum), maxLimit},
		"q":               {parameter("q").MaxLength, maxContains},
		"Idempotency-Key": {parameter("Idempotency-Key").MaxLength, maxKey},
		"title":           {property("NewTask", "title").MaxLength, task.MaxTitle},
		"description":     {property("PatchTask", "description").MaxLength, task.MaxDescription},
	} {
		if bounds[0] != bounds[1] {
			t.Errorf("%s: %d in the document, %d in the code", name, bounds[0], bounds[1])
		}
	}
}

// documentedErrors has an error for each example of each error response.
func documentedErrors() map[string][]error {
	denied := func(status int, reason string) []error {
		return []error{&deniedError{&access.Denied{Status: status, Reason: reason}}}
	}
	head := task.Position{Epoch: exampleEpoch, Seq: 42}
	return map[string][]error{
		"NotJSON":      {&syntaxError{"the body ends before its JSON does"}},
		"Unauthorized": denied(http.StatusUnauthorized, "the token is missing or wrong; send Authorization: Bearer TOKEN"),
		"Forbidden":    denied(http.StatusForbidden, "this origin is not allowed; add it to the setting api.origins"),
		"NotFound":     {task.ErrNotFound},
		"Gone":         {&task.GoneError{Reason: task.GoneTooOld, Head: head}},
		"Changed":      {task.ErrVersion, errWeakTag},
		"TooLarge":     {errTooLarge},
		"MediaType":    {errMediaType, errCoding},
		"Invalid":      {faults{{Field: "title", Reason: "must not be empty"}, {Field: "completed", Reason: "must be true or false"}}, task.ErrKeyReused},
		"Unavailable":  {task.ErrUnavailable},
		"Problem":      {errMethod},
	}
}

// TestDocumentedErrors compares the examples of the error responses with the answers
// to these errors.
func TestDocumentedErrors(t *testing.T) {
	d := start(t).document()
	documented := documentedErrors()
	if got, want := slices.Sorted(maps.Keys(d.Components.Responses)), slices.Sorted(maps.Keys(documented)); !slices.Equal(got, want) {
		t.Errorf("responses %q, want %q", got, want)
	}
	for name, errs := range documented {
		content := d.Components.Responses[name].Content[problemType]
		for _, err := range errs {
			p := problemOf(err)
			body, marshalErr := json.Marshal(p.body())
			if marshalErr != nil {
				t.Fatal(marshalErr)
			}
			example, marshalErr := json.Marshal(content.Examples[p.kind].Value)
			if marshalErr != nil {
				t.Fatal(marshalErr)
			}
			if !jsonEqual(t, body, example) {
				t.Errorf("%s: the example is %s, the answer %s", name, example, body)
			}
			d.wantSchema(t, content.Schema, body)
		}
		if len(content.Examples) != len(errs) {
			t.Errorf("%s: %d examples, want %d", name, len(content.Examples), len(errs))
		}
	}
}

func jsonEqual(t *testing.T, a, b []byte) bool {
	t.Helper()
	x, y := jsontext.Value(a), jsontext.Value(b)
	if err := errors.Join(x.Canonicalize(), y.Canonicalize()); err != nil {
		t.Fatal(err)
	}
	return string(x) == string(y)
}

// The values that the examples use.
const (
	exampleID     = "018d0c8e-5a80-7c3e-9a51-2f6e8d1b7c40"
	exampleEpoch  = "6f1c0a93d47be852"
	exampleCursor = "AAAAAAAAACq-mRa_"
)
