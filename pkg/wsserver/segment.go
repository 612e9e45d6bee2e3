package wsserver

import (
	"sort"
	"sync/atomic"

	"taskctl/pkg/task"
)

// segment holds consecutive events, encoded as frames, back to back. One goroutine
// adds events; any number of goroutines read the published ones without a lock,
// because these are never changed or moved.
type segment struct {
	first   uint64 // seq of the first event
	buf     []byte // of fixed length
	entries []entry
	ready   atomic.Int32 // entries published

	added int // entries added; used by the adding goroutine only
	used  int // bytes of buf used; likewise
}

// entry holds what a filter compares, and the end of the event's frame.
type entry struct {
	task string
	end  uint32 // in the segment's buf
	kind kinds
}

// entryBytes is roughly the memory of an entry, with the text of its task id.
const entryBytes = 24 + 40

// maxEnvelope bounds the bytes of an event's frame besides the task.
const maxEnvelope = maxHeader + 128

// newSegment returns a segment with room for n events and size bytes of frames.
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

// fits reports whether one more event, with the given bytes of JSON, fits.
func (s *segment) fits(json int) bool {
	return s.added < len(s.entries) && s.used+maxHeader+json <= len(s.buf)
}

func (s *segment) add(e *task.Event, json []byte) {
	s.used = len(appendFrame(s.buf[:s.used], opText, json))
	s.entries[s.added] = entry{task: e.TaskID, end: uint32(s.used), kind: kindOf(e.Type)}
	s.added++
}

// publish makes the added events visible to readers.
func (s *segment) publish() { s.ready.Store(int32(s.added)) }

// bytes is the memory of the segment, whether it is full or not.
func (s *segment) bytes() int { return len(s.buf) + len(s.entries)*entryBytes }

// holds reports whether the event seq is here.
func (s *segment) holds(seq uint64) bool {
	return seq >= s.first && seq-s.first < uint64(s.ready.Load())
}

// from returns the published events from seq on. The segment holds seq.
func (s *segment) from(seq uint64) frameRange {
	i := int(seq - s.first)
	r := frameRange{first: seq, buf: s.buf, entries: s.entries[i:s.ready.Load()]}
	if i > 0 {
		r.begin = s.entries[i-1].end
	}
	return r
}

// frameRange is a part of a segment with at least one event.
type frameRange struct {
	first   uint64 // seq of entries[0]
	begin   uint32 // of the first frame, in buf
	buf     []byte
	entries []entry
}

// last is the seq of the last event.
func (r frameRange) last() uint64 { return r.first + uint64(len(r.entries)) - 1 }

// frames returns all frames, back to back.
func (r frameRange) frames() []byte { return r.buf[r.begin:r.entries[len(r.entries)-1].end] }

// frame returns the frame of the i-th event.
func (r frameRange) frame(i int) []byte {
	begin := r.begin
	if i > 0 {
		begin = r.entries[i-1].end
	}
	return r.buf[begin:r.entries[i].end]
}

// split returns the index of the frame that contains the n-th byte (1 ≤ n), and
// the rest of that frame after the byte.
func (r frameRange) split(n int) (i int, rest []byte) {
	end := r.begin + uint32(n)
	i = sort.Search(len(r.entries), func(i int) bool { return r.entries[i].end >= end })
	return i, r.buf[end:r.entries[i].end]
}
