package listen

import (
	"fmt"
	"net"
	"time"
)

// acceptPatience is how long connections may fail to be accepted, for want of
// descriptors say, before the server ends: whoever watches over it asks on a
// connection of old and sees it well, but can start it anew.
const acceptPatience = 5 * time.Second

// waited is longer than it takes to fail, and so a wait for somebody to come.
const waited = time.Second

// patientListener makes a failure to accept, which net/http tries again after,
// final once it has lasted.
type patientListener struct {
	net.Listener
	failing time.Time // since when; zero while connections come
}

func (l *patientListener) Accept() (net.Conn, error) {
	began := time.Now()
	c, err := l.Listener.Accept()
	switch {
	case err == nil:
		l.failing = time.Time{}
	case l.failing.IsZero(), time.Since(began) > waited: // it was another failure, before there was nobody to accept
		l.failing = time.Now()
	case time.Since(l.failing) >= acceptPatience:
		// Wrapped, it is no net.Error any more, and net/http takes it for final.
		return nil, fmt.Errorf("no connection could be accepted for %v: %w", acceptPatience, err)
	}
	return c, err
}
