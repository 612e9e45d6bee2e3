package consumer

import (
	"context"
	"errors"
	"io"
	"time"
)

// takePatience is how long a stopped consumer waits for lines to be taken.
const takePatience = time.Second

// errNotTaken says that whoever reads the lines has stopped reading, as a pager does.
var errNotTaken = errors.New("the output is not read")

// untilStopped writes to w, but gives up soon after ctx has ended: a pipe that
// nobody reads would hold up the stop for ever.
type untilStopped struct {
	ctx context.Context
	w   io.Writer
}

func (u *untilStopped) Write(p []byte) (n int, err error) {
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
	case <-time.After(takePatience):
		return 0, errNotTaken
	}
}
