package wsserver

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// tick counts a shard's rounds of looking after its clients: the unit in which
// they measure time. It starts at 1.
type tick = uint32

// shard is a part of the clients, served by one goroutine.
type shard struct {
	rhythm rhythm
	wake   chan struct{}
	ticks  atomic.Uint32
	events atomic.Uint64 // delivered
	writes atomic.Uint64

	mu      sync.Mutex
	clients []*client
}

// rhythm is the intervals at which clients are looked after, in ticks.
type rhythm struct {
	every                    time.Duration // of a tick
	ping, heartbeat, timeout tick
}

// ticksPerInterval is how finely the shortest interval is kept.
const ticksPerInterval = 8

func newRhythm(ping, heartbeat, timeout time.Duration) rhythm {
	every := max(min(ping, heartbeat, timeout)/ticksPerInterval, time.Millisecond)
	return rhythm{
		every: every,
		ping:  tick(ping / every), heartbeat: tick(heartbeat / every), timeout: tick(timeout / every),
	}
}

func newShard(r rhythm) *shard {
	s := &shard{rhythm: r, wake: make(chan struct{}, 1)}
	s.ticks.Store(1)
	return s
}

func (s *shard) now() tick { return s.ticks.Load() }

// run sends until ctx ends: at once whenever there is something new. While it
// goes through its clients more may come, and goes out together in the next round.
func (s *shard) run(ctx context.Context) {
	ticker := time.NewTicker(s.rhythm.every)
	defer ticker.Stop()
	var round []*client
	for {
		select {
		case <-s.wake:
			round = s.copyTo(round)
			for _, c := range round {
				c.kick()
			}
		case <-ticker.C:
			now := s.ticks.Add(1)
			round = s.copyTo(round)
			for _, c := range round {
				c.check(now)
			}
		case <-ctx.Done():
			return
		}
		clear(round) // keep nobody who has left
	}
}

// kick has the shard run through its clients. It never blocks.
func (s *shard) kick() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *shard) copyTo(round []*client) []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(round[:0], s.clients...)
}

func (s *shard) add(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.place = len(s.clients)
	s.clients = append(s.clients, c)
}

func (s *shard) remove(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.clients) - 1
	s.clients[c.place] = s.clients[last]
	s.clients[c.place].place = c.place
	s.clients[last] = nil
	s.clients = s.clients[:last]
}
