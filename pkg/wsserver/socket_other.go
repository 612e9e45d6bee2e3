//go:build !unix

package wsserver

import "net"

func newSocket(conn net.Conn) socket { return &plainSocket{conn: conn} }
