package client

import (
	"bytes"
	"errors"
	"net/http"
	"testing"

	"taskctl/pkg/task"
)

// FuzzStream throws messages at a subscription: it never goes backwards, never
// repeats, and never skips without saying so.
func FuzzStream(f *testing.F) {
	f.Add([]byte(`{"type":"connected","message":"hi","clients":1,"seq":3,"epoch":"e1","resumed":false}
{"type":"task_created","task":{"id":"a","title":"t"},"timestamp":"2024-01-15T10:00:00Z","seq":4}
{"type":"heartbeat","seq":9}
{"type":"task_deleted","task":{"id":"a","title":"t"},"timestamp":"2024-01-15T10:00:00Z","seq":9,"prev":4}
{"type":"reset","reason":"too_old","seq":40}
{"type":"reset","reason":"epoch","seq":50}
{"type":"news","seq":"what"}`), false)
	f.Add([]byte(`{"type":"connected","seq":18446744073709551615,"epoch":"e:1"}`), true)
	f.Add([]byte(`{"type":"connected","seq":0,"epoch":"e"}
{"type":"task_updated","task":{"id":"a"},"seq":0}`), true)
	f.Fuzz(func(t *testing.T, stream []byte, filtered bool) {
		var told task.Position
		began := false
		s := subscription{yield: func(n Notification, err error) bool {
			switch n := n.(type) {
			case Connected:
				if _, err := task.ParsePosition(n.Position.String()); err != nil {
					t.Fatalf("stands at %q: %v", n.Position, err)
				}
				told, began = n.Position, true
			case Event:
				if !began || n.Position.Epoch != told.Epoch || n.Position.Seq <= told.Seq ||
					!filtered && n.Position.Seq != told.Seq+1 || !n.Type.Valid() {
					t.Fatalf("event at %s after %s", n.Position, told)
				}
				told = n.Position
			case Heartbeat:
				if !filtered || n.Position.Seq <= told.Seq {
					t.Fatalf("heartbeat at %s after %s", n.Position, told)
				}
				told = n.Position
			case Reset:
				told = n.Position
			}
			return true
		}}
		if filtered {
			s.options.TaskID = "a"
		}
		epoch := ""
		for raw := range bytes.Lines(stream) {
			f, err := decode(raw)
			if err != nil {
				continue
			}
			if epoch == "" {
				if f.Type == typeConnected && s.welcome(f, raw) == nil {
					epoch = f.Epoch
				}
				continue
			}
			if err := s.take(epoch, f, raw); err != nil && !errors.Is(err, ErrHole) && !errors.Is(err, errReplaced) {
				t.Fatalf("%s: %v", raw, err)
			}
			if began && s.at != told {
				t.Fatalf("stands at %s and told %s", s.at, told)
			}
		}
	})
}

// FuzzProblem throws refusals at their reader.
func FuzzProblem(f *testing.F) {
	f.Add(404, "application/problem+json", "3", []byte(`{"type":"urn:taskctl:problem:task-not-found","errors":[{"field":"a","message":"b"}]}`))
	f.Add(503, "text/html", "Wed, 21 Oct 2015 07:28:00 GMT", []byte("<html>"))
	f.Add(-1, "", "99999999999999999999", []byte{0xff})
	f.Fuzz(func(t *testing.T, status int, mediaType, retry string, body []byte) {
		p := newProblem(status, http.Header{"Content-Type": {mediaType}, "Retry-After": {retry}}, body)
		if p.Error() == "" || p.Status != status {
			t.Errorf("got %#v", p)
		}
		if p.RetryAfter < 0 {
			t.Errorf("come again after %s", p.RetryAfter)
		}
	})
}
