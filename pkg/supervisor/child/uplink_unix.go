//go:build unix

package child

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

// maxLine keeps a line within PIPE_BUF of every system (POSIX: at least 512 bytes), so
// that a write is atomic.
const maxLine = 511

// uplink writes lines to the launcher and never waits for it: a stopped or slow
// launcher must not block its components.
type uplink struct {
	mu      sync.Mutex
	pipe    *os.File
	delayed string // the last line for which the pipe had no room; sent before the next one
}

func (u *uplink) send(line string) {
	if len(line) > maxLine {
		line = line[:maxLine]
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.delayed != "" {
		if !u.write(u.delayed) {
			u.delay(line)
			return
		}
		u.delayed = ""
	}
	if !u.write(line) {
		u.delay(line)
	}
}

// delay keeps a line for later, except LineAlive, which would be stale by then.
func (u *uplink) delay(line string) {
	if line != LineAlive && u.delayed != LineReady {
		u.delayed = line
	}
}

// write returns false if the pipe is full. After any other error nobody reads any more,
// which the end of the lifeline reports too.
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
