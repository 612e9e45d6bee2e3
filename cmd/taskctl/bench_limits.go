package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/pkg/bench"
)

func (p *program) benchLimitsCommand() *cobra.Command {
	var asJSON bool
	c := bench.LimitsConfig{Connections: []int{1, 16, 64}}
	cmd := &cobra.Command{
		Use:     "limits",
		Short:   p.lang.BenchLimitsShort(),
		Long:    p.lang.BenchLimitsLong(),
		Example: "  taskctl bench limits\n  taskctl bench limits --clients 100 --json",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.benchLimits(cmd, c, asJSON) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, p.lang.FlagJSON())
	flags.DurationVar(&c.Duration, "duration", 2*time.Second, p.lang.FlagBenchEach())
	flags.IntVar(&c.BodyBytes, "size", 200, p.lang.FlagBenchSize())
	flags.IntVar(&c.Clients, "clients", 1000, p.lang.FlagBenchClients())
	flags.IntVar(&c.MessageBytes, "message", 400, p.lang.FlagBenchMessage())
	return cmd
}

func (p *program) benchLimits(cmd *cobra.Command, c bench.LimitsConfig, asJSON bool) error {
	err := errors.Join(
		p.positive("--duration", c.Duration),
		p.between("--size", c.BodyBytes, 0, maxTaskBytes),
		p.between("--clients", c.Clients, 1, maxBenchClients),
		p.between("--message", c.MessageBytes, 0, maxTaskBytes),
	)
	if err != nil {
		return err
	}
	cfg, err := p.load(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	return p.measure(ctx, cfg, true, func(opts bench.Options) error {
		r, err := bench.Limits(ctx, c, opts)
		if err != nil {
			return err
		}
		return p.printReport(r, asJSON, func() string { return p.renderLimits(r) })
	})
}
