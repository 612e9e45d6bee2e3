package hooks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Replayed is the result of [Replay].
type Replayed struct {
	Delivered int   `json:"delivered"`
	Remaining int   `json:"remaining"`
	Err       error `json:"-"` // why the first of the remaining letters was not delivered
}

// Replay delivers the dead letters of a hook again, in order, with one attempt each. It
// stops at the first that fails and keeps the rest. The hook itself may run meanwhile.
func Replay(ctx context.Context, h Hook, deps Deps) (result Replayed, err error) {
	s, err := newSender(h, deps)
	if err != nil {
		return Replayed{}, err
	}
	defer s.close()
	if err := os.MkdirAll(deps.Dir, 0o700); err != nil {
		return Replayed{}, fmt.Errorf("create directory of hooks: %w", err)
	}
	dead := deadLettersOf(deps.Dir, h.Name)
	unlock, err := dead.lock(ctx)
	if err != nil {
		return Replayed{}, err
	}
	defer unlock()
	letters, _, err := dead.read()
	if err != nil {
		return Replayed{}, err
	}
	for len(letters) > 0 {
		l := &letters[0]
		if result.Err = s.send(ctx, message{id: l.ID, body: l.Event}); result.Err != nil {
			l.Attempts++
			l.FailedAt, l.Error = time.Now().UTC(), result.Err.Error()
			break
		}
		letters = letters[1:]
		result.Delivered++
	}
	result.Remaining = len(letters)
	return result, errors.Join(dead.replace(letters), ctx.Err())
}
