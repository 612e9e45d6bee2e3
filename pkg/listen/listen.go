// Package listen binds the sockets that taskctl serves on, hands them from one process
// to the next, and serves HTTP on them until told to stop. It does not know the
// requests that it serves.
package listen

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Set holds the sockets of one address.
type Set struct {
	Listeners []net.Listener
	Addr      string   // host:port with the real port, as people and programs dial it
	Warnings  []string // what is missing on this machine, in English: "::1 is not available"
}

// BusyError says that another process uses a port.
type BusyError struct {
	Addr string // the exact address: "[::1]:8001"
	Port int
	Err  error
}

func (e *BusyError) Error() string { return fmt.Sprintf("listen on %s: %v", e.Addr, e.Err) }
func (e *BusyError) Unwrap() error { return e.Err }

// maxPortTries bounds the search for a port that is free on both loopback addresses.
const maxPortTries = 32

// Open binds host:port, or uses the inherited socket of that address. The host
// "localhost" means both loopback addresses, on one port; if the machine has only one
// of them, a warning says so. Port 0 picks a free port. If the port is in use, it binds
// nothing and returns a *BusyError.
func (p *Inherited) Open(addr string) (*Set, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	port, err := net.LookupPort("tcp", portText)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	if host != "localhost" {
		l, err := p.bind("tcp", host, port)
		if err != nil {
			return nil, err
		}
		return &Set{Listeners: []net.Listener{l}, Addr: net.JoinHostPort(host, portOf(l))}, nil
	}
	for try := 1; ; try++ {
		set, err := p.openLoopback(port)
		if busy := (*BusyError)(nil); port == 0 && errors.As(err, &busy) && try < maxPortTries {
			continue // free on 127.0.0.1, taken on ::1
		}
		return set, err
	}
}

// openLoopback binds 127.0.0.1 and ::1 on one port.
func (p *Inherited) openLoopback(port int) (*Set, error) {
	set := &Set{}
	for _, family := range []struct{ network, host string }{{"tcp4", "127.0.0.1"}, {"tcp6", "::1"}} {
		l, err := p.bind(family.network, family.host, port)
		switch {
		case err == nil:
			set.Listeners = append(set.Listeners, l)
			port = l.Addr().(*net.TCPAddr).Port
		case errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT):
			set.Warnings = append(set.Warnings, family.host+" is not available on this machine")
		default:
			return nil, errors.Join(err, set.Close())
		}
	}
	if len(set.Listeners) == 0 {
		return nil, fmt.Errorf("listen on localhost: the machine has neither 127.0.0.1 nor ::1")
	}
	set.Addr = net.JoinHostPort("localhost", strconv.Itoa(port))
	return set, nil
}

func (p *Inherited) bind(network, host string, port int) (net.Listener, error) {
	addr := net.JoinHostPort(host, strconv.Itoa(port))
	if l, err := p.listener(host, port); l != nil || err != nil {
		return l, err
	}
	l, err := net.Listen(network, addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &BusyError{Addr: addr, Port: port, Err: syscall.EADDRINUSE}
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

func portOf(l net.Listener) string {
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// Close closes every socket of the set.
func (s *Set) Close() error {
	var errs []error
	for _, l := range s.Listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// IsLoopback reports whether a host, as written in an address, can only be
// reached from this machine. The empty host means every interface.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
