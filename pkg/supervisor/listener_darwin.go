package supervisor

import "net"

// listenedBy is always true: on macOS it is not looked up which process holds a port.
func listenedBy(*net.TCPAddr, []procInfo) bool { return true }
