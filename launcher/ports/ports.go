// Package ports binds the listening sockets that the settings name, and finds the
// process that holds a port in use.
package ports

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"taskctl/pkg/config"
	"taskctl/pkg/listen"
)

// Setting is the listen address of a component in the settings.
type Setting struct {
	Component string
	Key       string // such as "api.addr"
	Addr      string
}

// Settings are the listen addresses of the components that this machine runs.
func Settings(cfg *config.Config) []Setting {
	return slices.DeleteFunc(all(cfg), func(s Setting) bool { return !cfg.Runs(s.Component) })
}

func all(cfg *config.Config) []Setting {
	return []Setting{
		{config.WSServer, "wsserver.addr", cfg.WSServer.Addr},
		{config.API, "api.addr", cfg.API.Addr},
	}
}

// SettingOf is the listen address of one component; zero if it does not listen.
func SettingOf(cfg *config.Config, component string) Setting {
	for _, s := range all(cfg) {
		if s.Component == component {
			return s
		}
	}
	return Setting{}
}

// Bind binds the sockets of one address, or takes them from those that were inherited,
// which may be nil. If the port is in use, it returns a *TakenError.
func Bind(ctx context.Context, s Setting, inherited *listen.Inherited) (*listen.Set, error) {
	set, err := inherited.Open(s.Addr)
	if busy := (*listen.BusyError)(nil); errors.As(err, &busy) {
		return nil, &TakenError{
			Component: s.Component, Key: s.Key, Addr: busy.Addr, Port: busy.Port,
			Holder: holderOf(ctx, busy.Port), Err: err,
		}
	}
	return set, err
}

// TakenError says which process holds a port that a component needs.
type TakenError struct {
	Component string
	Key       string // the setting that chooses the port
	Addr      string // the exact address, such as "[::1]:8001"
	Port      int
	Holder    Holder // zero: unknown
	Err       error
	Also      *TakenError // the same for a second port; nil: that is free
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("port %d, which %s needs, is taken (%s) by %s", e.Port, e.Component, e.Addr, e.Holder)
}
func (e *TakenError) Unwrap() error { return e.Err }
