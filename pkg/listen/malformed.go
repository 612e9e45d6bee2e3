package listen

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
)

// Malformed makes the answer to what is no request, from the status and what
// net/http says is wrong with it.
type Malformed func(status int, reason string) (contentType string, body []byte)

// rewordedListener accepts connections on which net/http's own words, which it
// has no hook for, are replaced.
type rewordedListener struct {
	net.Listener
	malformed Malformed
}

func (l *rewordedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &rewordedConn{c, l.malformed}, nil
}

type rewordedConn struct {
	net.Conn
	malformed Malformed
}

// statusLine and plainError are what stands before and after the status in the
// answer that net/http writes, in one call, to what it cannot read. Should it
// change, that answer is sent as it is.
var (
	statusLine = []byte("HTTP/1.1 ")
	plainError = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")
)

// CloseWrite is for the one that times the connection.
func (c *rewordedConn) CloseWrite() error { return closeWrite(c.Conn) }

func (c *rewordedConn) Write(p []byte) (int, error) {
	rest, isStatus := bytes.CutPrefix(p, statusLine)
	if !isStatus || len(rest) < 3 || rest[0] < '4' {
		return c.Conn.Write(p)
	}
	status, err := strconv.Atoi(string(rest[:3]))
	head, reason, found := bytes.Cut(rest, plainError)
	if err != nil || !found || bytes.ContainsRune(head, '\n') { // it stands among headers of ours
		return c.Conn.Write(p)
	}
	contentType, body := c.malformed(status, string(reason))
	answer := fmt.Appendf(nil, "%s%d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		statusLine, status, http.StatusText(status), contentType, len(body), body)
	if _, err := c.Conn.Write(answer); err != nil {
		return 0, err
	}
	return len(p), nil
}
