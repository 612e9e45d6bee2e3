package wsserver

import (
	"slices"
	"sync"
)

// history is the segments read from the log lately, bounded in bytes, so that a
// thousand clients who resume from about the same place have it read once.
type history struct {
	limit int

	mu       sync.Mutex
	size     int
	segments []*segment // the most lately used last
}

func (h *history) find(seq uint64) *segment {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, s := range slices.Backward(h.segments) {
		if s.holds(seq) {
			h.segments = append(slices.Delete(h.segments, i, i+1), s)
			return s
		}
	}
	return nil
}

func (h *history) add(s *segment) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.segments = append(h.segments, s)
	h.size += s.bytes()
	for len(h.segments) > 1 && h.size > h.limit {
		h.size -= h.segments[0].bytes()
		h.segments = slices.Delete(h.segments, 0, 1)
	}
}
