package main

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"taskctl/pkg/bench"
)

// maxBenchClients bounds --clients. One source address can have about 28,000 connections
// to a server; several are used where the server is at 127.0.0.1.
const maxBenchClients = 200_000

func (p *program) benchFanoutCommand() *cobra.Command {
	var (
		o benchOptions
		c bench.FanoutConfig
	)
	cmd := &cobra.Command{
		Use:   "fanout",
		Short: p.text("Measure how fast notifications reach many clients", "Mide lo rápido que llegan las notificaciones a muchos clientes"),
		Long: p.text(`Connect many clients, measure the memory that each takes while idle, create tasks,
and check that every client receives every notification exactly once.

Without --rate, tasks are created as fast as the API accepts them, and the result
is the number of deliveries per second, beside raw writes to as many sockets. With
--rate, they are created at that rate, and the result is the delay. With
--catchup, they are created first, and the clients then resume from before them.`,
			`Conecta muchos clientes, mide la memoria que ocupa cada uno en reposo, crea tareas
y comprueba que cada cliente recibe cada notificación exactamente una vez.

Sin --rate, las tareas se crean tan rápido como la API las acepta, y el resultado
son las entregas por segundo, junto a escrituras directas en otros tantos sockets.
Con --rate se crean a ese ritmo, y el resultado es el retraso. Con --catchup se
crean primero, y los clientes reanudan desde antes de ellas.`),
		Example: `  taskctl bench fanout --clients 1000 --events 10000
  taskctl bench fanout --clients 100 --rate 100 --events 1000
  taskctl bench fanout --clients 5000 --events 100
  taskctl bench fanout --clients 100 --events 10000 --catchup
  taskctl bench fanout --ws ws://127.0.0.1:8765 --ws ws://127.0.0.1:8766`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.benchFanout(cmd, o, c) },
	}
	o.listening = true
	p.benchFlags(cmd, &o)
	flags := cmd.Flags()
	flags.StringArrayVar(&o.ws, "ws", nil, p.text("`URL` of the notification server; repeat it to share the clients between several (default: that of the running system, or of the settings)",
		"`URL` del servidor de notificaciones; repítala para repartir los clientes entre varios (por defecto: la del sistema en marcha, o la de los ajustes)"))
	flags.IntVar(&c.Clients, "clients", 1000, p.lang.FlagBenchClients())
	flags.Uint64Var(&c.Events, "events", 5000, p.text("create `N` tasks; each makes one event", "crea `N` tareas; cada una produce un evento"))
	flags.Float64Var(&c.Rate, "rate", 0, p.text("create `N` tasks per second (default 0: as fast as the API accepts them)", "crea `N` tareas por segundo (por defecto 0: tan rápido como la API las acepta)"))
	flags.IntVar(&c.Posters, "posters", 64, p.text("create tasks on `N` connections", "crea las tareas a través de `N` conexiones"))
	flags.DurationVar(&c.Duration, "duration", time.Minute, p.lang.FlagBenchDuration())
	flags.IntVar(&c.BodyBytes, "size", 200, p.lang.FlagBenchSize())
	flags.BoolVar(&c.CatchUp, "catchup", false, p.text("create the tasks first; the clients then resume from before them", "crea primero las tareas; los clientes reanudan desde antes de ellas"))
	flags.BoolVar(&c.Keep, "keep", false, p.lang.FlagBenchKeep())
	return cmd
}

func (p *program) benchFanout(cmd *cobra.Command, o benchOptions, c bench.FanoutConfig) error {
	if err := p.checkFanout(c); err != nil {
		return err
	}
	cfg, err := p.load(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	target, err := p.benchTarget(cmd, cfg, o)
	if err != nil {
		return err
	}
	if err := p.checkTarget(ctx, target, o); err != nil {
		return err
	}
	return p.measure(ctx, cfg, comparisonFor(slices.Concat(target.API, target.WebSocket)), func(opts bench.Options) error {
		r, err := bench.Fanout(ctx, target, c, opts)
		if err != nil {
			return err
		}
		err = p.printReport(r, o.out, func() string { return p.renderFanout(r) })
		if d := r.Delivered; err == nil && !r.Interrupted && (d.Lost > 0 || d.Repeated > 0 || d.Resets > 0 || d.Disconnected > 0) {
			return errors.New(p.lang.BenchUnfaithful(d.Lost, d.Repeated, d.Resets, d.Disconnected))
		}
		return err
	})
}

func (p *program) checkFanout(c bench.FanoutConfig) error {
	switch {
	case c.Rate < 0 || math.IsNaN(c.Rate) || c.Rate > 1e6:
		return &usageError{p.lang.BenchBetween("--rate", 0, 1e6)}
	case c.CatchUp && c.Rate > 0:
		return &usageError{p.lang.BenchCatchupHasNoRate()}
	}
	return errors.Join(
		p.between("--clients", c.Clients, 1, maxBenchClients),
		p.between("--events", int(min(c.Events, math.MaxInt32)), 1, maxTasks),
		p.between("--posters", c.Posters, 1, maxConnections),
		p.positive("--duration", c.Duration),
		p.between("--size", c.BodyBytes, 0, maxTaskBytes),
	)
}
