package supervisor

import (
	"context"
	"errors"
	"time"
)

// probeResult is what one look at a component's health came to.
type probeResult uint8

const (
	probeAnswered probeResult = iota
	probeMissed
	probeSuspended // the process is stopped by a signal: silent, not ill
)

var errNoReport = errors.New("no report of being alive")

// watch looks at one generation until ctx ends. Silence counts only while this
// process itself was awake: after a Ctrl+Z of the launcher everybody seems to
// have been silent, and every answer late.
func watch(ctx context.Context, spec Spec, instance Instance, alive <-chan struct{}, saw func(probeResult, Probed)) {
	probe := spec.Probe
	switch {
	case spec.Alive:
		probe = func(context.Context) error {
			select {
			case <-alive:
				return nil
			default:
				return errNoReport
			}
		}
	case probe == nil: // it cannot be asked, but be seen to be stopped
		probe = func(context.Context) error {
			if instance.Suspended() {
				return errNoReport
			}
			return nil
		}
	}
	ticker := time.NewTicker(spec.Health.Every)
	defer ticker.Stop()
	for last := time.Now(); ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		began := time.Now()
		overslept := began.Sub(last) > spec.Health.Every+spec.Health.Timeout
		last = began
		if overslept {
			continue
		}
		timed, cancel := context.WithTimeout(ctx, spec.Health.Timeout)
		err := probe(timed)
		cancel()
		if ctx.Err() != nil {
			return
		}
		took := time.Since(began)
		last = began.Add(took)
		if err != nil && took > 2*spec.Health.Timeout {
			continue
		}
		seen := Probed{At: began, Took: took}
		result := probeAnswered
		if err != nil {
			seen.Err = err.Error()
			result = probeMissed
			if instance.Suspended() {
				seen.Err = "the process is stopped by a signal"
				result = probeSuspended
			}
		}
		saw(result, seen)
	}
}
