package child

import (
	"context"
	"errors"
	"time"
)

// ErrLauncherGone is the cause of a context that ended because the launcher died.
var ErrLauncherGone = errors.New("the launcher is gone")

// drainTimeout is how long a component may drain without its launcher. With the time
// that exiting takes, this stays within the promised three seconds.
const drainTimeout = 2 * time.Second

// Guard makes sure that this process does not outlive its launcher. The context it
// returns ends, with [ErrLauncherGone] as its cause, when the launcher dies; two
// seconds later the whole process group is killed, even if it hangs. Main calls leave
// last: after the launcher's death it kills the rest of the group, including this
// process. With a nil Handle, Guard does nothing.
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
		case <-time.After(drainTimeout):
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
