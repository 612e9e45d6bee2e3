package listen

import (
	"net"
	"strconv"
)

// Passed are sockets that whoever started this process has bound for it, as
// systemd does for a unit with a socket (sd_listen_fds(3)). They stay open as
// long as the process lives: the one who bound them holds them as well, so to
// close them here would tell no client anything. A nil *Passed has none.
type Passed struct {
	listeners []net.Listener
}

// listener returns a listener of its own on the passed socket of that very
// address; nil where there is none.
func (p *Passed) listener(host string, port int) (net.Listener, error) {
	if p == nil || port == 0 {
		return nil, nil
	}
	wanted, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, nil // binding it says what is wrong with it
	}
	for _, l := range p.listeners {
		if at := l.Addr().(*net.TCPAddr); at.Port == port && sameHost(at.IP, wanted.IP) {
			return share(l)
		}
	}
	return nil, nil
}

// sameHost takes all ways to write "every interface" for one.
func sameHost(a, b net.IP) bool {
	everywhere := func(ip net.IP) bool { return len(ip) == 0 || ip.IsUnspecified() }
	return a.Equal(b) || everywhere(a) && everywhere(b)
}
