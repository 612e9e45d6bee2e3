package wsserver

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// tick is the unit of time of a shard: the number of its timeout checks. It starts
// at 1.
type tick = uint32

// shard holds a part of the clients, which one goroutine serves.
type shard struct {
	intervals intervals
	wake      chan struct{}
	ticks     atomic.Uint32
	events    atomic.Uint64 // delivered
	writes    atomic.Uint64

	mu      sync.Mutex
	clients []*client
}

// intervals are the keepalive times of clients, in ticks.
type intervals struct {
	every                    time.Duration // of a tick
	ping, heartbeat, timeout tick
	accept, slow             tick // see keepalive.go
}

// ticksPerInterval is the number of ticks in the shortest interval.
const ticksPerInterval = 8

func newIntervals(ping, heartbeat, timeout time.Duration) intervals {
	every := max(min(ping, heartbeat, timeout)/ticksPerInterval, time.Millisecond)
	return intervals{
		every: every,
		ping:  tick(ping / every), heartbeat: tick(heartbeat / every), timeout: tick(timeout / every),
		accept: tick(acceptFactor * float64(timeout) / float64(every)), slow: tick(slowFactor * timeout / every),
	}
}

func newShard(i intervals) *shard {
	s := &shard{intervals: i, wake: make(chan struct{}, 1)}
	s.ticks.Store(1)
	return s
}

func (s *shard) now() tick { return s.ticks.Load() }

// run sends new events to its clients until ctx ends, without a delay. Events that
// arrive while it sends are sent together in the next round.
func (s *shard) run(ctx context.Context) {
	ticker := time.NewTicker(s.intervals.every)
	defer ticker.Stop()
	var round []*client
	for {
		select {
		case <-s.wake:
			round = s.snapshot(round)
			for _, c := range round {
				c.sendPending()
			}
		case <-ticker.C:
			now := s.ticks.Add(1)
			round = s.snapshot(round)
			for _, c := range round {
				c.checkTimeouts(now)
			}
		case <-ctx.Done():
			return
		}
		clear(round) // so that disconnected clients can be collected
	}
}

// notify makes the shard send to its clients. It never blocks.
func (s *shard) notify() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// snapshot returns the clients of the shard, in the memory of buf.
func (s *shard) snapshot(buf []*client) []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(buf[:0], s.clients...)
}

func (s *shard) add(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.index = len(s.clients)
	s.clients = append(s.clients, c)
}

func (s *shard) remove(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.clients) - 1
	s.clients[c.index] = s.clients[last]
	s.clients[c.index].index = c.index
	s.clients[last] = nil
	s.clients = s.clients[:last]
}
