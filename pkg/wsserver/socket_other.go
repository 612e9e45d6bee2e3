//go:build !unix

package wsserver

import (
	"net"
	"time"
)

func newSocket(conn net.Conn, limit time.Duration) socket {
	return &plainSocket{conn: conn, limit: limit}
}
