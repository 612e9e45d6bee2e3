package listen

import (
	"errors"
	"net"
	"os"
)

// Files is not available: a Windows child cannot inherit a listening socket
// through os/exec, which is why the launcher runs its components in-process there.
func (s *Set) Files() ([]*os.File, error) {
	return nil, errors.New("sockets cannot be handed to a child process on Windows")
}

// Share returns the sockets themselves. They cannot be duplicated here: a component
// that ends closes them, and its next generation needs new ones.
func (s *Set) Share() ([]net.Listener, error) { return s.Listeners, nil }
