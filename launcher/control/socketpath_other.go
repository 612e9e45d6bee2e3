//go:build !linux

package control

import (
	"fmt"
	"net"
	"path/filepath"
)

// maxSocketPath is the limit of darwin, the lowest of these systems.
const maxSocketPath = 103

// socketPath returns the name of a socket in dir. On these systems a path that is too
// long cannot be shortened.
func socketPath(dir, name string) (path string, release func(), err error) {
	path = filepath.Join(dir, name)
	if len(path) > maxSocketPath {
		return "", nil, fmt.Errorf("the path %s is %d bytes long, and a socket's may have %d: choose a shorter --dir", path, len(path), maxSocketPath)
	}
	return path, func() {}, nil
}

// samePeer trusts the mode of the directory and of the socket.
func samePeer(net.Conn) bool { return true }
