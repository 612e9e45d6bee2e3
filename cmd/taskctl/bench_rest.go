package main

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"taskctl/pkg/bench"
)

// Upper limits of a measurement's flags.
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
		Short: p.text("Measure requests to the API", "Mide peticiones a la API"),
		Long: p.text(`Send requests of one kind over many connections; each connection waits for its
answer before it sends the next request. Before and after, a bare net/http server
that echoes JSON is measured in the same way, in a process of its own.`,
			`Envía peticiones de un tipo por muchas conexiones; cada conexión espera su
respuesta antes de enviar la siguiente petición. Antes y después se mide del mismo
modo un simple servidor net/http que devuelve el mismo JSON, en un proceso propio.`),
		Example: `  taskctl bench rest
  taskctl bench rest --connections 1
  taskctl bench rest --method get --connections 16
  taskctl bench rest --method list --tasks 100000
  taskctl bench rest --method get --path '/tasks?q=milk' --json | jq .load`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.benchRest(cmd, o, c) },
	}
	p.benchFlags(cmd, &o)
	flags := cmd.Flags()
	flags.StringVar(&c.Method, "method", bench.MethodPost, p.text("`KIND` of request: post, get, list, put, patch or delete", "`TIPO` de petición: post, get, list, put, patch o delete"))
	flags.StringVar(&c.Path, "path", "", p.text("with get: read `PATH` (default: a task)", "con get: lee la ruta `PATH` (por defecto: una tarea)"))
	flags.IntVar(&c.Connections, "connections", 64, p.text("use `N` connections", "usa `N` conexiones"))
	flags.Uint64Var(&c.Requests, "requests", 0, p.text("stop after `N` requests (default 0: after the duration)", "termina tras `N` peticiones (por defecto 0: al acabar la duración)"))
	flags.DurationVar(&c.Duration, "duration", 5*time.Second, p.lang.FlagBenchDuration())
	flags.IntVar(&c.BodyBytes, "size", 200, p.lang.FlagBenchSize())
	flags.IntVar(&c.PageSize, "page", 100, p.text("with list: `N` tasks per page", "con list: `N` tareas por página"))
	flags.IntVar(&c.Tasks, "tasks", 0, p.text("create `N` tasks first (default 0: as many as the method needs)", "crea antes `N` tareas (por defecto 0: las que necesite el método)"))
	flags.BoolVar(&c.Keep, "keep", false, p.lang.FlagBenchKeep())
	offerWords(cmd, "method", bench.MethodPost, "get", "list", "put", "patch", "delete")
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
	target, err := p.benchTarget(cmd, cfg, o)
	if err != nil {
		return err
	}
	if err := p.checkTarget(ctx, target, o); err != nil {
		return err
	}
	return p.measure(ctx, cfg, comparisonFor(target.API), func(opts bench.Options) error {
		r, err := bench.Rest(ctx, target, c, opts)
		if err != nil {
			return err
		}
		err = p.printReport(r, o.out, func() string { return p.renderRest(r) })
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
