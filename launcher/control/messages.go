package control

import (
	"errors"

	"taskctl/pkg/supervisor"
)

// The messages on the control socket besides [Status], [Why] and [Receipt].

type componentsRequest struct {
	Components []string `json:"components"`
}

type emptyRequest struct {
	Names []string `json:"names"`
}

type emptyResponse struct {
	Freed int64 `json:"freed"`
}

// Reloaded is what a reload of the settings did.
type Reloaded struct {
	supervisor.Change
	NextStart []string                 `json:"next_start,omitempty"` // changed settings that apply at the next start only
	Failed    supervisor.RestartErrors `json:"failed,omitempty"`     // components that did not become ready
}

// failure is an error as it is sent.
type failure struct {
	Error   string                   `json:"error"`
	Restart supervisor.RestartErrors `json:"restart,omitempty"`
}

// asError restores the error values that commands handle.
func (f failure) asError() error {
	switch {
	case len(f.Restart) > 0:
		return f.Restart
	case f.Error == supervisor.ErrStopped.Error():
		return supervisor.ErrStopped
	case f.Error == ErrEnded.Error():
		return ErrEnded
	}
	return errors.New(f.Error)
}
