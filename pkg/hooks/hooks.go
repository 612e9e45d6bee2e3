// Package hooks delivers events to receivers outside: to a URL, signed as Standard
// Webhooks has it, or to a command. Each hook delivers every event at least once and
// in order, and continues after a crash where it was; an event that cannot be
// delivered goes to a dead-letter file, and the next one follows. A slow or failing
// receiver delays no other.
package hooks

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"taskctl/pkg/client"
)

// Deps are the dependencies of the hooks. All but TLS, WorkDir and Environ must be set.
type Deps struct {
	Client  *client.Client
	Dir     string // for checkpoints, dead letters and status; created if missing
	Version string // for the User-Agent
	Logger  *slog.Logger
	TLS     *tls.Config // for receivers; nil: the system's authorities

	Stdout, Stderr io.Writer // of commands
	WorkDir        string    // of commands
	Environ        []string  // of commands
}

// Hooks runs all hooks of a system.
type Hooks struct {
	deps    Deps
	board   *board
	workers []*worker
	ready   chan struct{}
}

// New checks the hooks. It opens no file and no connection.
func New(hooks []Hook, deps Deps) (*Hooks, error) {
	if deps.Client == nil || deps.Dir == "" || deps.Logger == nil || deps.Stdout == nil || deps.Stderr == nil {
		return nil, errors.New("hooks need a client, a directory, a logger and streams")
	}
	h := &Hooks{deps: deps, board: newBoard(deps.Dir, hooks), ready: make(chan struct{})}
	for i, hook := range hooks {
		s, err := newSender(hook, deps)
		if err != nil {
			return nil, err
		}
		h.workers = append(h.workers, &worker{
			hook: hook, sender: s, client: deps.Client, dir: deps.Dir, dead: deadLettersOf(deps.Dir, hook.Name),
			log: deps.Logger.With("hook", hook.Name), update: func(change func(*Status)) { h.board.update(i, change) },
		})
	}
	return h, nil
}

// Ready is closed when every hook has been started.
func (h *Hooks) Ready() <-chan struct{} { return h.ready }

// Run delivers events until ctx ends, and then returns nil. It may be called once.
func (h *Hooks) Run(ctx context.Context) error {
	if err := os.MkdirAll(h.deps.Dir, 0o700); err != nil {
		return fmt.Errorf("create directory of hooks: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	for _, w := range h.workers {
		running.Go(func() { w.run(ctx) })
	}
	close(h.ready)
	err := h.board.run(ctx) // an error means that the disk cannot be written: the workers could not work either
	cancel()
	running.Wait()
	return err
}
