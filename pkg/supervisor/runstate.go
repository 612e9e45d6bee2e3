package supervisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"taskctl/pkg/ownfile"
)

// RunState is a file that records the running processes, so that [Sweep] can end them
// if this process is killed. A nil *RunState records nothing.
type RunState struct {
	path    string
	mu      sync.Mutex
	content runStateContent
}

// runStateContent is the content of the file.
type runStateContent struct {
	Boot      string          `json:"boot_id"`
	RunID     string          `json:"run_id"` // prefix of the IDs of all generations of this run
	Launcher  processRecord   `json:"launcher"`
	Processes []processRecord `json:"processes"`
}

// processRecord is one process: pid and start time identify it until the machine restarts.
type processRecord struct {
	Component  string `json:"component,omitempty"`
	Generation uint64 `json:"generation,omitempty"`
	PID        int    `json:"pid"`
	Started    uint64 `json:"started"` // in the unit of the operating system
	Group      int    `json:"pgid,omitempty"`
	ID         string `json:"id,omitempty"`
	Tag        uint64 `json:"tag,omitempty"`        // see tags
	Descendant bool   `json:"descendant,omitempty"` // of the generation's main process
}

// OpenRunState creates a new file, which replaces that of an earlier run: call [Sweep]
// first.
func OpenRunState(path string) (*RunState, error) {
	self := os.Getpid()
	started, _ := startTime(self)
	r := &RunState{path: path, content: runStateContent{
		Boot: bootID(), RunID: newRunID(), Launcher: processRecord{PID: self, Started: started},
	}}
	if err := r.write(); err != nil {
		return nil, err
	}
	return r, nil
}

// Close removes the file, unless it records processes that a later sweep has to end.
func (r *RunState) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.content.Processes) > 0 {
		return nil
	}
	if err := os.Remove(r.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the run state: %w", err)
	}
	return nil
}

func (r *RunState) runID() string {
	if r == nil {
		return newRunID()
	}
	return r.content.RunID
}

// add records the main process of a generation that has been started.
func (r *RunState) add(e processRecord) error {
	if r == nil || e.PID == 0 {
		return nil
	}
	e.Started, _ = startTime(e.PID)
	e.Group = e.PID
	r.mu.Lock()
	defer r.mu.Unlock()
	r.content.Processes = append(r.content.Processes, e)
	return r.write()
}

// generationKey names a generation in the run state.
type generationKey struct {
	component  string
	generation uint64
}

func (e processRecord) key() generationKey { return generationKey{e.Component, e.Generation} }

// setDescendants records the descendants of each generation's main process. It writes
// the file only if they have changed. Generations that have ended meanwhile are skipped.
func (r *RunState) setDescendants(found map[generationKey][]procInfo) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var now []processRecord
	for _, e := range r.content.Processes {
		members, tracked := found[e.key()]
		if tracked && e.Descendant {
			continue
		}
		now = append(now, e)
		for _, m := range members {
			if m.pid != e.PID {
				now = append(now, processRecord{
					Component: e.Component, Generation: e.Generation, PID: m.pid, Started: m.started, Descendant: true,
				})
			}
		}
	}
	if slices.Equal(r.content.Processes, now) {
		return nil
	}
	r.content.Processes = now
	return r.write()
}

// remove removes a generation, except those of its processes that are still alive.
func (r *RunState) remove(component string, generation uint64, left []Member) error {
	if r == nil || len(left) > 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.content.Processes = slices.DeleteFunc(r.content.Processes, func(e processRecord) bool {
		return e.Component == component && e.Generation == generation
	})
	return r.write()
}

// write replaces the file in one move. It is not synced: after a crash of the
// machine there is nothing to sweep.
func (r *RunState) write() error {
	text, err := json.MarshalIndent(r.content, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the run state: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(r.path), filepath.Base(r.path)+".*")
	if err != nil {
		return fmt.Errorf("write the run state: %w", err)
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), r.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the run state: %w", err), os.Remove(temporary.Name()))
	}
	return nil
}

// readRunState reads the file; false if there is none. A malformed file counts as none:
// it comes from a crash of the machine, because the file is not synced, and no process
// survives that.
func readRunState(path string) (runStateContent, bool, error) {
	text, err := ownfile.Read(path)
	if errors.Is(err, os.ErrNotExist) {
		return runStateContent{}, false, nil
	}
	if err != nil {
		return runStateContent{}, false, fmt.Errorf("read the run state: %w", err)
	}
	var p runStateContent
	if json.Unmarshal(text, &p) != nil {
		return runStateContent{}, false, nil
	}
	return p, true, nil
}
