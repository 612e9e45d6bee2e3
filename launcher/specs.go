package launcher

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/consumer"
	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/supervisor"
	"github.com/taskctl/taskctl/pkg/supervisor/child"
)

// checkpointFile lets the launcher's own consumer go on after a restart where it
// was, so that logs/consumer.log has no hole.
const checkpointFile = "consumer.checkpoint"

// specs are the components of the system: ours in their order, then the user's.
func (l *Launcher) specs() ([]supervisor.Spec, error) {
	specs := []supervisor.Spec{
		l.own(config.WSServer, RunWSServer),
		l.own(config.API, RunAPI, config.WSServer),
		l.own(config.Consumer, l.runOwnConsumer, config.API),
	}
	for i := range specs {
		spec := &specs[i]
		if name := spec.Name; name == config.Consumer {
			spec.Alive = true
			spec.Notes = func(_ uint64, note string) {
				if at, isSeen := strings.CutPrefix(note, seenPrefix); isSeen {
					l.seen.note(at)
				}
			}
		} else {
			spec.Rolling = true
			spec.Probe = func(ctx context.Context) error { return l.ask(ctx, name, "/healthz", nil) }
			spec.OnFailed = func() {
				if err := l.sockets.letGo(name); err != nil {
					l.log.Error("close the sockets of a failed component", "component", name, "error", err)
				}
			}
		}
	}
	for _, c := range l.cfg.Components {
		spec, err := l.users(c)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// own is the spec of one of our components: the same function runs as a child
// process or as goroutines.
func (l *Launcher) own(name string, run func(context.Context, *config.Config, Env) error, after ...string) supervisor.Spec {
	spec := supervisor.Spec{
		Name: name, After: after, Restart: l.restart(config.Restart{}),
		ReadyTimeout: l.cfg.Start.Timeout, StopTimeout: l.cfg.Stop.Timeout, RetireTimeout: l.cfg.RetireTimeout(),
	}
	if l.opts.InProcess {
		spec.Runner = supervisor.Func{
			Output:    l.output(name),
			Listeners: func() ([]net.Listener, error) { return l.sockets.listeners(name) },
			Run: func(ctx context.Context, h *child.Handle) error {
				return run(ctx, l.live, Env{
					Handle: h, Stdout: h.Stdout(), Stderr: h.Stderr(), Lang: l.opts.Lang,
					Version: l.opts.Version, Getenv: l.opts.Getenv,
				})
			},
		}
		return spec
	}
	args := []string{name}
	if name == config.Consumer {
		args = append(args, "--checkpoint", l.cfg.Data(checkpointFile))
	}
	spec.Runner = supervisor.Process{
		Path: l.opts.Executable, Name: "taskctl", Args: args, Env: append(foreignEnviron(), l.live.Environ(os.DevNull)...),
		Dir: l.cfg.Dir, Ours: true, Output: l.output(name),
		Sockets: func() ([]*os.File, error) { return l.sockets.files(name) },
	}
	return spec
}

// foreignEnviron is our environment without our own variables: every setting is
// told to a child anew, with what port 0 became.
func foreignEnviron() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "TASKCTL_") })
}

// runOwnConsumer is the consumer as the launcher runs it.
func (l *Launcher) runOwnConsumer(ctx context.Context, cfg *config.Config, env Env) error {
	return RunConsumer(ctx, cfg, consumer.Config{Checkpoint: cfg.Data(checkpointFile)}, env)
}

// users is the spec of a process of the user's own.
func (l *Launcher) users(c config.Component) (supervisor.Spec, error) {
	dir := c.Dir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(l.cfg.Dir, dir)
	}
	env := os.Environ()
	for name, value := range c.Env {
		env = append(env, name+"="+value)
	}
	process := supervisor.Process{
		Path: c.Command[0], Args: c.Command[1:], Env: env, Dir: dir, Output: l.output(c.Name),
	}
	if c.Ready != (config.Ready{}) {
		process.Ready = &supervisor.UserReady{HTTP: c.Ready.HTTP, TCP: c.Ready.TCP}
		if c.Ready.Log != "" {
			process.Ready.Log = regexp.MustCompile(regexp.QuoteMeta(c.Ready.Log))
		}
	}
	spec := supervisor.Spec{
		Name: c.Name, After: c.After, Runner: process, MayFail: true, Restart: l.restart(c.Restart),
		ReadyTimeout: l.cfg.Start.Timeout, StopTimeout: l.cfg.Stop.Timeout,
	}
	if c.Stop.Timeout != nil {
		spec.StopTimeout = *c.Stop.Timeout
	}
	if c.Stop.Signal != "" {
		signal, err := signalNamed(c.Stop.Signal)
		if err != nil {
			return supervisor.Spec{}, fmt.Errorf("component %s: %w", c.Name, err)
		}
		spec.StopSignal = signal
	}
	return spec, nil
}

// restart is a component's restart policy: its own where it says so.
func (l *Launcher) restart(own config.Restart) supervisor.RestartPolicy {
	policy := supervisor.RestartPolicy{
		Max: l.cfg.Restart.Max, Window: l.cfg.Restart.Window,
		BackoffMin: l.cfg.Restart.BackoffMin, BackoffMax: l.cfg.Restart.BackoffMax,
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

// output opens a component's streams in its log file. The consumer may stand still
// where its log takes nothing, as its server waits for it: its events have no hole.
func (l *Launcher) output(name string) supervisor.Output {
	return func(stream string) io.WriteCloser {
		file, err := l.logs.File(name)
		if err != nil { // the name has been checked, so the logs are closed: there is nobody to read it
			return discard{}
		}
		stream = strings.TrimPrefix(stream, "std")
		if name == config.Consumer && stream == logfile.Out {
			return file.PatientStream(stream)
		}
		return file.Stream(stream)
	}
}

// discard is where output goes that comes when the logs are closed.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

// signalNamed returns the signal that the settings name; see config's list.
func signalNamed(name string) (syscall.Signal, error) {
	for _, s := range stopSignals() {
		if s.name == name {
			return s.signal, nil
		}
	}
	return 0, fmt.Errorf("this system has no signal %s", name)
}

type namedSignal struct {
	name   string
	signal syscall.Signal
}
