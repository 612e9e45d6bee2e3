package api

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/taskctl/taskctl/pkg/task"
)

const mergePatchType = "application/merge-patch+json"

func (s *Server) createTask(x *exchange) error {
	if x.r.Header["If-Match"] != nil { // the list has no version that it could match
		return task.ErrVersion
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make an id: %w", err)
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

// writeTask writes to the task of the path.
func (s *Server) writeTask(x *exchange, kind task.ChangeKind, status int, mediaTypes ...string) error {
	versions, err := versionsWanted(x.r.Header)
	if err != nil {
		return err
	}
	change := task.Change{Kind: kind, ID: x.canonicalID(), IfMatch: versions}
	return s.write(x, change, status, mediaTypes...)
}

// write reads what the request adds to the change, has it written, and answers.
func (s *Server) write(x *exchange, change task.Change, status int, mediaTypes ...string) error {
	if _, err := parseQuery(x.r.URL.RawQuery); err != nil {
		return err
	}
	if err := s.readChange(x, &change, mediaTypes); err != nil {
		return err
	}
	result, err := s.deps.Store.Write(x.context(), change)
	x.position(result.Position)
	if err != nil {
		return err
	}
	if change.Kind == task.Delete {
		x.sendEmpty(status)
		return nil
	}
	if change.Kind == task.Create {
		x.set("Location", "/tasks/"+result.Task.ID)
	}
	x.set("ETag", etag(result.Task.Version))
	x.send(status, jsonType, result.JSON)
	return nil
}

// readChange takes in the body, if this kind of change has one, and the
// idempotency key, which covers it.
func (s *Server) readChange(x *exchange, change *task.Change, mediaTypes []string) error {
	sc := s.takeScratch()
	defer s.giveScratch(sc)
	if change.Kind != task.Delete {
		if err := checkMediaType(x.r.Header, mediaTypes...); err != nil {
			return err
		}
	}
	if err := sc.read(x); err != nil {
		return err
	}
	var err error
	if change.Key, err = idempotencyKey(x.r, sc.body); err != nil {
		return err
	}
	if change.Kind == task.Delete { // a body has no meaning there (RFC 9110 §9.3.5)
		return nil
	}
	d, err := sc.decode(change.Kind, change.ID)
	if err != nil {
		return err
	}
	change.Patch, change.Guard = d.patch, d.guard
	return nil
}
