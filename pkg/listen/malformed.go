package listen

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
)

// Malformed returns the response to input that is not an HTTP request, for the status
// and the reason that net/http gives.
type Malformed func(status int, reason string) (contentType string, body []byte)

// malformedListener accepts connections that replace the error responses that net/http
// writes by itself, because net/http has no hook for them.
type malformedListener struct {
	net.Listener
	malformed Malformed
}

func (l *malformedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &malformedConn{c, l.malformed}, nil
}

type malformedConn struct {
	net.Conn
	malformed Malformed
}

// statusLine and plainError come before and after the status in the response that
// net/http writes, in one call, to input that it cannot parse. If net/http changes this
// response, it is sent unchanged.
var (
	statusLine = []byte("HTTP/1.1 ")
	plainError = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")
)

// CloseWrite is called by deadlineConn.
func (c *malformedConn) CloseWrite() error { return closeWrite(c.Conn) }

func (c *malformedConn) Write(p []byte) (int, error) {
	rest, isStatus := bytes.CutPrefix(p, statusLine)
	if !isStatus || len(rest) < 3 || rest[0] < '4' {
		return c.Conn.Write(p)
	}
	status, err := strconv.Atoi(string(rest[:3]))
	head, reason, found := bytes.Cut(rest, plainError)
	if err != nil || !found || bytes.ContainsRune(head, '\n') { // a response of a handler, with headers of its own
		return c.Conn.Write(p)
	}
	contentType, body := c.malformed(status, string(reason))
	if _, err := c.Conn.Write(response(status, "", contentType, body)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// response is a whole response, after which the connection is closed.
func response(status int, headers, contentType string, body []byte) []byte {
	return fmt.Appendf(nil, "%s%d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n%s",
		statusLine, status, http.StatusText(status), contentType, len(body), headers, body)
}

// busyResponse tells a client that there are too many connections.
func busyResponse(malformed Malformed) []byte {
	const status, reason = http.StatusServiceUnavailable, "there are too many connections"
	contentType, body := "text/plain; charset=utf-8", []byte(reason)
	if malformed != nil {
		contentType, body = malformed(status, reason)
	}
	return response(status, "Retry-After: 1\r\n", contentType, body)
}
