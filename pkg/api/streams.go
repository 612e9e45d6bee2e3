package api

import (
	"net/netip"
	"sync"
	"time"
)

// finalWriteTimeout bounds a stream's last write when the server stops.
const finalWriteTimeout = 100 * time.Millisecond

// streams are the event streams that are open.
type streams struct {
	max     int           // total limit
	closing chan struct{} // closed when the streams have to end

	mu        sync.Mutex
	open      map[*feed]netip.Prefix // the value is the network of the client
	byNetwork map[netip.Prefix]int
}

func newStreams(limit int) *streams {
	return &streams{
		max: limit, closing: make(chan struct{}),
		open: make(map[*feed]netip.Prefix), byNetwork: make(map[netip.Prefix]int),
	}
}

// maxPerNetwork bounds the streams of one network to half of all. So no client can hold
// all of them, and a proxy, whose clients share one address, still has many.
func (s *streams) maxPerNetwork() int { return (s.max + 1) / 2 }

// networkOf is the IPv4 address of a client, or the /64 network of its IPv6 address, in
// which a client may choose any address.
func networkOf(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	network, _ := addr.Prefix(bits) // an address has at least these bits
	return network
}

// add returns false if the limit is reached. A server that stops still accepts a stream
// and ends it at once: then the client reconnects, to the next server. After a refusal
// a browser would not reconnect.
func (s *streams) add(f *feed, network netip.Prefix) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= s.max || s.byNetwork[network] >= s.maxPerNetwork() {
		return false
	}
	s.open[f] = network
	s.byNetwork[network]++
	return true
}

func (s *streams) remove(f *feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	network := s.open[f]
	delete(s.open, f)
	if s.byNetwork[network]--; s.byNetwork[network] == 0 {
		delete(s.byNetwork, network)
	}
}

func (s *streams) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// close ends the streams, which do not end by themselves. A client that accepts no
// bytes does not delay the others.
func (s *streams) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.closing)
	for f := range s.open {
		f.deadline.setFinal(time.Now().Add(finalWriteTimeout))
	}
}
