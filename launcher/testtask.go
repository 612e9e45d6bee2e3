package launcher

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/task"
)

// testTaskFile remembers the test task's id until the next start removes it: by
// id, because a task of the same title may be a user's own.
const testTaskFile = "test-task.json"

const (
	testTaskTitle       = "Prueba WebSocket"
	testTaskDescription = "Tarea para probar notificaciones"
)

// roundTripTimeout bounds how long the test task's notification may take.
const roundTripTimeout = 10 * time.Second

// testTask creates the test task through the real API and waits until the
// consumer has said that it has the event. Then it removes the one that an
// earlier start left.
func testTask(ctx context.Context, cfg *config.Config, api *client.Client, seen *seenPosition) (*RoundTrip, error) {
	ctx, cancel := context.WithTimeout(ctx, roundTripTimeout)
	defer cancel()
	previous := readTestTask(cfg)
	began := time.Now()
	created, err := api.Create(ctx, client.Values{Title: testTaskTitle, Description: testTaskDescription})
	if err != nil {
		return nil, &RoundTripError{Stage: "create the test task", After: time.Since(began), Err: err}
	}
	if err := seen.wait(ctx, created.Position); err != nil {
		return nil, &RoundTripError{Stage: "await the test task's notification", After: time.Since(began), Err: err}
	}
	trip := &RoundTrip{TaskID: created.Task.ID, Position: created.Position, Took: time.Since(began)}
	trip.TookMS = float64(trip.Took.Microseconds()) / 1000
	if err := writeTestTask(cfg, created.Task.ID); err != nil {
		return nil, err
	}
	if previous != "" {
		if _, err := api.Delete(ctx, previous); err != nil && !errors.Is(err, task.ErrNotFound) {
			return nil, &RoundTripError{Stage: "remove the earlier test task", After: time.Since(began), Err: err}
		}
	}
	return trip, nil
}

type testTaskRecord struct {
	ID string `json:"id"`
}

// readTestTask returns the id an earlier start left, or "" where there is none
// that can be read: then nothing is removed.
func readTestTask(cfg *config.Config) string {
	data, err := os.ReadFile(cfg.Data(testTaskFile))
	if err != nil {
		return ""
	}
	var record testTaskRecord
	if json.Unmarshal(data, &record) != nil {
		return ""
	}
	return record.ID
}

func writeTestTask(cfg *config.Config, id string) error {
	data, err := json.Marshal(testTaskRecord{ID: id})
	if err != nil {
		return err
	}
	temp := cfg.Data(testTaskFile + ".tmp")
	if err := os.WriteFile(temp, append(data, '\n'), fs.FileMode(0o600)); err != nil {
		return err
	}
	return os.Rename(temp, cfg.Data(testTaskFile))
}
