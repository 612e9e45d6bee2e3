package components

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/VictoriaMetrics/metrics"

	"taskctl/launcher/control"
	"taskctl/launcher/lifecycle"
	"taskctl/launcher/ports"
	"taskctl/pkg/api"
	"taskctl/pkg/config"
	"taskctl/pkg/eventlog"
	"taskctl/pkg/exposition"
	"taskctl/pkg/webui"
)

// RunAPI runs the REST API, and its link to the notification server, until ctx ends.
func RunAPI(ctx context.Context, cfg *config.Config, env Env) (err error) {
	var opened lifecycle.Closers
	defer func() { err = errors.Join(err, opened.CloseAll()) }()
	log := env.logger(config.API)
	set := metrics.NewSet()
	exposition.BuildInfo(set, env.Version)

	link, err := newBroker(cfg, env, set, log)
	if err != nil {
		return err
	}
	relay := eventlog.NewRelay(link)
	store, err := openStore(ctx, cfg, env, storeUse{
		publisher: relay, onCommit: api.CommitMeter(set), metrics: set, logger: log,
	})
	if err != nil {
		return lifecycle.UnlessCancelled(ctx, err)
	}
	link.store = &store
	opened.Add("the database", store.Close)
	listeners, addr, err := env.listeners(ctx, ports.SettingOf(cfg, config.API))
	if err != nil {
		return err
	}
	if cfg.Runs(config.Hooks) { // a reload may bring the first hook
		registerHookMetrics(ctx, set, cfg.HooksDir(), store)
	}
	credentials, err := openCredentials(cfg, log)
	if err != nil {
		return err
	}
	launcher := control.NewClient(cfg)
	server, err := api.New(cfg.APIConfig(env.Version, credentials), api.Deps{
		Listeners: listeners, Gate: env.Handle.Gate(), Store: store.Store, Subscriber: link.subscriber(relay, log),
		Board:  webui.Handler(webui.Config{WebSocketURL: cfg.WebSocket(), Token: credentials.Tokens.Required}),
		System: func(ctx context.Context) ([]byte, error) { return systemJSON(ctx, launcher) },
		Link:   link.Connected, Queued: store.queued, Metrics: set, Logger: log,
	})
	if err != nil {
		return err
	}
	// The link ends after the server, so that the last commit reaches wsserver.
	return withLink(ctx, link, func(ctx context.Context) error {
		return store.whileUsable(ctx, func(ctx context.Context) error {
			return runReady(ctx, env, server, func(ctx context.Context) {
				env.byHand(env.Lang.APIListening(cfg.At(addr, cfg.WSServer.Addr).APIURL()))
				if cfg.UsedBroker() == config.BrokerDirect && !link.Connected() {
					env.byHand(env.Lang.APIWaiting(cfg.WebSocket()))
				}
				env.byHand(env.Lang.ReadyByHand(config.API))
				reportAlive(ctx, env.Handle, log, server.CheckHealth)
			})
		})
	})
}

// systemJSON asks the launcher for the status of the system.
func systemJSON(ctx context.Context, launcher *control.Client) ([]byte, error) {
	status, err := launcher.Status(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(status)
}

// withLink runs the link beside serve, and ends it after serve has ended.
func withLink(ctx context.Context, link publisher, serve func(context.Context) error) error {
	var group lifecycle.Group
	group.Add(ctx, serve)
	group.Add(context.WithoutCancel(ctx), link.Run)
	return group.Run()
}
