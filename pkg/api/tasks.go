package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"taskctl/pkg/task"
)

const (
	jsonType   = "application/json"
	uuidLength = 36 // of the text form of RFC 9562; package uuid accepts other forms too
)

// setPosition sets Taskctl-Position, the position of the answer in the event log.
func (x *exchange) setPosition(p task.Position) {
	if !p.IsZero() {
		x.set("Taskctl-Position", p.String())
	}
}

// canonicalID returns the id of the path as the store has it. For an id that is not a
// UUID it is "", for which the store answers ErrNotFound and its position.
func (x *exchange) canonicalID() string {
	if len(x.taskID) != uuidLength || uuid.Validate(x.taskID) != nil {
		return ""
	}
	return strings.ToLower(x.taskID)
}

func (s *Server) listTasks(x *exchange) error {
	query, err := taskQuery(x.r.URL.RawQuery)
	if err != nil {
		return err
	}
	ctx := x.context()
	if query.Contains != "" || query.IDPart != "" {
		var cancel context.CancelFunc
		ctx, cancel = x.contextWithGrace()
		defer cancel()
	}
	page, err := s.deps.Store.List(ctx, query)
	x.setPosition(page.Position)
	if err != nil {
		return err
	}
	sc := s.takeScratch()
	defer s.giveScratch(sc)
	sc.answer = appendPage(sc.answer[:0], &page)
	if err := s.reserve(x, cap(sc.answer)); err != nil {
		return err
	}
	return x.sendVersion(pageTag(&query, page.Position, sc.answer), sc.answer)
}

func appendPage(dst []byte, page *task.RecordPage) []byte {
	dst = append(dst, `{"tasks":[`...)
	for i := range page.Records {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, page.Records[i].JSON...)
	}
	dst = append(dst, ']')
	if page.Next != "" {
		dst = append(dst, `,"next_cursor":`...)
		dst, _ = jsontext.AppendQuote(dst, page.Next) // cannot fail: the cursor is ASCII
	}
	return append(appendPosition(dst, page.Position), '}')
}

// appendPosition appends the position of an answer in the log.
func appendPosition(dst []byte, p task.Position) []byte {
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendUint(dst, p.Seq, 10)
	dst = append(dst, `,"epoch":"`...)
	dst = append(dst, p.Epoch...)
	return append(dst, '"')
}

func (s *Server) getTask(x *exchange) error {
	if _, err := parseQuery(x.r.URL.RawQuery); err != nil {
		return err
	}
	found, position, err := s.deps.Store.Get(x.context(), x.canonicalID())
	x.setPosition(position)
	if err != nil {
		return err
	}
	return x.sendVersion(etag(found.Version), found.JSON)
}

// sendVersion answers a GET with a body that has an entity tag, unless the
// conditions of the request ask for less (RFC 9110 §13.2.2).
func (x *exchange) sendVersion(tag string, body []byte) error {
	if err := checkIfMatch(x.r.Header, tag); err != nil {
		return err
	}
	known, err := notModified(x.r.Header, tag)
	if err != nil {
		return err
	}
	x.set("ETag", tag)
	x.set("Cache-Control", "private, no-cache") // a client may cache the answer, but must revalidate it
	if known {
		x.sendEmpty(http.StatusNotModified)
		return nil
	}
	x.send(http.StatusOK, jsonType, body)
	return nil
}

// pageTag is the entity tag of a page. A page has the same bytes as long as the log has
// the same position. A search is different, because it may end early: its tag is a hash
// of the body.
func pageTag(q *task.Query, at task.Position, body []byte) string {
	if q.Contains == "" {
		return `"` + at.String() + `"`
	}
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}
