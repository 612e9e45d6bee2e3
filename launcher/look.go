package launcher

import (
	"context"
	"errors"
	"time"

	"github.com/taskctl/taskctl/pkg/config"
)

// A launcher that holds the lock has no socket for an instant as it comes and as
// it goes, which on a busy machine may be a good part of a second; one that clears
// what a dead one left has none for longer.
const (
	comingOrGoing = time.Second
	lookAgain     = 5 * time.Millisecond
)

// Look asks the launcher of the directory how the system is. With ErrNotRunning
// and *NotAnsweringError comes the status that there is to tell, without
// components.
func Look(ctx context.Context, cfg *config.Config) (Status, error) {
	var before stage
	for began := time.Now(); ; {
		s, err := Dial(cfg).Status(ctx)
		if err == nil || ctx.Err() != nil {
			return s, err
		}
		s = Status{State: Stopped, Mode: ModeProcesses, Dir: cfg.Dir, Components: []ComponentStatus{}}
		var silent *NotAnsweringError
		if !errors.As(err, &silent) {
			if !errors.Is(err, ErrNotRunning) {
				s = Status{}
			}
			return s, err
		}
		s.PID = silent.PID
		switch gone := silent.at == here && before == here; { // not just that it came meanwhile
		case silent.NoSocket == "" || gone:
			s.State = Degraded
			return s, silent
		case time.Since(began) > comingOrGoing:
			s.State = Starting
			if silent.at == leaving {
				s.State = Stopping
			}
			return s, nil
		}
		before = silent.at
		time.Sleep(lookAgain)
	}
}
