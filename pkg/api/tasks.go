package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/taskctl/taskctl/pkg/task"
)

const (
	jsonType   = "application/json"
	uuidLength = 36 // the form of RFC 9562; package uuid reads others too
)

// position puts where the answer stands in the event log into it.
func (x *exchange) position(p task.Position) {
	if !p.IsZero() {
		x.set("Taskctl-Position", p.String())
	}
}

// canonicalID is the id of the path as the store has it. What is not a UUID
// names no task, as "" does: the store says so, and at which position.
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
	page, err := s.deps.Store.List(x.context(), query)
	x.position(page.Position)
	if err != nil {
		return err
	}
	sc := s.takeScratch()
	defer s.giveScratch(sc)
	sc.answer = appendPage(sc.answer[:0], &page)
	x.send(http.StatusOK, jsonType, sc.answer)
	return nil
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
		dst, _ = jsontext.AppendQuote(dst, page.Next) // our own text: it is UTF-8
	}
	return append(appendStand(dst, page.Position), '}')
}

// appendStand appends where an answer stands in the log.
func appendStand(dst []byte, p task.Position) []byte {
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
	x.position(position)
	if err != nil {
		return err
	}
	known, err := notModified(x.r.Header, found.Version)
	if err != nil {
		return err
	}
	x.set("ETag", etag(found.Version))
	if known {
		x.sendEmpty(http.StatusNotModified)
		return nil
	}
	x.send(http.StatusOK, jsonType, found.JSON)
	return nil
}
