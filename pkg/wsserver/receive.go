package wsserver

import (
	"errors"
	"io"
	"time"
)

// read reads what the client sends until the connection is to be cut.
func (c *client) read(patience time.Duration) {
	in := newInbound(c.conn)
	for {
		opcode, payload, err := in.next()
		if err == nil && opcode != opClose {
			c.heard(opcode, payload)
			continue
		}
		var code closeCode
		var reason string
		if err == nil {
			code, err = parseClose(payload)
		}
		if bad := (*violation)(nil); errors.As(err, &bad) {
			code, reason = bad.code, bad.reason
		} else if err != nil {
			return
		}
		if c.close(code, reason, patience) {
			c.linger()
		}
		return
	}
}

// linger waits until the client ends the connection too, or its time is over. To
// cut it while the client still sends would reset it, and a reset may overtake
// the close frame.
func (c *client) linger() {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok && c.silent() {
		_ = half.CloseWrite() // the client need not wait for us
	}
	_, _ = io.Copy(io.Discard, c.conn)
}

// silent reports whether everything has been written that ever will be.
func (c *client) silent() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.waiting
}
