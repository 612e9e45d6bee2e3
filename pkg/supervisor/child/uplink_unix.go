//go:build unix

package child

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

// maxLine keeps a line within PIPE_BUF of every system (POSIX: at least 512
// bytes), so that a write goes in whole or not at all.
const maxLine = 511

// uplink writes lines to the launcher and never waits for it: a launcher that
// is stopped, or slow, must not stop its components.
type uplink struct {
	mu      sync.Mutex
	pipe    *os.File
	delayed string // the last line that found no room; it goes before the next one
}

func (u *uplink) tell(line string) {
	if len(line) > maxLine {
		line = line[:maxLine]
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.delayed != "" {
		if !u.write(u.delayed) {
			u.keep(line)
			return
		}
		u.delayed = ""
	}
	if !u.write(line) {
		u.keep(line)
	}
}

// keep prefers what cannot be told later: a report of being alive is stale by
// the time there is room.
func (u *uplink) keep(line string) {
	if line != LineAlive && u.delayed != LineReady {
		u.delayed = line
	}
}

// write reports false when the pipe is full. Any other failure means that
// nobody will ever read, and the lifeline says that better.
func (u *uplink) write(line string) bool {
	raw, err := u.pipe.SyscallConn()
	if err != nil {
		return true
	}
	full := false
	_ = raw.Write(func(fd uintptr) bool {
		for {
			_, err := syscall.Write(int(fd), []byte(line+"\n"))
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			full = errors.Is(err, syscall.EAGAIN)
			return true
		}
	})
	return !full
}
