package wsserver

import (
	"context"
	"slices"
	"sync"
	"time"
)

// historyIdle is how long what has been read from the log is kept while nobody
// asks for it: between one and two of these.
const historyIdle = 10 * time.Second

// history is the segments read from the log lately, bounded in bytes, so that a
// thousand clients who resume from about the same place have it read once.
type history struct {
	limit int

	mu       sync.Mutex
	size     int
	segments []*segment // the most lately used last
	used     bool       // since the last sweep
}

func (h *history) find(seq uint64) *segment {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.used = true
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
	h.used = true
	h.segments = append(h.segments, s)
	h.size += s.bytes()
	for len(h.segments) > 1 && h.size > h.limit {
		h.size -= h.segments[0].bytes()
		h.segments = slices.Delete(h.segments, 0, 1)
	}
}

func (h *history) bytes() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.size
}

// sweep forgets everything if nobody has asked since the last sweep.
func (h *history) sweep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.used {
		h.segments, h.size = nil, 0
	}
	h.used = false
}

// sweep gives memory back until ctx ends.
func (h *hub) sweep(ctx context.Context) {
	ticker := time.NewTicker(historyIdle)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if s := h.stream.Load(); s != nil {
				s.history.sweep()
			}
		case <-ctx.Done():
			return
		}
	}
}
