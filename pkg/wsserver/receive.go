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
		if err == nil {
			code, err = parseClose(payload)
		}
		if err == nil { // the client closes, or answers our own close
			c.close(code, "", patience)
			return
		}
		if bad := (*violation)(nil); errors.As(err, &bad) {
			c.close(bad.code, bad.reason, patience)
			// To close while the client still sends would reset the connection, and
			// the reset could overtake the close frame.
			_, _ = io.Copy(io.Discard, c.conn)
		}
		return
	}
}
