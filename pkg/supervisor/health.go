package supervisor

import (
	"context"
	"errors"
	"time"
)

// probeOutcome is the outcome of one health check.
type probeOutcome uint8

const (
	probeAnswered probeOutcome = iota
	probeMissed
	probeSuspended // the process is stopped by a signal: it cannot answer, but does not hang
)

var errNoReport = errors.New("no report of being alive")

// healthCheck checks the health of one generation.
type healthCheck struct {
	Health
	probe    func(context.Context) error
	instance Instance
	report   func(probeOutcome, Probe)
}

// probeOf returns the function that checks a generation's health.
func (c *component) probeOf(g *liveGeneration) func(context.Context) error {
	switch {
	case c.spec.Alive:
		return func(context.Context) error {
			select {
			case <-g.alive:
				return nil
			default:
				return errNoReport
			}
		}
	case c.spec.Probe == nil: // it has no health check, but can still be seen to be suspended
		return func(context.Context) error {
			if g.instance.Suspended() {
				return errNoReport
			}
			return nil
		}
	}
	return c.spec.Probe
}

// run checks the health until ctx ends. A missed answer does not count if this process
// itself was stopped meanwhile: after a Ctrl+Z of the launcher every component seems to
// have been silent.
func (h healthCheck) run(ctx context.Context) {
	ticker := time.NewTicker(h.Every)
	defer ticker.Stop()
	for last := time.Now(); ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		began := time.Now()
		overslept := began.Sub(last) > h.Every+h.Timeout
		last = began
		if overslept {
			continue
		}
		probeCtx, cancel := context.WithTimeout(ctx, h.Timeout)
		err := h.probe(probeCtx)
		cancel()
		if ctx.Err() != nil {
			return
		}
		took := time.Since(began)
		last = began.Add(took)
		if err != nil && took > 2*h.Timeout {
			continue
		}
		probe := Probe{At: began, Duration: took}
		outcome := probeAnswered
		if err != nil {
			probe.Err = err.Error()
			outcome = probeMissed
			if h.instance.Suspended() {
				probe.Err = "the process is stopped by a signal"
				outcome = probeSuspended
			}
		}
		h.report(outcome, probe)
	}
}
