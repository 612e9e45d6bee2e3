package consumer

import (
	"context"
	"errors"
	"io"
	"time"
)

// stopWriteTimeout bounds how long a stopped consumer waits for its last write.
const stopWriteTimeout = time.Second

// errNotRead means that the reader of the lines has stopped reading, as a pager does.
var errNotRead = errors.New("the output is not read")

// stopWriter writes to w, but gives up soon after ctx has ended: a pipe that nobody
// reads would block the stop for ever.
type stopWriter struct {
	ctx context.Context
	w   io.Writer
}

func (u *stopWriter) Write(p []byte) (n int, err error) {
	taken := make(chan struct{})
	var written int
	var writeErr error
	go func() {
		defer close(taken)
		written, writeErr = u.w.Write(p)
	}()
	select {
	case <-taken:
		return written, writeErr
	case <-u.ctx.Done():
	}
	select {
	case <-taken:
		return written, writeErr
	case <-time.After(stopWriteTimeout):
		return 0, errNotRead
	}
}
