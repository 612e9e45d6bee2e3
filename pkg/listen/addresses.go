package listen

import (
	"net"
	"net/netip"
)

// PerAddress bounds the connections of one address. Requests on connections over the
// limit are [Refused]; connections over twice the limit are closed at once. Addresses
// of this machine are not limited, because components use them.
type PerAddress struct {
	Max    int                   // 0: any number
	Exempt func(netip.Addr) bool // not limited either, such as proxies; nil: none
}

// addresses count the connections of each address, guarded by the pool's lock.
type addresses struct {
	limit PerAddress
	open  map[netip.Addr]int
}

func newAddresses(limit PerAddress) addresses {
	return addresses{limit: limit, open: make(map[netip.Addr]int)}
}

// of returns the address to count a connection for; the zero Addr: it is not counted.
func (a *addresses) of(nc net.Conn) netip.Addr {
	tcp, ok := nc.RemoteAddr().(*net.TCPAddr)
	if a.limit.Max <= 0 || !ok {
		return netip.Addr{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	if addr.IsLoopback() || a.limit.Exempt != nil && a.limit.Exempt(addr) {
		return netip.Addr{}
	}
	return addr
}

// add counts a connection, and returns whether it is beyond the limit, and far beyond.
func (a *addresses) add(addr netip.Addr) (beyond, far bool) {
	if !addr.IsValid() {
		return false, false
	}
	a.open[addr]++
	return a.open[addr] > a.limit.Max, a.open[addr] > 2*a.limit.Max
}

func (a *addresses) remove(addr netip.Addr) {
	if !addr.IsValid() {
		return
	}
	if a.open[addr]--; a.open[addr] <= 0 {
		delete(a.open, addr)
	}
}
