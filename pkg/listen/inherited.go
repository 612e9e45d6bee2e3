package listen

import (
	"net"
	"strconv"
)

// Inherited are sockets that the parent process has bound for this one, as systemd
// does for a unit with a socket (sd_listen_fds(3)). They stay open until the process
// ends: the parent holds them as well, so closing them here would not refuse any
// client. A nil *Inherited has none.
type Inherited struct {
	listeners []net.Listener
}

// listener returns a new listener on the inherited socket of exactly this address, or
// nil.
func (p *Inherited) listener(host string, port int) (net.Listener, error) {
	if p == nil || port == 0 {
		return nil, nil
	}
	wanted, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, nil // binding it will report the error
	}
	for _, l := range p.listeners {
		if at := l.Addr().(*net.TCPAddr); at.Port == port && sameHost(at.IP, wanted.IP) {
			return share(l)
		}
	}
	return nil, nil
}

// sameHost treats all ways to write "every interface" as equal.
func sameHost(a, b net.IP) bool {
	anyInterface := func(ip net.IP) bool { return len(ip) == 0 || ip.IsUnspecified() }
	return a.Equal(b) || anyInterface(a) && anyInterface(b)
}
