package listen

import (
	"context"
	"errors"
	"net"
	"time"
)

// Dialer connects to addresses in the form that Open takes: "localhost" means the
// loopback addresses (RFC 6761 §6.3), also where no resolver knows that name, as in
// a container without /etc/hosts.
type Dialer struct {
	Timeout time.Duration // 0: none besides the context's deadline
}

// DialContext connects to host:port.
func (d Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: d.Timeout, KeepAlive: 30 * time.Second}
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host != "localhost" {
		return dialer.DialContext(ctx, network, addr)
	}
	var errs []error
	for _, loopback := range []string{"127.0.0.1", "::1"} {
		conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(loopback, port))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}
