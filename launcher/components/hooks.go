package components

import (
	"context"
	"fmt"
	"io"

	"github.com/VictoriaMetrics/metrics"

	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/hooks"
	"taskctl/pkg/task"
)

// RunHooks delivers events to the receivers of the settings until ctx ends.
func RunHooks(ctx context.Context, cfg *config.Config, env Env) error {
	deps, err := HookDeps(cfg, env)
	if err != nil {
		return err
	}
	all, err := hooks.New(cfg.Hooks, deps)
	if err != nil {
		return err
	}
	return runReady(ctx, env, all, func(ctx context.Context) {
		env.byHand(env.Lang.ReadyByHand(config.Hooks))
		reportAlive(ctx, env.Handle, deps.Logger, running)
	})
}

// HookDeps are the dependencies of the hooks of a system.
func HookDeps(cfg *config.Config, env Env) (hooks.Deps, error) {
	address := cfg.SubscriberConfig()
	if env.Handle != nil {
		address = cfg.ClientConfig()
		address.WebSocketURL = cfg.LocalWebSocket()
	}
	c, err := client.New(address)
	if err != nil {
		return hooks.Deps{}, err
	}
	return hooks.Deps{
		Client: c, Dir: cfg.HooksDir(), Version: env.Version, Logger: env.logger(config.Hooks),
		Stdout: env.Stdout, Stderr: env.Stderr, WorkDir: cfg.Dir, Environ: config.WithoutSecrets(env.Environ),
	}, nil
}

// registerHookMetrics adds the state of the hooks to a component's metrics. It reads
// their files, because they run in another process.
func registerHookMetrics(ctx context.Context, set *metrics.Set, dir string, log task.Log) {
	set.RegisterMetricsWriter(func(w io.Writer) {
		_, head, err := log.Bounds(ctx)
		if err != nil {
			return // the store's own metrics report it
		}
		all, err := hooks.ReadStatus(dir, head)
		if err != nil || len(all) == 0 {
			return // the hooks component reports errors of its files
		}
		for _, m := range []struct {
			name, kind, help string
			value            func(hooks.Status) uint64
		}{
			{"taskctl_hook_lag_events", "gauge", "Events that the hook has not delivered yet.", func(s hooks.Status) uint64 { return s.Lag }},
			{"taskctl_hook_dead_letters", "gauge", "Events in the dead-letter file of the hook.", func(s hooks.Status) uint64 { return uint64(s.DeadLetters) }},
			{"taskctl_hook_attempts", "gauge", "Failed attempts for the event that the hook tries now.", func(s hooks.Status) uint64 { return uint64(s.Attempts) }},
			{"taskctl_hook_delivered_total", "counter", "Events that the hook has delivered.", func(s hooks.Status) uint64 { return s.Delivered }},
			{"taskctl_hook_failures_total", "counter", "Attempts of the hook that failed.", func(s hooks.Status) uint64 { return s.Failures }},
		} {
			fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.help, m.name, m.kind)
			for _, s := range all {
				fmt.Fprintf(w, "%s{hook=%q} %d\n", m.name, s.Name, m.value(s))
			}
		}
	})
}
