package launcher

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"taskctl/launcher/components"
	"taskctl/pkg/config"
	"taskctl/pkg/consumer"
	"taskctl/pkg/hooks"
	"taskctl/pkg/logfile"
	"taskctl/pkg/supervisor"
	"taskctl/pkg/supervisor/child"
)

// checkpointFile keeps the position of the launcher's own consumer across restarts, so
// that logs/consumer.log has no gap.
const checkpointFile = "consumer.checkpoint"

// specs describes the components of the system: our own in start order, then the user's
// in the order of cfg.
func (s *system) specs(cfg *config.Config) ([]supervisor.Spec, error) {
	specs := []supervisor.Spec{
		s.own(s.cfg, config.WSServer, components.RunWSServer),
		s.own(s.cfg, config.API, components.RunAPI, config.WSServer),
		s.own(s.cfg, config.Consumer, runConsumer, config.API),
	}
	hooked, err := s.hooks(cfg)
	if err != nil {
		return nil, err
	}
	specs = append(specs, hooked...)
	specs = slices.DeleteFunc(specs, func(spec supervisor.Spec) bool { return !s.cfg.Runs(spec.Name) })
	for i := range specs {
		spec := &specs[i]
		spec.Restart, spec.ReadyTimeout = restartPolicy(config.Restart{}, cfg), cfg.Start.Timeout
		spec.Alive = true
		switch name := spec.Name; name {
		case config.Hooks:
		case config.Consumer:
			spec.Notes = func(_ uint64, note string) {
				if at, ok := components.NotedPosition(note); ok {
					s.position.set(at)
				}
			}
		default:
			spec.Rolling = true
			spec.Notes = func(_ uint64, note string) {
				if text, ok := components.NotedWaiting(note); ok {
					s.reporter.awaits(name, text)
				}
			}
			spec.OnFailed = func() {
				if err := s.sockets.release(name); err != nil {
					s.log.Error("close the sockets of a failed component", "component", name, "error", err)
				}
			}
		}
	}
	for _, c := range cfg.Components {
		spec, err := s.users(c, cfg)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// own is the spec of one of our components with the settings cfg. The same function
// runs as a child process or as goroutines.
func (s *system) own(cfg *config.Config, name string, run func(context.Context, *config.Config, components.Env) error, after ...string) supervisor.Spec {
	spec := supervisor.Spec{
		Name: name, After: s.local(after), StopTimeout: s.cfg.Stop.Timeout, RetireTimeout: s.cfg.RetireTimeout(),
	}
	if s.opts.InProcess {
		spec.Runner = supervisor.Func{
			Output:    s.output(name),
			Listeners: func() ([]net.Listener, error) { return s.sockets.listeners(name) },
			Run: func(ctx context.Context, h *child.Handle) error {
				return run(ctx, cfg, components.Env{
					Handle: h, Stdout: h.Stdout(), Stderr: h.Stderr(), Lang: s.opts.Lang,
					Version: s.opts.Version, Getenv: s.opts.Getenv, Environ: s.opts.Environ,
				})
			},
		}
		return spec
	}
	args := []string{name}
	switch name {
	case config.Consumer:
		args = append(args, "--checkpoint", s.cfg.Data(checkpointFile))
	case config.Hooks:
		args = append(args, "run")
	}
	spec.Runner = supervisor.Process{
		Path: s.opts.Executable, Name: "taskctl", Args: args, Env: ownEnviron(s.opts.Environ, cfg, os.DevNull),
		Dir: s.cfg.Dir, Ours: true, Output: s.output(name),
		Sockets: func() ([]*os.File, error) { return s.sockets.files(name) },
	}
	return spec
}

// hooks returns the spec of the component that delivers events to the hooks of cfg, or
// none if there are no hooks. A reload restarts the component when the hooks have
// changed.
func (s *system) hooks(cfg *config.Config) ([]supervisor.Spec, error) {
	hooked := s.withHooks(cfg)
	if !hooked.RunsHooks() {
		return nil, nil
	}
	digest, err := json.Marshal(hooked.Hooks) //nolint:gosec // it is only compared
	if err != nil {
		return nil, err
	}
	spec := s.own(hooked, config.Hooks, components.RunHooks, config.API)
	spec.Digest = string(digest)
	return []supervisor.Spec{spec}, nil
}

// withHooks is the settings of the launcher's start, with the hooks of cfg.
func (s *system) withHooks(cfg *config.Config) *config.Config {
	hooked := *s.cfg
	hooked.Hooks = cfg.Hooks
	return &hooked
}

// forgetHooks removes the status of earlier hooks if cfg has none, so that the metrics
// of the api do not show it.
func (s *system) forgetHooks(cfg *config.Config) error {
	if s.withHooks(cfg).RunsHooks() {
		return nil
	}
	return hooks.RemoveStatus(s.cfg.HooksDir())
}

// local returns names without our own components that do not run on this machine.
func (s *system) local(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return isOwn(name) && !s.cfg.Runs(name) })
}

// runConsumer runs the consumer as goroutines of the launcher.
func runConsumer(ctx context.Context, cfg *config.Config, env components.Env) error {
	return components.RunConsumer(ctx, cfg, consumer.Config{Checkpoint: cfg.Data(checkpointFile)}, env)
}

// output opens a component's streams in its log file. The consumer's output blocks
// while its log cannot be written, so that no event is missing in it; wsserver keeps
// the events meanwhile.
func (s *system) output(name string) supervisor.Output {
	return func(stream string) io.WriteCloser {
		file, err := s.logs.File(name)
		if err != nil { // the name is valid, so the logs are closed
			return nil
		}
		stream = strings.TrimPrefix(stream, "std")
		if name == config.Consumer && stream == logfile.Out {
			return s.echoed(name, file.BlockingStream(stream))
		}
		return s.echoed(name, file.Stream(stream))
	}
}

// signalNamed returns the signal with the name that the settings use.
func signalNamed(name string) (syscall.Signal, error) {
	for _, known := range stopSignals() {
		if known.name == name {
			return known.signal, nil
		}
	}
	return 0, fmt.Errorf("this system has no signal %s", name)
}

type namedSignal struct {
	name   string
	signal syscall.Signal
}
