package listen

import "net"

// TakePassed finds none: nobody passes sockets on Windows.
func TakePassed() *Passed { return nil }

func share(l net.Listener) (net.Listener, error) { return l, nil }
