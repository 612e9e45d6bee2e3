package launcher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
// consumer has said that it has the event. Then it removes the ones that earlier
// starts left. An id is written down before anything else can go wrong, so that
// not even a start that is killed here leaves a task behind for good.
func testTask(ctx context.Context, cfg *config.Config, api *client.Client, seen *seenPosition) (*RoundTrip, error) {
	ctx, cancel := context.WithTimeout(ctx, roundTripTimeout)
	defer cancel()
	earlier := readTestTasks(cfg)
	began := time.Now()
	created, err := api.Create(ctx, client.Values{Title: testTaskTitle, Description: testTaskDescription})
	if err != nil {
		return nil, &RoundTripError{Stage: "create the test task", After: time.Since(began), Err: err}
	}
	if err := writeTestTasks(cfg, append(earlier, created.Task.ID)); err != nil {
		return nil, err
	}
	if err := seen.wait(ctx, created.Position); err != nil {
		return nil, &RoundTripError{Stage: "await the test task's notification", After: time.Since(began), Err: err}
	}
	trip := &RoundTrip{TaskID: created.Task.ID, Position: created.Position, Took: time.Since(began)}
	trip.TookMS = float64(trip.Took.Microseconds()) / 1000
	for _, id := range earlier {
		if _, err := api.Delete(ctx, id); err != nil && !errors.Is(err, task.ErrNotFound) {
			return nil, &RoundTripError{Stage: "remove the earlier test task", After: time.Since(began), Err: err}
		}
	}
	return trip, writeTestTasks(cfg, []string{created.Task.ID})
}

type testTaskRecord struct {
	IDs []string `json:"ids"`
}

// readTestTasks returns the ids that earlier starts left; none where there is no
// record that can be read: then nothing is removed.
func readTestTasks(cfg *config.Config) []string {
	data, err := os.ReadFile(cfg.Data(testTaskFile))
	if err != nil {
		return nil
	}
	var record testTaskRecord
	if json.Unmarshal(data, &record) != nil {
		return nil
	}
	return record.IDs
}

func writeTestTasks(cfg *config.Config, ids []string) error {
	data, err := json.Marshal(testTaskRecord{IDs: ids})
	if err != nil {
		return err
	}
	temp := cfg.Data(testTaskFile + ".tmp")
	if err := os.WriteFile(temp, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("remember the test task: %w", err)
	}
	return os.Rename(temp, cfg.Data(testTaskFile))
}
