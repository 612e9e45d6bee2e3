package listen

import (
	"net"
	"time"
)

// hasUnread is not known on Windows.
func (*conn) hasUnread() bool { return false }

// writeAtOnce writes as much as the connection accepts soon.
func writeAtOnce(tcp *net.TCPConn, p []byte) {
	if tcp.SetWriteDeadline(time.Now().Add(pollInterval)) == nil {
		_, _ = tcp.Write(p)
	}
}
