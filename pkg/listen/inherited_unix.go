//go:build unix

package listen

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// firstInherited is SD_LISTEN_FDS_START.
const firstInherited = 3

// maxInherited bounds the descriptors that a wrong variable can make this process use.
const maxInherited = 64

// TakeInherited takes the TCP sockets that LISTEN_FDS announces, if LISTEN_PID names
// this process, and closes the other descriptors among them. It always removes the
// variables, so that child processes do not use them. Call it once, at the beginning of
// main.
func TakeInherited() *Inherited {
	pid, count := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name) // cannot fail for a valid name
	}
	n, err := strconv.Atoi(count)
	if err != nil || n > maxInherited || pid != strconv.Itoa(os.Getpid()) {
		return nil
	}
	p := &Inherited{}
	for fd := firstInherited; fd < firstInherited+n; fd++ {
		syscall.CloseOnExec(fd)
		f := os.NewFile(uintptr(fd), fmt.Sprintf("inherited socket %d", fd))
		l, err := net.FileListener(f)
		_ = f.Close() // the listener has its own descriptor
		if err != nil {
			continue // not a listening socket
		}
		if _, isTCP := l.(*net.TCPListener); !isTCP {
			_ = l.Close()
			continue
		}
		p.listeners = append(p.listeners, l)
	}
	return p
}
