package launcher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/lmittmann/tint"
	"github.com/oklog/run"

	"github.com/taskctl/taskctl/pkg/api"
	"github.com/taskctl/taskctl/pkg/broker/direct"
	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/consumer"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/store/sqlite"
	"github.com/taskctl/taskctl/pkg/supervisor/child"
	"github.com/taskctl/taskctl/pkg/task"
	"github.com/taskctl/taskctl/pkg/webui"
	"github.com/taskctl/taskctl/pkg/wsserver"
)

// Env is the surroundings of one component, which cannot tell from them whether
// it is a child process, a group of goroutines, or run by hand.
type Env struct {
	Handle         *child.Handle // nil by hand
	Stdout, Stderr io.Writer
	Lang           message.Lang
	Version        string
	Getenv         func(string) string
}

func (e Env) logger(component string) *slog.Logger {
	if e.Handle != nil { // the launcher's log adds time and component
		return slog.New(slog.NewTextHandler(e.Stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	}
	colour := screen.PaletteFor(e.Stderr, e.Getenv).On()
	return slog.New(tint.NewTextHandler(e.Stderr, &tint.Options{
		Level:   slog.LevelWarn, // what goes well is told by byHand
		NoColor: !colour, TimeFormat: time.TimeOnly,
	})).With("component", component)
}

// byHand prints a message for the person whose terminal the component runs in;
// under a launcher it is the launcher that speaks.
func (e Env) byHand(text string) {
	if e.Handle == nil {
		fmt.Fprintln(e.Stderr, text)
	}
}

// listeners are the launcher's sockets, or by hand the component's own.
func (e Env) listeners(ctx context.Context, a socketAddr) ([]net.Listener, string, error) {
	if inherited := e.Handle.Listeners(); inherited != nil {
		return inherited, a.addr, nil
	}
	set, err := bind(ctx, a, nil)
	if err != nil {
		return nil, "", err
	}
	for _, warning := range set.Warnings {
		e.byHand(e.Lang.StartWarning(warning))
	}
	return set.Listeners, set.Addr, nil
}

// RunWSServer runs the notification server until ctx ends.
func RunWSServer(ctx context.Context, cfg *config.Config, env Env) (err error) {
	var opened closers
	defer func() { err = errors.Join(err, opened.closeAll()) }()
	log := env.logger(config.WSServer)
	metrics.ExposeMetadata(true) // their types, too

	options := cfg.StoreOptions()
	options.ReadOnly, options.Logger = true, log
	store, err := sqlite.Open(ctx, options)
	if err != nil {
		return unlessAsked(ctx, err)
	}
	opened.add("the database", store.Close)
	token, err := direct.Token(cfg.LinkToken())
	if err != nil {
		return err
	}
	listeners, addr, err := env.listeners(ctx, socketAddrOf(cfg, config.WSServer))
	if err != nil {
		return err
	}
	receiver := direct.NewReceiver(token, log)
	server, err := wsserver.New(cfg.WSServerConfig(), wsserver.Deps{
		Listeners: listeners, Gate: env.Handle.Gate(), Log: store,
		Subscriber: receiver, Link: receiver, Metrics: metrics.NewSet(), Logger: log, Lang: env.Lang,
	})
	if err != nil {
		return err
	}
	return runReady(ctx, env, server, func(context.Context) {
		env.byHand(env.Lang.WSServerListening(cfg.At(cfg.API.Addr, addr).WebSocket()))
		for _, l := range listeners {
			env.byHand(env.Lang.ListeningOn(l.Addr().String()))
		}
		env.byHand(env.Lang.ReadyByHand(config.WSServer))
	})
}

// RunAPI runs the REST API, and its link to the notification server, until ctx ends.
func RunAPI(ctx context.Context, cfg *config.Config, env Env) (err error) {
	var opened closers
	defer func() { err = errors.Join(err, opened.closeAll()) }()
	log := env.logger(config.API)
	metrics.ExposeMetadata(true)
	set := metrics.NewSet()

	publisher, err := direct.NewPublisher(direct.Config{
		URL: cfg.LinkURL(), TokenFile: cfg.LinkToken(),
		OnLink: func(up bool) {
			if up {
				env.byHand(env.Lang.APILinked(cfg.WebSocket()))
			} else {
				env.byHand(env.Lang.APIWaiting(cfg.WebSocket()))
			}
		},
	}, set, log)
	if err != nil {
		return err
	}
	notifier := api.NewNotifier(publisher)
	options := cfg.StoreOptions()
	options.Publisher, options.Logger = notifier, log
	options.OnCommit = api.CommitMeter(set)
	store, err := sqlite.Open(ctx, options)
	if err != nil {
		return unlessAsked(ctx, err)
	}
	opened.add("the database", store.Close)
	listeners, addr, err := env.listeners(ctx, socketAddrOf(cfg, config.API))
	if err != nil {
		return err
	}
	server, err := api.New(cfg.APIConfig(env.Version), api.Deps{
		Listeners: listeners, Gate: env.Handle.Gate(), Store: store, Notifier: notifier,
		Board:  webui.Handler(webui.Config{WebSocketURL: cfg.WebSocket(), Token: cfg.Auth.Token != ""}),
		System: func(ctx context.Context) ([]byte, error) { return systemJSON(ctx, cfg) },
		Link:   publisher.Connected, Queued: store.Queued, Metrics: set, Logger: log,
	})
	if err != nil {
		return err
	}
	// The link ends after the server, so that the last commit reaches wsserver.
	return withLink(ctx, publisher, func(ctx context.Context) error {
		return runReady(ctx, env, server, func(context.Context) {
			env.byHand(env.Lang.APIListening(cfg.At(addr, cfg.WSServer.Addr).APIURL()))
			if !publisher.Connected() {
				env.byHand(env.Lang.APIWaiting(cfg.WebSocket()))
			}
			env.byHand(env.Lang.ReadyByHand(config.API))
		})
	})
}

// RunConsumer runs the terminal consumer until ctx ends.
func RunConsumer(ctx context.Context, cfg *config.Config, options consumer.Config, env Env) error {
	c, err := client.New(cfg.ClientConfig())
	if err != nil {
		return err
	}
	terminal, err := consumer.New(options, consumer.Deps{
		Client: c, Stdout: env.Stdout, Stderr: env.Stderr, Lang: env.Lang, Logger: env.logger(config.Consumer),
		Seen: func(at task.Position) { env.Handle.Note(seenPrefix + at.String()) },
	})
	if err != nil {
		return err
	}
	return runReady(ctx, env, terminal, func(ctx context.Context) {
		env.byHand(env.Lang.ReadyByHand(config.Consumer))
		reportAlive(ctx, env.Handle)
	})
}

// component is what runReady runs: the lifecycle that all of ours share.
type component interface {
	Run(ctx context.Context) error
	Ready() <-chan struct{}
}

// runReady runs a component until ctx ends. When it is ready, its launcher is
// told, and ready is called, which tells the person at the terminal, and may go on
// until its own context ends.
func runReady(ctx context.Context, env Env, c component, ready func(ctx context.Context)) error {
	var group run.Group
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	group.Add(func() error { return c.Run(running) }, func(error) { cancel() })
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group.Add(func() error {
		select {
		case <-c.Ready():
		case <-watching.Done():
			return nil
		}
		env.Handle.Ready()
		ready(watching)
		<-watching.Done()
		return nil
	}, func(error) { stop() })
	return group.Run()
}

// aliveEvery is how often the consumer says that it is well: more often than the
// launcher counts a miss. The others have a /healthz.
const aliveEvery = time.Second

// reportAlive tells the launcher until ctx ends; by hand there is nobody to tell.
func reportAlive(ctx context.Context, h *child.Handle) {
	if h == nil {
		return
	}
	ticker := time.NewTicker(aliveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			h.Alive()
		case <-ctx.Done():
			return
		}
	}
}

// systemJSON is what the launcher of the directory, if there is one, says of the
// components.
func systemJSON(ctx context.Context, cfg *config.Config) ([]byte, error) {
	status, err := Dial(cfg).Status(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(status)
}

// withLink runs the link beside serve, and ends it after serve has ended.
func withLink(ctx context.Context, link *direct.Publisher, serve func(context.Context) error) error {
	linked, unlink := context.WithCancel(context.WithoutCancel(ctx))
	defer unlink()
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	var group run.Group
	group.Add(func() error { return serve(serving) }, func(error) { cancel() })
	group.Add(func() error { return link.Run(linked) }, func(error) { unlink() })
	return group.Run()
}

// seenPrefix begins the consumer's note of the last event it has.
const seenPrefix = "seen "
