package wsserver

import (
	"slices"
	"sync"
	"time"
)

// cacheIdleTime bounds how long segments are kept without being used: they are
// dropped after one to two of these intervals.
const cacheIdleTime = 10 * time.Second

// segmentCache holds the segments that were last read from the log, bounded in
// bytes. Thousands of clients that resume from about the same position cause one
// read.
type segmentCache struct {
	limit int

	mu       sync.Mutex
	size     int
	segments []*segment // the most recently used last
	used     bool       // since the last sweep
}

func (c *segmentCache) find(seq uint64) *segment {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used = true
	for i, s := range slices.Backward(c.segments) {
		if s.holds(seq) {
			c.segments = append(slices.Delete(c.segments, i, i+1), s)
			return s
		}
	}
	return nil
}

func (c *segmentCache) add(s *segment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used = true
	c.segments = append(c.segments, s)
	c.size += s.bytes()
	for len(c.segments) > 1 && c.size > c.limit {
		c.size -= c.segments[0].bytes()
		c.segments = slices.Delete(c.segments, 0, 1)
	}
}

func (c *segmentCache) bytes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}

// sweep empties the cache if it has not been used since the last sweep.
func (c *segmentCache) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.used {
		c.segments, c.size = nil, 0
	}
	c.used = false
}
