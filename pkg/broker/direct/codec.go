package direct

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

// A message is a version byte, the epoch, and events to the end: for each the
// seq, the type, the time in milliseconds, the task's id and the task as JSON.
// Numbers are unsigned varints; texts have their length before them. A message
// without events asks the receiver to look at the log.
const version = 1

// maxMessage bounds one message; a larger batch is sent as several.
const maxMessage = 1 << 20

// maxEvent is more than the largest event takes: 10,200 characters of four
// bytes, each perhaps escaped in six.
const maxEvent = 128 << 10

// eventTypes are numbered on the wire by their place here.
var eventTypes = [...]task.EventType{task.Created, task.Updated, task.Deleted}

var errMalformed = errors.New("malformed link message")

// encode appends a message of as many of the events as fit, and returns the rest.
func encode(dst []byte, epoch string, events []task.Event) (message []byte, rest []task.Event) {
	dst = appendText(append(dst, version), epoch)
	for i := range events {
		if i > 0 && len(dst)+maxEvent > maxMessage {
			return dst, events[i:]
		}
		dst = appendEvent(dst, &events[i])
	}
	return dst, nil
}

func appendEvent(dst []byte, e *task.Event) []byte {
	dst = binary.AppendUvarint(dst, e.Seq)
	for i, t := range eventTypes {
		if t == e.Type {
			dst = append(dst, byte(i))
		}
	}
	dst = binary.AppendUvarint(dst, uint64(e.Time.UnixMilli()))
	dst = appendText(dst, e.TaskID)
	dst = binary.AppendUvarint(dst, uint64(len(e.Task)))
	return append(dst, e.Task...)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// decode reads a message. The events' tasks point into it.
func decode(message []byte) (epoch string, events []task.Event, err error) {
	r := reader{rest: message}
	if v := r.byte(); v != version {
		return "", nil, fmt.Errorf("%w: version %d", errMalformed, v)
	}
	epoch = string(r.bytes())
	for len(r.rest) > 0 && !r.failed {
		e := task.Event{Seq: r.number(task.MaxSeq)}
		if t := int(r.byte()); t < len(eventTypes) {
			e.Type = eventTypes[t]
		} else {
			r.failed = true
		}
		e.Time = time.UnixMilli(int64(r.number(task.MaxSeq))).UTC()
		e.TaskID = string(r.bytes())
		e.Task = r.bytes()
		events = append(events, e)
	}
	if r.failed {
		return "", nil, errMalformed
	}
	return epoch, events, nil
}

// reader takes values from the front of a message; the first that is not there
// fails it for good.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.failed = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) number(limit uint64) uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > limit {
		r.failed = true
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) bytes() []byte {
	n := r.number(uint64(len(r.rest)))
	if r.failed || n > uint64(len(r.rest)) {
		r.failed = true
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}
