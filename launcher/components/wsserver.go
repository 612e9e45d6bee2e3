package components

import (
	"context"
	"errors"

	"github.com/VictoriaMetrics/metrics"

	"taskctl/launcher/lifecycle"
	"taskctl/launcher/ports"
	"taskctl/pkg/access"
	"taskctl/pkg/broker/direct"
	"taskctl/pkg/broker/notice"
	"taskctl/pkg/config"
	"taskctl/pkg/exposition"
	"taskctl/pkg/wsserver"
)

// RunWSServer runs the notification server until ctx ends.
func RunWSServer(ctx context.Context, cfg *config.Config, env Env) (err error) {
	var opened lifecycle.Closers
	defer func() { err = errors.Join(err, opened.CloseAll()) }()
	log := env.logger(config.WSServer)

	set := metrics.NewSet()
	exposition.BuildInfo(set, env.Version)
	store, err := openStore(ctx, cfg, env, storeUse{readOnly: true, metrics: set, logger: log})
	if err != nil {
		return lifecycle.UnlessCancelled(ctx, err)
	}
	opened.Add("the database", store.Close)
	credentials, err := openCredentials(cfg, log)
	if err != nil {
		return err
	}
	listeners, addr, err := env.listeners(ctx, ports.SettingOf(cfg, config.WSServer))
	if err != nil {
		return err
	}
	deps := wsserver.Deps{
		Listeners: listeners, Gate: env.Handle.Gate(), Log: store, Metrics: set, Logger: log, Lang: env.Lang,
	}
	if cfg.UsedBroker() != config.BrokerDirect {
		deps.Subscriber = notice.NewSubscriber(noticeConfig(cfg, store.connect), "", log)
	} else if err := receiveDirect(cfg, &deps); err != nil {
		return err
	}
	server, err := wsserver.New(cfg.WSServerConfig(credentials), deps)
	if err != nil {
		return err
	}
	return store.whileUsable(ctx, func(ctx context.Context) error {
		return runReady(ctx, env, server, func(ctx context.Context) {
			env.byHand(env.Lang.WSServerListening(cfg.At(cfg.API.Addr, addr).WebSocket()))
			for _, l := range listeners {
				env.byHand(env.Lang.ListeningOn(l.Addr().String()))
			}
			env.byHand(env.Lang.ReadyByHand(config.WSServer))
			reportAlive(ctx, env.Handle, log, server.CheckHealth)
		})
	})
}

// receiveDirect makes the server accept the link of an api.
func receiveDirect(cfg *config.Config, deps *wsserver.Deps) error {
	token, err := access.SecretFile(cfg.LinkToken())
	if err != nil {
		return err
	}
	receiver := direct.NewReceiver(token, deps.Logger)
	deps.Subscriber, deps.Link = receiver, receiver
	return nil
}
