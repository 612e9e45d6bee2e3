package hooks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"taskctl/pkg/checkpoint"
	"taskctl/pkg/ownfile"
	"taskctl/pkg/task"
)

// State is how a hook is.
type State string

// The states of a hook.
const (
	StateStopped    State = "stopped"    // its component does not run
	StateConnecting State = "connecting" // it has no connection to the notification server
	StateReady      State = "ready"      // everything that has arrived is delivered
	StateRetrying   State = "retrying"   // an attempt failed; another follows
	StateFailed     State = "failed"     // its files cannot be used; it tries again
)

// Status is the state of one hook, as `taskctl status --json` prints it.
type Status struct {
	Name        string     `json:"name"`
	Target      string     `json:"target"` // without path and query, which may be secret
	State       State      `json:"state"`
	Position    string     `json:"position,omitzero"` // of the last event that is done; empty: none yet
	Lag         uint64     `json:"lag"`               // events after Position
	Attempts    int        `json:"attempts,omitzero"` // for the event that is tried
	LastError   string     `json:"last_error,omitzero"`
	NextAttempt *time.Time `json:"next_attempt,omitzero"`
	Delivered   uint64     `json:"delivered"` // since the component started
	Failures    uint64     `json:"failures"`  // attempts that failed, since the component started
	DeadLetters int        `json:"dead_letters"`
}

const (
	statusFile     = "status.json"
	statusInterval = time.Second // between two writes of the status file
)

// board holds the status of every hook, and writes it to a file for other processes.
type board struct {
	path string

	mu      sync.Mutex
	hooks   []Status
	changed bool
}

func newBoard(dir string, hooks []Hook) *board {
	b := &board{path: filepath.Join(dir, statusFile), changed: true}
	for _, h := range hooks {
		b.hooks = append(b.hooks, Status{Name: h.Name, Target: h.Target(), State: StateConnecting})
	}
	return b
}

// update changes the status of hook i.
func (b *board) update(i int, change func(*Status)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.hooks[i])
	b.changed = true
}

// run writes the file while it changes, until ctx ends.
func (b *board) run(ctx context.Context) error {
	ticker := time.NewTicker(statusInterval)
	defer ticker.Stop()
	for {
		if err := b.write(); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			for i := range b.hooks {
				b.update(i, func(s *Status) { s.State = StateStopped })
			}
			return b.write()
		}
	}
}

func (b *board) write() error {
	b.mu.Lock()
	data, err := json.Marshal(b.hooks)
	changed := b.changed
	b.changed = false
	b.mu.Unlock()
	if err != nil || !changed {
		return err
	}
	temp := b.path + ".tmp"
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return fmt.Errorf("write status of hooks: %w", err)
	}
	if err := os.Rename(temp, b.path); err != nil {
		return fmt.Errorf("write status of hooks: %w", err)
	}
	return nil
}

// ReadStatus returns the status of all hooks whose files are in dir, up to a second
// old, with their lag behind head. running says whether their component runs. Without
// hooks it returns nil.
func ReadStatus(dir string, head task.Position) ([]Status, error) {
	data, err := ownfile.Read(filepath.Join(dir, statusFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read status of hooks: %w", err)
	}
	var all []Status
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("read status of hooks: %w", err)
	}
	for i := range all {
		all[i].complete(dir, head)
	}
	return all, nil
}

// RemoveStatus removes the status of hooks that the settings do not have any more.
func RemoveStatus(dir string) error {
	if err := os.Remove(filepath.Join(dir, statusFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove status of hooks: %w", err)
	}
	return nil
}

// complete reads what is in the hook's own files.
func (s *Status) complete(dir string, head task.Position) {
	s.DeadLetters = deadLettersOf(dir, s.Name).count()
	state, found, err := checkpoint.Read(checkpointPath(dir, s.Name))
	if err != nil {
		s.State, s.LastError = StateFailed, err.Error()
	}
	if !found {
		return
	}
	s.Position = state.Position.String()
	if state.Position.Epoch == head.Epoch && head.Seq > state.Position.Seq {
		s.Lag = head.Seq - state.Position.Seq
	}
}

// NewStatus returns the status of a hook whose component has not run yet.
func NewStatus(dir string, h Hook, head task.Position) Status {
	s := Status{Name: h.Name, Target: h.Target(), State: StateStopped}
	s.complete(dir, head)
	return s
}

func checkpointPath(dir, name string) string { return filepath.Join(dir, name+".checkpoint") }
