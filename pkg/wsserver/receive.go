package wsserver

import (
	"errors"
	"io"
	"time"
)

// serve reads what the client sends until the connection ends, and then takes
// the client off the hub. This goroutine is all that an idle client has running:
// it begins on a fresh stack, because the one that came through net/http is
// large, and what waits in it is kept shallow, to fit into two kilobytes.
func (c *client) serve() {
	err := c.receive()
	c.leave(err)
}

// farewell is the client's close frame, as the error that ends its reading.
type farewell struct{ code closeCode }

func (f farewell) Error() string { return "closed by the client" }

// receive returns why there is nothing more to read: a farewell, a *violation, or
// what is wrong with the connection.
func (c *client) receive() error {
	in := newInbound(c.conn)
	for {
		opcode, payload, err := in.next()
		if err != nil {
			return err
		}
		if opcode == opClose {
			return parseClose(payload)
		}
		c.heard(opcode, payload)
	}
}

// leave answers what ended the reading, and cuts the connection.
func (c *client) leave(err error) {
	defer c.hub.running.Done()
	patience := c.hub.config.CloseTimeout
	var bad *violation
	var bye farewell
	switch {
	case errors.As(err, &bad):
		c.closeAndLinger(bad.code, bad.reason, patience)
	case errors.As(err, &bye):
		c.closeAndLinger(bye.code, "", patience)
	}
	c.cut()
	c.shard.remove(c)
	c.hub.release()
	c.hub.logger.Info("client left", "remote", c.conn.RemoteAddr().String(),
		"cause", err.Error(), "clients", c.hub.clients.Load())
}

// closeAndLinger sends a close frame and waits until the client ends the
// connection too, or its time is over: to cut it while the client still sends
// would reset it, and a reset may overtake the close frame. An answer to a close
// frame of ours needs neither.
func (c *client) closeAndLinger(code closeCode, text string, patience time.Duration) {
	if !c.close(code, text, patience) {
		return
	}
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
