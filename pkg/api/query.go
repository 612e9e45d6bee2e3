package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"taskctl/pkg/task"
)

// Bounds of query parameters.
const (
	defaultLimit = 100
	maxLimit     = 1000
	maxContains  = 1000 // characters of q
	idCharacters = "0123456789abcdef-"
)

// params holds the query parameters of a request.
type params map[string]string

// parseQuery reads a query string. It may have the named parameters, each once.
func parseQuery(raw string, names ...string) (params, error) {
	if raw == "" {
		return nil, nil
	}
	values := make(params, len(names))
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		name = clip(name)
		switch {
		case nameErr != nil:
			return nil, task.Invalid("query", "has a malformed % escape")
		case !slices.Contains(names, name):
			return nil, task.Invalid(name, "is not a parameter of this resource")
		case valueErr != nil:
			return nil, task.Invalid(name, "has a malformed % escape")
		case !utf8.ValidString(value):
			return nil, task.Invalid(name, "must be UTF-8")
		case strings.IndexByte(value, 0) >= 0:
			return nil, task.Invalid(name, "must not contain the NUL character")
		}
		if _, twice := values[name]; twice {
			return nil, task.Invalid(name, "must be given only once")
		}
		values[name] = value
	}
	return values, nil
}

// limit is the parameter "limit".
func (p params) limit() (int, error) {
	text, given := p["limit"]
	if !given {
		return defaultLimit, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n < 1 || n > maxLimit {
		return 0, task.Invalidf("limit", "must be a whole number from 1 to %d", maxLimit)
	}
	return int(n), nil
}

// taskQuery reads the query of GET /tasks.
func taskQuery(raw string) (task.Query, error) {
	p, err := parseQuery(raw, "limit", "cursor", "completed", "q", "id")
	if err != nil {
		return task.Query{}, err
	}
	q := task.Query{Cursor: p["cursor"], Contains: p["q"]}
	if q.Limit, err = p.limit(); err != nil {
		return task.Query{}, err
	}
	if text, given := p["completed"]; given {
		completed := text == "true"
		if !completed && text != "false" {
			return task.Query{}, task.Invalid("completed", "must be true or false")
		}
		q.Completed = &completed
	}
	if utf8.RuneCountInString(q.Contains) > maxContains {
		return task.Query{}, task.Invalidf("q", "must be at most %d characters", maxContains)
	}
	if text, given := p["id"]; given {
		q.IDPart = strings.ToLower(text)
		switch {
		case text == "" || len(text) > uuidLength || strings.Trim(q.IDPart, idCharacters) != "":
			return task.Query{}, task.Invalidf("id", "must be 1 to %d characters of 0-9, a-f and -", uuidLength)
		case q.Contains != "":
			return task.Query{}, task.Invalid("id", "cannot be combined with q")
		}
	}
	return q, nil
}

// clip shortens a name from the request so that an error can repeat it.
func clip(name string) string {
	const maxBytes = 64
	if len(name) > maxBytes {
		name = name[:maxBytes] + "…"
	}
	return strings.ToValidUTF8(name, "�")
}
