package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/taskctl/taskctl/pkg/task"
)

// Notification is what Subscribe yields: a [Connected], [Event], [Heartbeat],
// [Reset] or [Disconnected].
type Notification interface{ notification() }

// Connected says that a connection stands. After a [Disconnected] the stream
// goes on exactly where it was, unless a [Reset] follows.
type Connected struct {
	Position task.Position // what comes next follows this
	Clients  int           // connected clients, this one included
	Resumed  bool          // the server goes on from the position it was asked for
	Message  string
	Raw      []byte // the message as received
}

// Event is one change to one task. Each comes once, in order.
type Event struct {
	Position task.Position // of this event: subscribe from here to see what follows
	Type     task.EventType
	Task     task.Task // after the change; for task.Deleted, as it was
	Time     time.Time
	Raw      []byte // the message as received
}

// Heartbeat says that nothing the subscription selects has happened up to a
// position. It moves the position of a filtered subscription on.
type Heartbeat struct {
	Position task.Position
}

// Reset says that what follows the position asked for cannot be had. The stream
// goes on after Position. What was known is stale: read the tasks anew, as
// [Client.Snapshot] does, and subscribe from there.
type Reset struct {
	Reason   task.GoneReason
	Position task.Position
	Raw      []byte // the message as received
}

// Disconnected says that there is no connection, and when the next attempt is.
// It comes once for each attempt, also for those before the first [Connected].
type Disconnected struct {
	Err     error         // why: a *ConnectError, *CloseError, *Problem or ErrHole
	Wait    time.Duration // until the next attempt
	Attempt int           // attempts that failed since there was a connection
}

func (Connected) notification()    {}
func (Event) notification()        {}
func (Heartbeat) notification()    {}
func (Reset) notification()        {}
func (Disconnected) notification() {}

// frame is a message of the server as it stands on the wire.
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

// decode reads one message. Types it does not know come back with their type
// alone: a newer server may say more than this client understands.
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

// event is what a frame of an event's type says.
func (f *frame) event(at task.Position, raw []byte) Event {
	return Event{Position: at, Type: task.EventType(f.Type), Task: f.Task, Time: f.Timestamp, Raw: raw}
}

func known(kind string) bool {
	return kind == typeConnected || kind == typeHeartbeat || kind == typeReset || task.EventType(kind).Valid()
}
