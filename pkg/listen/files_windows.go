package listen

import (
	"errors"
	"os"
)

// Files is not available: a Windows child cannot inherit a listening socket
// through os/exec, which is why the launcher runs its components in-process there.
func (s *Set) Files() ([]*os.File, error) {
	return nil, errors.New("sockets cannot be handed to a child process on Windows")
}
