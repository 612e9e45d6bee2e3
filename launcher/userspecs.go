package launcher

import (
	"encoding/json"
	"fmt"
	"time"

	"taskctl/launcher/userprocess"
	"taskctl/pkg/config"
	"taskctl/pkg/supervisor"
)

// users is the spec of one of the user's own components. Its error is as in
// [userprocess.New].
func (s *system) users(c config.Component, cfg *config.Config) (supervisor.Spec, error) {
	process, err := userprocess.New(c, cfg, s.opts.Environ)
	if err != nil {
		return supervisor.Spec{}, err
	}
	process.Output = s.output(c.Name)
	spec := supervisor.Spec{
		Name: c.Name, After: s.local(c.After), RestartWith: s.local(c.RestartWith), Runner: process, MayFail: true,
		Job: c.Job, Manual: c.Manual, Unproven: process.Ready == nil && !c.Job, Restart: restartPolicy(c.Restart, cfg),
		ReadyTimeout: cfg.ReadyTimeout(c), StopTimeout: cfg.StopTimeout(c), Health: health(c.Alive),
	}
	if c.Alive.Given() {
		spec.Probe = process.Probe(supervisor.Check{HTTP: c.Alive.HTTP, TCP: c.Alive.TCP, Exec: c.Alive.Exec})
	}
	if c.Stop.Signal != "" {
		signal, err := signalNamed(c.Stop.Signal)
		if err != nil {
			return supervisor.Spec{}, fmt.Errorf("component %s: %w", c.Name, err)
		}
		spec.StopSignal = signal
	}
	spec.Digest, err = digest(c, process.Env, spec)
	return spec, err
}

func health(alive config.Alive) supervisor.Health {
	var h supervisor.Health
	if alive.Every != nil {
		h.Every = *alive.Every
	}
	if alive.Timeout != nil {
		h.Timeout = *alive.Timeout
	}
	if alive.Misses != nil {
		h.Misses = *alive.Misses
	}
	return h
}

// digest is equal for two versions of a component if their difference can be applied
// without a restart.
func digest(c config.Component, env []string, spec supervisor.Spec) (string, error) {
	c.Restart, c.Ready.Timeout, c.Stop.Timeout, c.Watch = config.Restart{}, nil, nil, nil
	text, err := json.Marshal(struct {
		Component    config.Component
		Env          map[string]bool
		After, Along []string
	}{c, set(env), spec.After, spec.RestartWith})
	return string(text), err
}

func set(all []string) map[string]bool {
	in := make(map[string]bool, len(all))
	for _, one := range all {
		in[one] = true
	}
	return in
}

// restartPolicy is a component's restart policy: its own values, or else those of cfg.
func restartPolicy(own config.Restart, cfg *config.Config) supervisor.RestartPolicy {
	policy := supervisor.RestartPolicy{
		Policy: supervisor.Policy(own.Policy),
		Max:    cfg.Restart.Max, Window: cfg.Restart.Window,
		BackoffMin: cfg.Restart.BackoffMin, BackoffMax: cfg.Restart.BackoffMax,
	}
	if own.Max != nil {
		policy.Max = *own.Max
	}
	for _, override := range []struct{ to, from *time.Duration }{
		{&policy.Window, own.Window}, {&policy.BackoffMin, own.BackoffMin}, {&policy.BackoffMax, own.BackoffMax},
	} {
		if override.from != nil {
			*override.to = *override.from
		}
	}
	return policy
}
