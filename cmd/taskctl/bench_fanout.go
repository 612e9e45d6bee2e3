package main

import (
	"errors"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/pkg/bench"
)

// maxBenchClients is how many connections one address on loopback can have, about.
const maxBenchClients = 28_000

func (p *program) benchFanoutCommand() *cobra.Command {
	var (
		o benchOptions
		c bench.FanoutConfig
	)
	cmd := &cobra.Command{
		Use:   "fanout",
		Short: p.lang.BenchFanoutShort(),
		Long:  p.lang.BenchFanoutLong(),
		Example: `  taskctl bench fanout --clients 1000 --events 10000
  taskctl bench fanout --clients 100 --rate 100 --events 1000
  taskctl bench fanout --clients 5000 --events 100
  taskctl bench fanout --clients 100 --events 10000 --catchup`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.benchFanout(cmd, o, c) },
	}
	p.benchFlags(cmd, &o)
	flags := cmd.Flags()
	flags.IntVar(&c.Clients, "clients", 1000, p.lang.FlagBenchClients())
	flags.Uint64Var(&c.Events, "events", 5000, p.lang.FlagBenchEvents())
	flags.Float64Var(&c.Rate, "rate", 0, p.lang.FlagBenchRate())
	flags.IntVar(&c.Posters, "posters", 64, p.lang.FlagBenchPosters())
	flags.DurationVar(&c.Duration, "duration", time.Minute, p.lang.FlagBenchDuration())
	flags.IntVar(&c.BodyBytes, "size", 200, p.lang.FlagBenchSize())
	flags.BoolVar(&c.CatchUp, "catchup", false, p.lang.FlagBenchCatchup())
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
	target, err := p.benchTarget(ctx, cfg, o)
	if err != nil {
		return err
	}
	local := bench.Local(target.API) && bench.Local(target.WebSocket)
	return p.measure(ctx, cfg, local, func(opts bench.Options) error {
		r, err := bench.Fanout(ctx, target, c, opts)
		if err != nil {
			return err
		}
		err = p.printReport(r, o.json, func() string { return p.renderFanout(r) })
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
