package access

import (
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses of proxies whose X-Forwarded-For is trusted.
type Proxies []netip.Prefix

// ParseProxy reads an address, or a prefix such as 10.0.0.0/8.
func ParseProxy(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	return prefix.Masked(), err
}

// Contains reports whether an address belongs to a proxy.
func (p Proxies) Contains(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// Client returns the address of a request's client: that of the connection, or, if the
// connection comes from a proxy, the last address in X-Forwarded-For that is not a
// proxy.
func (p Proxies) Client(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := at.Addr().Unmap()
	if !p.Contains(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // earlier entries may be forged
		}
		if client = hop.Unmap(); !p.Contains(client) {
			break
		}
	}
	return client
}
