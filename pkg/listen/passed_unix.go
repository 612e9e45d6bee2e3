//go:build unix

package listen

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// firstPassed is SD_LISTEN_FDS_START.
const firstPassed = 3

// maxPassed bounds what a stranger's variable can make us touch.
const maxPassed = 64

// TakePassed takes the TCP sockets that LISTEN_FDS tells of, if LISTEN_PID names
// this process, and closes what else was passed. The variables are removed in
// any case, so that no command started from here takes them for its own. To be
// called once, first thing in main.
func TakePassed() *Passed {
	pid, count := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name) // fails for names that cannot be
	}
	n, err := strconv.Atoi(count)
	if err != nil || n > maxPassed || pid != strconv.Itoa(os.Getpid()) {
		return nil
	}
	p := &Passed{}
	for fd := firstPassed; fd < firstPassed+n; fd++ {
		syscall.CloseOnExec(fd)
		f := os.NewFile(uintptr(fd), fmt.Sprintf("passed socket %d", fd))
		l, err := net.FileListener(f)
		_ = f.Close() // the listener has its own descriptor
		if err != nil {
			continue // no socket that listens
		}
		if _, isTCP := l.(*net.TCPListener); !isTCP {
			_ = l.Close()
			continue
		}
		p.listeners = append(p.listeners, l)
	}
	return p
}
