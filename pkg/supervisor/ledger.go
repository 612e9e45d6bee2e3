package supervisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Ledger is a file that records which processes run, so that [Sweep] can end
// what is left of them should this process be killed. A nil *Ledger records nothing.
type Ledger struct {
	path string
	mu   sync.Mutex
	page page
}

// page is the content of the file.
type page struct {
	Boot      string  `json:"boot_id"`
	Mark      string  `json:"mark"` // begins the marks of all processes of this run
	Launcher  entry   `json:"launcher"`
	Processes []entry `json:"processes"`
}

// entry is one process, by what names it for good on one boot.
type entry struct {
	Component  string `json:"component,omitempty"`
	Generation uint64 `json:"generation,omitempty"`
	PID        int    `json:"pid"`
	Started    uint64 `json:"started"` // in the system's own unit
	Group      int    `json:"pgid"`
	Mark       string `json:"mark,omitempty"`
}

// OpenLedger begins a new page, replacing what an earlier run wrote: [Sweep] first.
func OpenLedger(path string) (*Ledger, error) {
	self := os.Getpid()
	started, _ := startTime(self)
	l := &Ledger{path: path, page: page{
		Boot: bootID(), Mark: newMark(), Launcher: entry{PID: self, Started: started},
	}}
	if err := l.write(); err != nil {
		return nil, err
	}
	return l, nil
}

// Close removes the file, unless something is left that a sweep may end later.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.page.Processes) > 0 {
		return nil
	}
	if err := os.Remove(l.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the ledger: %w", err)
	}
	return nil
}

func (l *Ledger) runMark() string {
	if l == nil {
		return newMark()
	}
	return l.page.Mark
}

func (l *Ledger) add(component string, generation uint64, mark string, pid int) error {
	if l == nil || pid == 0 {
		return nil
	}
	started, _ := startTime(pid)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.page.Processes = append(l.page.Processes, entry{
		Component: component, Generation: generation, PID: pid, Started: started, Group: pid, Mark: mark,
	})
	return l.write()
}

// remove strikes out a generation, except where something of it is left.
func (l *Ledger) remove(component string, generation uint64, left []Member) error {
	if l == nil || len(left) > 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.page.Processes = slices.DeleteFunc(l.page.Processes, func(e entry) bool {
		return e.Component == component && e.Generation == generation
	})
	return l.write()
}

// write replaces the file in one move. It is not synced: after a crash of the
// machine there is nothing to sweep.
func (l *Ledger) write() error {
	text, err := json.MarshalIndent(l.page, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the ledger: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(l.path), filepath.Base(l.path)+".*")
	if err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), l.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the ledger: %w", err), os.Remove(temporary.Name()))
	}
	return nil
}

// readPage reads the file; false when there is none. One that makes no sense is
// what a failure of the machine left of a file that was never synced, and then
// nothing lives that it could have named.
func readPage(path string) (page, bool, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return page{}, false, nil
	}
	if err != nil {
		return page{}, false, fmt.Errorf("read the ledger: %w", err)
	}
	var p page
	if json.Unmarshal(text, &p) != nil {
		return page{}, false, nil
	}
	return p, true, nil
}
