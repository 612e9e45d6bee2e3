package wsserver

import (
	"errors"
	"io"
	"time"
)

// serve reads the client's frames until the connection ends, and then removes the
// client from the hub. An idle client has no other goroutine. This one starts on a
// new stack, because that of net/http is large, and keeps its calls few while it
// waits, so that the stack stays at two kilobytes.
func (c *client) serve() {
	err := c.receive()
	c.disconnect(err)
}

// peerClosed is the error that stands for the client's close frame.
type peerClosed struct{ code closeCode }

func (f peerClosed) Error() string { return "closed by the client" }

// receive reads until there is nothing more to read, and returns a peerClosed, a
// *violation, or an error of the connection.
func (c *client) receive() error {
	in := newFrameReader(c.conn)
	for {
		opcode, payload, err := in.next()
		if err != nil {
			return err
		}
		if opcode == opClose {
			return parseClose(payload)
		}
		c.handleControl(opcode, payload)
	}
}

// disconnect sends a close frame if err requires one, and closes the connection.
func (c *client) disconnect(err error) {
	defer c.hub.clientLoops.Done()
	timeout := c.hub.config.CloseTimeout
	var bad *violation
	var bye peerClosed
	switch {
	case errors.As(err, &bad):
		c.closeAndLinger(bad.code, bad.reason, timeout)
	case errors.As(err, &bye):
		c.closeAndLinger(bye.code, "", timeout)
	}
	c.abort()
	c.shard.remove(c)
	c.hub.release()
	c.hub.connLog.info("client left", "remote", c.conn.RemoteAddr().String(),
		"cause", err.Error(), "clients", c.hub.clients.Load())
}

// closeAndLinger sends a close frame and waits until the client closes the
// connection or the timeout is over. Closing it while the client still sends would
// reset it, and the reset may arrive before the close frame. If this server sent
// its close frame first, the client has answered it and there is nothing to do.
func (c *client) closeAndLinger(code closeCode, text string, timeout time.Duration) {
	if !c.close(code, text, timeout) {
		return
	}
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok && c.flushed() {
		_ = half.CloseWrite() // so that the client does not wait for more data
	}
	_, _ = io.Copy(io.Discard, c.conn)
}

// flushed reports whether everything was written; nothing follows a close frame.
func (c *client) flushed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.blocked
}
