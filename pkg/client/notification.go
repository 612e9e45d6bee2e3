package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"taskctl/pkg/task"
)

// Notification is what Subscribe yields: a [Connected], [Event], [Heartbeat],
// [Reset] or [Disconnected].
type Notification interface{ notification() }

// Connected means that a connection is established. After a [Disconnected] the stream
// continues exactly where it ended, unless a [Reset] follows.
type Connected struct {
	Position task.Position // the next event follows this position
	Clients  int           // connected clients, this one included
	Resumed  bool          // the server continues from the requested position
	Message  string
	Raw      []byte // the message as received
}

// Event is one change of one task. Each is delivered once, in order.
type Event struct {
	Position task.Position // of this event: subscribe from here to get the following events
	Type     task.EventType
	Task     task.Task // after the change; for task.Deleted, as it was
	Time     time.Time
	Raw      []byte // the message as received
}

// Heartbeat means that there are no selected events up to a position. It advances the
// position of a filtered subscription.
type Heartbeat struct {
	Position task.Position
}

// Reset means that the events after the requested position are not available. The
// stream continues after Position. Known tasks are outdated: read them again, as
// [Client.Snapshot] does, and subscribe from there.
type Reset struct {
	Reason   task.GoneReason
	Position task.Position
	Raw      []byte // the message as received
}

// Disconnected means that there is no connection, and tells when the next attempt is.
// It is delivered once for each failed attempt, also before the first [Connected].
type Disconnected struct {
	Err     error         // the reason: a *ConnectError, *CloseError, *Problem or ErrHole
	Wait    time.Duration // until the next attempt
	Attempt int           // failed attempts since the last connection
}

func (Connected) notification()    {}
func (Event) notification()        {}
func (Heartbeat) notification()    {}
func (Reset) notification()        {}
func (Disconnected) notification() {}

// frame is a message of the server as sent.
type frame struct {
	Type      string          `json:"type"`
	Message   string          `json:"message"`
	Clients   int             `json:"clients"`
	Seq       uint64          `json:"seq"`
	Epoch     string          `json:"epoch"`
	Resumed   bool            `json:"resumed"`
	Reason    task.GoneReason `json:"reason"`
	Task      task.Task       `json:"task"`
	Timestamp time.Time       `json:"timestamp"`
	Prev      *uint64         `json:"prev"`
}

const (
	typeConnected = "connected"
	typeHeartbeat = "heartbeat"
	typeReset     = "reset"
)

// decode decodes one message. For an unknown type it returns only the type: a newer
// server may send messages that this client does not know.
func decode(raw []byte) (frame, error) {
	var f frame
	if e, t, prev, ok := task.DecodeEvent(raw); ok {
		f = frame{Type: string(e.Type), Seq: e.Seq, Task: t, Timestamp: e.Time, Prev: prev}
	} else if err := json.Unmarshal(raw, &f); err != nil {
		var head struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(raw, &head) != nil || head.Type == "" || known(head.Type) {
			return frame{}, fmt.Errorf("read message: %w", err)
		}
		return frame{Type: head.Type}, nil
	}
	switch {
	case f.Type == "":
		return frame{}, errors.New("read message: it has no type")
	case !known(f.Type):
		return frame{Type: f.Type}, nil
	case f.Seq > task.MaxSeq:
		return frame{}, fmt.Errorf("read message: seq %d is out of range", f.Seq)
	case f.Type == typeConnected:
		if at, err := task.ParsePosition(f.Epoch + ":0"); err != nil || at.Epoch == "" {
			return frame{}, fmt.Errorf("read message: %q is no epoch", f.Epoch)
		}
	case task.EventType(f.Type).Valid():
		if f.Seq == 0 || f.Task.ID == "" {
			return frame{}, errors.New("read message: an event without its number or its task")
		}
		if f.Prev != nil && *f.Prev >= f.Seq {
			return frame{}, fmt.Errorf("read message: event %d says it follows %d", f.Seq, *f.Prev)
		}
	}
	return f, nil
}

// event returns the event in a frame.
func (f *frame) event(at task.Position, raw []byte) Event {
	return Event{Position: at, Type: task.EventType(f.Type), Task: f.Task, Time: f.Timestamp, Raw: raw}
}

func known(kind string) bool {
	return kind == typeConnected || kind == typeHeartbeat || kind == typeReset || task.EventType(kind).Valid()
}
