package child

import (
	"errors"
	"net"
	"os"
)

// Connect returns nil on Windows: children inherit neither pipes nor sockets there, so
// the launcher runs its components in its own process.
func Connect() (*Handle, error) {
	if _, found := os.LookupEnv(Variable); found {
		return nil, errors.New(Variable + " is set, but a Windows process cannot inherit its launcher's descriptors")
	}
	return nil, nil
}

// Listeners is not available on Windows.
func Listeners([]*os.File) ([]net.Listener, error) {
	return nil, errors.New("sockets cannot be inherited on Windows")
}

// killOwnGroup ends this process; its job object ends what it started.
func killOwnGroup() { os.Exit(1) }
