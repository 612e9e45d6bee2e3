package launcher

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
)

// errNoReload is the error of a launcher without Options.Load.
var errNoReload = errors.New("the settings of this launcher cannot be read again")

// StartComponents starts the named components, and returns once they are ready.
func (s *system) StartComponents(ctx context.Context, names ...string) error {
	return s.supervisor.Start(ctx, names...)
}

// StopComponents stops the named components, which stay stopped.
func (s *system) StopComponents(ctx context.Context, names ...string) error {
	return s.supervisor.Stop(ctx, names...)
}

// Reload reads the settings again and applies changes of the user's own components and
// of the hooks. If the settings have a mistake, nothing changes.
func (s *system) Reload(ctx context.Context) (control.Reloaded, error) {
	if s.opts.Load == nil {
		return control.Reloaded{}, errNoReload
	}
	now := time.Now().UTC()
	loaded, err := s.opts.Load()
	if err != nil {
		return control.Reloaded{}, err
	}
	reloaded := control.Reloaded{NextStart: slices.DeleteFunc(config.Differences(s.loaded, loaded), appliedByReload)}
	specs, err := s.specs(loaded.At(s.sockets.addr(config.API), s.sockets.addr(config.WSServer)))
	if err != nil {
		return control.Reloaded{}, err
	}
	watched, err := s.watches.apply(loaded)
	if err != nil {
		return control.Reloaded{}, err
	}
	reloaded.Change, err = s.supervisor.Reload(ctx, specs)
	if err != nil && !errors.As(err, &reloaded.Failed) {
		return control.Reloaded{}, err
	}
	if err := s.forgetHooks(loaded); err != nil {
		s.log.Warn("remove the state of the hooks", "error", err)
	}
	reloaded.Update(watched)
	s.reloaded.Store(loaded)
	s.settingsAt.Store(&now)
	s.log.Info("settings reloaded", "started", reloaded.Started, "stopped", reloaded.Stopped, "restarted", reloaded.Restarted,
		"updated", reloaded.Updated, "next_start", reloaded.NextStart)
	return reloaded, nil
}

// appliedByReload reports whether a reload applies a setting to running components,
// because it only concerns their supervision.
func appliedByReload(key string) bool {
	return strings.HasPrefix(key, "restart.") || key == "start.timeout"
}

// reloadOnHangup reloads at each signal until ctx ends.
func (s *system) reloadOnHangup(ctx context.Context) error {
	for {
		select {
		case <-s.opts.Hangup: // nil: never
		case <-ctx.Done():
			return nil
		}
		if _, err := s.Reload(ctx); err != nil {
			s.log.Error("settings not reloaded", "error", err)
		}
	}
}
