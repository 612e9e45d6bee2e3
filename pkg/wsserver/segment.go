package wsserver

import (
	"sort"
	"sync/atomic"

	"github.com/taskctl/taskctl/pkg/task"
)

// segment is consecutive events as ready-made frames, back to back. One goroutine
// adds; any number read, without a lock, what has been published. Nothing
// published is ever changed or moved.
type segment struct {
	first   uint64 // seq of the first event
	buf     []byte // of fixed length
	entries []entry
	ready   atomic.Int32 // entries published

	added int // entries, of the goroutine that adds
	used  int // bytes of buf, likewise
}

// entry is what a filter has to know of an event, and where its frame ends.
type entry struct {
	task string
	end  uint32 // in the segment's buf
	kind kinds
}

// entryBytes is about what an entry takes, with the text of its task's id.
const entryBytes = 24 + 40

// maxEnvelope is what an event's frame has beside the task, in bytes.
const maxEnvelope = maxHeader + 128

// newSegment makes room for n events whose frames take size bytes in all.
func newSegment(first uint64, size, n int) *segment {
	return &segment{first: first, buf: make([]byte, size), entries: make([]entry, n)}
}

// segmentOf returns a segment that holds exactly these events.
func segmentOf(events []task.Event) *segment {
	size := 0
	for i := range events {
		size += len(events[i].Task) + maxEnvelope
	}
	s := newSegment(events[0].Seq, size, len(events))
	var json []byte
	for i := range events {
		json = events[i].AppendJSON(json[:0])
		s.add(&events[i], json)
	}
	s.publish()
	return s
}

// fits reports whether one more event, with so many bytes of JSON, fits.
func (s *segment) fits(json int) bool {
	return s.added < len(s.entries) && s.used+maxHeader+json <= len(s.buf)
}

func (s *segment) add(e *task.Event, json []byte) {
	s.used = len(appendFrame(s.buf[:s.used], opText, json))
	s.entries[s.added] = entry{task: e.TaskID, end: uint32(s.used), kind: kindOf(e.Type)}
	s.added++
}

// publish shows readers what has been added.
func (s *segment) publish() { s.ready.Store(int32(s.added)) }

// bytes is what the segment takes in memory, full or not.
func (s *segment) bytes() int { return len(s.buf) + len(s.entries)*entryBytes }

// holds reports whether the event seq is here.
func (s *segment) holds(seq uint64) bool {
	return seq >= s.first && seq-s.first < uint64(s.ready.Load())
}

// from returns the published events from seq on. The segment holds seq.
func (s *segment) from(seq uint64) run {
	i := int(seq - s.first)
	r := run{first: seq, buf: s.buf, entries: s.entries[i:s.ready.Load()]}
	if i > 0 {
		r.begin = s.entries[i-1].end
	}
	return r
}

// run is part of a segment: at least one event.
type run struct {
	first   uint64 // seq of entries[0]
	begin   uint32 // of its frame in buf
	buf     []byte
	entries []entry
}

// last is the seq of the run's last event.
func (r run) last() uint64 { return r.first + uint64(len(r.entries)) - 1 }

// frames returns all the frames of the run, back to back.
func (r run) frames() []byte { return r.buf[r.begin:r.entries[len(r.entries)-1].end] }

// frame returns the frame of the i-th event.
func (r run) frame(i int) []byte {
	begin := r.begin
	if i > 0 {
		begin = r.entries[i-1].end
	}
	return r.buf[begin:r.entries[i].end]
}

// cut finds the frame that the n-th byte of the run belongs to, 1 ≤ n, and what
// of that frame follows the byte.
func (r run) cut(n int) (i int, rest []byte) {
	end := r.begin + uint32(n)
	i = sort.Search(len(r.entries), func(i int) bool { return r.entries[i].end >= end })
	return i, r.buf[end:r.entries[i].end]
}
