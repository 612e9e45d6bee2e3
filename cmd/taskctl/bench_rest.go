package main

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/pkg/bench"
)

// What a measurement may be asked for at most.
const (
	maxConnections = 1000
	maxTaskBytes   = 10_000
	maxTasks       = 10_000_000
)

func (p *program) benchRestCommand() *cobra.Command {
	var (
		o benchOptions
		c bench.RestConfig
	)
	cmd := &cobra.Command{
		Use:   "rest",
		Short: p.lang.BenchRestShort(),
		Long:  p.lang.BenchRestLong(),
		Example: `  taskctl bench rest
  taskctl bench rest --connections 1
  taskctl bench rest --method get --connections 16
  taskctl bench rest --method list --tasks 100000
  taskctl bench rest --method get --path '/tasks?q=milk' --json | jq .load.latency`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.benchRest(cmd, o, c) },
	}
	p.benchFlags(cmd, &o)
	flags := cmd.Flags()
	flags.StringVar(&c.Method, "method", bench.MethodPost, p.lang.FlagBenchMethod())
	flags.StringVar(&c.Path, "path", "", p.lang.FlagBenchPath())
	flags.IntVar(&c.Connections, "connections", 64, p.lang.FlagBenchConnections())
	flags.Uint64Var(&c.Requests, "requests", 0, p.lang.FlagBenchRequests())
	flags.DurationVar(&c.Duration, "duration", 5*time.Second, p.lang.FlagBenchDuration())
	flags.IntVar(&c.BodyBytes, "size", 200, p.lang.FlagBenchSize())
	flags.IntVar(&c.PageSize, "page", 100, p.lang.FlagBenchPage())
	flags.IntVar(&c.Tasks, "tasks", 0, p.lang.FlagBenchTasks())
	flags.BoolVar(&c.Keep, "keep", false, p.lang.FlagBenchKeep())
	return cmd
}

func (p *program) benchRest(cmd *cobra.Command, o benchOptions, c bench.RestConfig) error {
	if err := p.checkRest(c); err != nil {
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
	return p.measure(ctx, cfg, bench.Local(target.API), func(opts bench.Options) error {
		r, err := bench.Rest(ctx, target, c, opts)
		if err != nil {
			return err
		}
		err = p.printReport(r, o.json, func() string { return p.renderRest(r) })
		if err == nil && r.Load.Requests == 0 && !r.Interrupted {
			return errors.New(p.lang.BenchAllFailed(r.Load.ErrorSample))
		}
		return err
	})
}

func (p *program) checkRest(c bench.RestConfig) error {
	switch {
	case !slices.Contains(bench.Methods(), c.Method):
		return &usageError{p.lang.FlagBadValue("--method", c.Method)}
	case c.Path != "" && (c.Method != bench.MethodGet || !strings.HasPrefix(c.Path, "/") || strings.ContainsAny(c.Path, " \r\n")):
		return &usageError{p.lang.FlagBadValue("--path", c.Path)}
	case c.Method == bench.MethodDelete && c.Requests == 0:
		return &usageError{p.lang.BenchCountDeletes()}
	}
	return errors.Join(
		p.between("--connections", c.Connections, 1, maxConnections),
		p.between("--requests", int(min(c.Requests, math.MaxInt32)), 0, maxTasks),
		p.positive("--duration", c.Duration),
		p.between("--size", c.BodyBytes, 0, maxTaskBytes),
		p.between("--page", c.PageSize, 1, 1000),
		p.between("--tasks", c.Tasks, 0, maxTasks),
	)
}
