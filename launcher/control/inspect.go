package control

import (
	"context"
	"errors"
	"time"

	"taskctl/pkg/config"
)

const (
	// socketGapTimeout is how long a launcher may hold the lock without a control
	// socket before it counts as not answering. A start and a stop have such a gap. On
	// a busy machine it lasts up to a second, and longer if the start has to end
	// processes of a dead launcher.
	socketGapTimeout = time.Second
	inspectRetry     = 5 * time.Millisecond
)

// Inspect asks the launcher of the directory for the state of the system. With
// ErrNotRunning and *NotAnsweringError it also returns a status without components.
func Inspect(ctx context.Context, cfg *config.Config) (Status, error) {
	var before Stage
	for began := time.Now(); ; {
		s, err := NewClient(cfg).Status(ctx)
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
		// It was serving before the request too, so the socket was not just created.
		switch removed := silent.stage == StageServing && before == StageServing; {
		case silent.NoSocket == "" || removed:
			s.State = Degraded
			return s, silent
		case time.Since(began) > socketGapTimeout:
			s.State = Starting
			if silent.stage == StageStopping {
				s.State = Stopping
			}
			return s, nil
		}
		before = silent.stage
		time.Sleep(inspectRetry)
	}
}
