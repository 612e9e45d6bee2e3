package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"taskctl/pkg/task"
)

const (
	mergePatchType = "application/merge-patch+json"
	patchTypes     = mergePatchType + ", " + jsonType // for Accept-Patch
)

func (s *Server) createTask(x *exchange) error {
	if x.r.Header["If-Match"] != nil { // no version matches a task that does not exist yet
		_, head, err := s.deps.Store.Bounds(x.context())
		if err != nil {
			return err
		}
		x.setPosition(head)
		return task.ErrVersion
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("generate an id: %w", err)
	}
	change := task.Change{Kind: task.Create, ID: id.String()}
	return s.write(x, change, http.StatusCreated, jsonType)
}

func (s *Server) replaceTask(x *exchange) error {
	return s.writeTask(x, task.Replace, http.StatusOK, jsonType)
}

func (s *Server) patchTask(x *exchange) error {
	return s.writeTask(x, task.Merge, http.StatusOK, mergePatchType, jsonType)
}

func (s *Server) deleteTask(x *exchange) error {
	return s.writeTask(x, task.Delete, http.StatusNoContent)
}

// writeTask changes the task of the path.
func (s *Server) writeTask(x *exchange, kind task.ChangeKind, status int, mediaTypes ...string) error {
	versions, err := requiredVersions(x.r.Header)
	if err != nil {
		return err
	}
	change := task.Change{Kind: kind, ID: x.canonicalID(), IfMatch: versions}
	return s.write(x, change, status, mediaTypes...)
}

// write completes the change from the request, writes it, and answers.
func (s *Server) write(x *exchange, change task.Change, status int, mediaTypes ...string) error {
	if _, err := parseQuery(x.r.URL.RawQuery); err != nil {
		return err
	}
	if err := s.readChange(x, &change, mediaTypes); err != nil {
		return err
	}
	result, err := s.deps.Store.Write(x.context(), change)
	x.setPosition(result.Position)
	if errors.Is(err, task.ErrVersion) && hasWeakTag(x.r.Header) {
		return errWeakTag
	}
	if err != nil {
		return err
	}
	if change.Kind == task.Delete {
		x.sendEmpty(status)
		return nil
	}
	if change.Kind == task.Create {
		x.set("Location", "tasks/"+result.Task.ID) // relative, because a proxy may strip a prefix from the path
	}
	x.set("ETag", etag(result.Task.Version))
	x.send(status, jsonType, result.JSON)
	return nil
}

// readChange reads the body, if this kind of change has one, and the idempotency key,
// which covers the body.
func (s *Server) readChange(x *exchange, change *task.Change, mediaTypes []string) error {
	sc := s.takeScratch()
	defer s.giveScratch(sc)
	if change.Kind != task.Delete {
		if err := checkMediaType(x.r.Header, mediaTypes...); err != nil {
			x.setAccepted(err, change.Kind)
			return err
		}
	}
	if err := s.readBody(x, sc); err != nil {
		return err
	}
	var err error
	if change.Key, err = idempotencyKey(x.r, sc.body); err != nil {
		return err
	}
	if change.Kind == task.Delete { // a body has no meaning (RFC 9110 §9.3.5)
		return nil
	}
	d, err := sc.decode(change.Kind, change.ID)
	if err != nil {
		return err
	}
	change.Patch, change.Guard = d.patch, d.guard
	return nil
}

// setAccepted adds to a 415 the header that says what is accepted (RFC 5789 §2.2, RFC
// 9110 §15.5.16).
func (x *exchange) setAccepted(err error, kind task.ChangeKind) {
	switch {
	case errors.Is(err, errCoding):
		x.set("Accept-Encoding", "identity")
	case kind == task.Merge:
		x.set("Accept-Patch", patchTypes)
	default:
		x.set("Accept", jsonType)
	}
}
