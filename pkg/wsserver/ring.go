package wsserver

import (
	"slices"
	"sync/atomic"

	"taskctl/pkg/task"
)

// segmentsPerRing is the number of segments in a full ring. The ring drops its
// oldest events one segment at a time.
const segmentsPerRing = 32

// meanFrame is the assumed size of a frame when the bytes of a segment are divided
// between frames and entries. Real frames are larger.
const meanFrame = 192

// ring holds the newest events, encoded as frames, bounded in bytes. One goroutine
// appends; any number of goroutines read.
type ring struct {
	limit int
	head  atomic.Uint64 // seq of the newest event that readers may send
	view  atomic.Pointer[[]*segment]
	size  atomic.Int64 // bytes

	scratch []byte // of the goroutine that appends
}

// newRing returns an empty ring whose first event will be head+1.
func newRing(limit int, head uint64) *ring {
	r := &ring{limit: limit}
	r.head.Store(head)
	r.view.Store(new([]*segment))
	return r
}

// append adds events that follow the head and makes them visible to readers.
func (r *ring) append(events []task.Event) {
	segments := *r.view.Load()
	var last *segment
	if len(segments) > 0 {
		last = segments[len(segments)-1]
	}
	for i := range events {
		e := &events[i]
		r.scratch = e.AppendJSON(r.scratch[:0])
		if last == nil || !last.fits(len(r.scratch)) {
			if last != nil {
				last.publish()
			}
			last = r.grow(e.Seq, len(r.scratch))
		}
		last.add(e, r.scratch)
	}
	last.publish()
	r.head.Store(events[len(events)-1].Seq)
}

// grow adds a segment with room for a frame of at least the given bytes of JSON,
// and drops the oldest segments to stay within the limit.
func (r *ring) grow(first uint64, json int) *segment {
	share := r.limit / segmentsPerRing
	n := max(1, share/(meanFrame+entryBytes))
	s := newSegment(first, max(share-n*entryBytes, maxHeader+json), n)

	segments := *r.view.Load()
	size := int(r.size.Load()) + s.bytes()
	drop := 0
	for drop < len(segments) && size > r.limit {
		size -= segments[drop].bytes()
		drop++
	}
	next := append(slices.Clone(segments[drop:]), s)
	r.size.Store(int64(size))
	r.view.Store(&next)
	return s
}

// find returns the segment that holds the event seq, or nil.
func (r *ring) find(seq uint64) *segment { return find(*r.view.Load(), seq) }

// first returns the seq of the oldest event in the ring, or head+1 if it is empty.
func (r *ring) first() uint64 {
	if segments := *r.view.Load(); len(segments) > 0 {
		return segments[0].first
	}
	return r.head.Load() + 1
}

// find searches segments in ascending order of seq. It begins at the end, because
// nearly every client reads the newest events.
func find(segments []*segment, seq uint64) *segment {
	for _, s := range slices.Backward(segments) {
		if seq >= s.first {
			if s.holds(seq) {
				return s
			}
			return nil
		}
	}
	return nil
}
