package launcher

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"taskctl/pkg/client"
	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/config"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

// TestTestTasksOfKilledStartsAreRemoved breaks off the round trip before the
// notification arrives, as a killed start does: the next one removes the task.
func TestTestTasksOfKilledStartsAreRemoved(t *testing.T) {
	server := clienttest.New(t)
	api, err := client.New(client.Config{BaseURL: server.URL(), WebSocketURL: server.WebSocketURL()})
	if err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{Dir: t.TempDir()}
	if err := os.MkdirAll(cfg.DataDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	mine, err := api.Create(t.Context(), client.Values{Title: message.English.TestTaskTitle()})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		starting, cancel := context.WithCancel(t.Context())
		before := len(readTestTasks(cfg))
		go func() {
			defer cancel()
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for len(readTestTasks(cfg)) == before { // the task has not been made yet
				select {
				case <-tick.C:
				case <-t.Context().Done():
					return
				}
			}
		}()
		var trip *RoundTripError
		if _, err := (&system{cfg: cfg, api: api, position: newConsumerPosition()}).testTask(starting); !errors.As(err, &trip) {
			t.Fatalf("a start whose notification never comes: %v", err)
		}
	}
	position := newConsumerPosition()
	position.set(task.Position{Epoch: server.Head().Epoch, Seq: 1 << 40})
	trip, err := (&system{cfg: cfg, api: api, position: position}).testTask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := api.List(t.Context(), task.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for _, task := range page.Tasks {
		left[task.ID] = true
	}
	if len(left) != 2 || !left[trip.TaskID] || !left[mine.Task.ID] {
		t.Errorf("%d tasks are left, want the new test task and the user's own of that title", len(left))
	}
}
