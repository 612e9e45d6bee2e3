package child

import (
	"context"
	"errors"
	"time"
)

// ErrLauncherGone is the cause of a context that ended because the launcher died.
var ErrLauncherGone = errors.New("the launcher is gone")

// drainTime is how long a component may go on without its launcher. With the
// time that exiting takes, it stays within the three seconds of the contract.
const drainTime = 2 * time.Second

// Guard makes sure that this process does not outlive its launcher. The context
// it returns ends, with [ErrLauncherGone] as its cause, when the launcher dies;
// two seconds later the whole process group is killed, however busy or stuck it
// is. Main calls leave last of all: after the launcher's death it takes along
// what is left of the group, this process included. With a nil Handle nothing
// is guarded.
func Guard(ctx context.Context, h *Handle) (guarded context.Context, leave func()) {
	if h == nil {
		return ctx, func() {}
	}
	guarded, cancel := context.WithCancelCause(ctx)
	left := make(chan struct{})
	go func() {
		select {
		case <-h.Gone():
		case <-left:
			return
		}
		cancel(ErrLauncherGone)
		select {
		case <-time.After(drainTime):
		case <-left:
		}
		killOwnGroup()
	}()
	return guarded, func() {
		close(left)
		cancel(context.Canceled)
		select {
		case <-h.Gone():
			killOwnGroup()
		default:
		}
	}
}
