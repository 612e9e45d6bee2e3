package api

import (
	"net/netip"
	"sync"
)

const (
	// largeBuffer is the size up to which buffers are not counted, in bytes. The number
	// of connections bounds the number of these.
	largeBuffer = 64 << 10
	// maxLargeBuffers bounds the sum of the larger ones. A client that sends or reads
	// slowly holds them for as long as half a minute.
	maxLargeBuffers = 96 << 20
)

// buffers bounds the memory of large requests and answers in progress. One network may
// use half of it, so that no client can use all, but at least one buffer: the largest
// page is larger than half.
type buffers struct {
	mu        sync.Mutex
	used      int
	byNetwork map[netip.Prefix]int
}

func newBuffers() *buffers { return &buffers{byNetwork: make(map[netip.Prefix]int)} }

// take counts n more bytes, or returns false if the limit is reached.
func (b *buffers) take(network netip.Prefix, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := b.byNetwork[network]
	if b.used+n > maxLargeBuffers || held > 0 && held+n > maxLargeBuffers/2 {
		return false
	}
	b.used += n
	b.byNetwork[network] += n
	return true
}

// give undoes [buffers.take].
func (b *buffers) give(network netip.Prefix, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.byNetwork[network] -= n; b.byNetwork[network] <= 0 {
		delete(b.byNetwork, network)
	}
}

// reserve counts the given bytes for the exchange until it ends.
func (s *Server) reserve(x *exchange, bytes int) error {
	if bytes <= largeBuffer || bytes <= x.reserved {
		return nil
	}
	if !s.buffers.take(s.networkOf(x), bytes-x.reserved) {
		return errBuffers
	}
	x.reserved = bytes
	return nil
}

// unreserve releases the bytes that the exchange has reserved.
func (s *Server) unreserve(x *exchange) {
	if x.reserved > 0 {
		s.buffers.give(s.networkOf(x), x.reserved)
	}
}

// networkOf is the network of a request's client.
func (s *Server) networkOf(x *exchange) netip.Prefix {
	return networkOf(s.cfg.Access.Proxies.Client(x.r))
}
