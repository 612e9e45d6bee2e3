package listen

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Progress reports whether bytes of a TCP connection wait to be sent, and how many
// bytes its peer has acknowledged in total. Both are zero for a connection that is
// closed or not TCP.
func Progress(raw syscall.RawConn) (backlog bool, acked uint64) {
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			backlog, acked = info.Notsent_bytes > 0, info.Bytes_acked
		}
	})
	return backlog, acked
}
