package hooks

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

const dialTimeout = 10 * time.Second

// AddressError reports that a receiver's host resolves to an address that is not
// public, and that the settings do not allow.
type AddressError struct {
	Host string
	Addr netip.Addr
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("%s is the private address %s: name the host in allow_private if that is intended", e.Host, e.Addr)
}

// guardedDial returns a dial function that refuses addresses that are not public,
// except those of the allowed hosts. It checks the address that is really dialled:
// a name may resolve to another one at every lookup.
func guardedDial(allowed []string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		dialer := net.Dialer{Timeout: dialTimeout}
		if !slices.ContainsFunc(allowed, func(name string) bool { return strings.EqualFold(name, host) }) {
			dialer.Control = func(_, address string, _ syscall.RawConn) error {
				to, err := netip.ParseAddrPort(address)
				if err != nil {
					return err
				}
				if !public(to.Addr()) {
					return &AddressError{Host: host, Addr: to.Addr()}
				}
				return nil
			}
		}
		return dialer.DialContext(ctx, network, addr)
	}
}

// notPublic are the ranges of the IANA special-purpose registries that the methods of
// netip.Addr do not cover.
var notPublic = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared by carriers
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), // documentation, like the next two
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("100::/64"),      // discarded
	netip.MustParsePrefix("2001:db8::/32"), // documentation
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("fec0::/10"),
}

// Ranges of IPv6 that contain an IPv4 address.
var (
	nat64 = netip.MustParsePrefix("64:ff9b::/96") // in the last four bytes
	sixTo = netip.MustParsePrefix("2002::/16")    // in bytes 2 to 5
)

// public reports whether an address is reachable on the internet.
func public(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		bytes := addr.As16()
		switch {
		case nat64.Contains(addr):
			return public(netip.AddrFrom4([4]byte(bytes[12:])))
		case sixTo.Contains(addr):
			return public(netip.AddrFrom4([4]byte(bytes[2:6])))
		}
	}
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	for _, prefix := range notPublic {
		if prefix.Contains(addr) {
			return false
		}
	}
	return true
}
