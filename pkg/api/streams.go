package api

import (
	"sync"
	"time"
)

// lastWrite is how long a stream's last write may take when the server leaves.
const lastWrite = 100 * time.Millisecond

// streams are the event streams that are open.
type streams struct {
	max     int
	closing chan struct{} // closed when they have to end

	mu   sync.Mutex
	open map[*feed]struct{}
}

func newStreams(limit int) *streams {
	return &streams{max: limit, closing: make(chan struct{}), open: make(map[*feed]struct{})}
}

// add reports whether there was room. A server that leaves still begins a stream,
// which ends at once: its client then comes back, to the next server, where a
// browser would give up at a refusal.
func (s *streams) add(f *feed) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= s.max {
		return false
	}
	s.open[f] = struct{}{}
	return true
}

func (s *streams) remove(f *feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, f)
}

func (s *streams) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

func (s *streams) closed() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

// close ends the streams: plain requests are waited for, but these would go on
// for ever. One whose client takes nothing does not hold up the others.
func (s *streams) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.closing)
	for f := range s.open {
		f.leave(time.Now().Add(lastWrite))
	}
}
