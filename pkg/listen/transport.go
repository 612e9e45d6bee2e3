package listen

import (
	"crypto/tls"
	"net"
	"net/http"
	"syscall"
)

// Transport returns the TCP connection below one that a Server has accepted; nil:
// there is none.
func Transport(nc net.Conn) *net.TCPConn {
	for {
		switch c := nc.(type) {
		case *net.TCPConn:
			return c
		case *hijackedConn:
			return c.TCPConn
		case *conn:
			nc = c.Conn
		case *malformedConn:
			nc = c.Conn
		case *tls.Conn:
			nc = c.NetConn()
		default:
			return nil
		}
	}
}

// RequestTransport returns the TCP connection that a request came on; nil: it did not
// come through a Server.
func RequestTransport(r *http.Request) *net.TCPConn {
	if c := requestConn(r); c != nil {
		return Transport(c)
	}
	return nil
}

// Raw returns the raw connection for [Progress], or nil.
func Raw(tcp *net.TCPConn) syscall.RawConn {
	if tcp == nil {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}
