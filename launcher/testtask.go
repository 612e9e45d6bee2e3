package launcher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"taskctl/launcher/control"
	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/ownfile"
	"taskctl/pkg/task"
)

// testTaskFile records the id of the test task, so that the next start removes it. It
// uses the id, because a user's task may have the same title.
const testTaskFile = "test-task.json"

// roundTripTimeout bounds how long the test task's notification may take.
const roundTripTimeout = 10 * time.Second

// testTask creates the test task through the real API and waits until the consumer
// reports its event. Then it removes the test tasks of earlier starts. The id is
// recorded right after the creation, so that the next start can remove the task even if
// this start is killed.
func (s *system) testTask(ctx context.Context) (*control.RoundTrip, error) {
	cfg, api, lang := s.cfg, s.api, s.opts.Lang
	ctx, cancel := context.WithTimeout(ctx, roundTripTimeout)
	defer cancel()
	earlier := readTestTasks(cfg)
	began := time.Now()
	created, err := api.Create(ctx, client.Values{Title: lang.TestTaskTitle(), Description: lang.TestTaskDescription()})
	if err != nil {
		return nil, &RoundTripError{Stage: "create the test task", After: time.Since(began), Err: err}
	}
	if err := writeTestTasks(cfg, append(earlier, created.Task.ID)); err != nil {
		return nil, err
	}
	if err := s.position.wait(ctx, created.Position); err != nil {
		return nil, &RoundTripError{Stage: "await the test task's notification", After: time.Since(began), Err: err}
	}
	trip := &control.RoundTrip{TaskID: created.Task.ID, Position: created.Position, Took: time.Since(began)}
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

// readTestTasks returns the ids of the test tasks of earlier starts. It returns none if
// the record is missing or unreadable; then no task is removed.
func readTestTasks(cfg *config.Config) []string {
	data, err := ownfile.Read(cfg.Data(testTaskFile))
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
		return fmt.Errorf("record the test task: %w", err)
	}
	return os.Rename(temp, cfg.Data(testTaskFile))
}
