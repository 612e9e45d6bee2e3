package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"taskctl/pkg/bench"
)

func (p *program) benchLimitsCommand() *cobra.Command {
	var out format
	c := bench.LimitsConfig{Connections: []int{1, 16, 64}}
	cmd := &cobra.Command{
		Use:   "limits",
		Short: p.text("Measure the limits of this machine", "Mide los límites de esta máquina"),
		Long: p.text(`Measure this machine, without a running system: a bare net/http server that echoes
JSON, with the client of "bench rest"; fdatasync after a small write in the data
directory; and raw writes to many sockets, one and twenty messages per call, with
the clients of "bench fanout".`,
			`Mide esta máquina, sin ningún sistema en marcha: un simple servidor net/http que
devuelve el mismo JSON, con el cliente de "bench rest"; fdatasync tras una
escritura pequeña en el directorio de datos; y escrituras directas en muchos
sockets, uno y veinte mensajes por llamada, con los clientes de "bench fanout".`),
		Example: "  taskctl bench limits\n  taskctl bench limits --clients 100 --json",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.benchLimits(cmd, c, out) },
	}
	flags := cmd.Flags()
	formatFlag(cmd, &out, p.lang.FlagJSON())
	flags.DurationVar(&c.Duration, "duration", 2*time.Second, p.text("`TIME` for each measurement", "`TIEMPO` de cada medición"))
	flags.IntVar(&c.BodyBytes, "size", 200, p.lang.FlagBenchSize())
	flags.IntVar(&c.Clients, "clients", 1000, p.lang.FlagBenchClients())
	flags.IntVar(&c.MessageBytes, "message", 400, p.text("approximate size of a message in `BYTES`", "tamaño aproximado de un mensaje en `BYTES`"))
	return cmd
}

func (p *program) benchLimits(cmd *cobra.Command, c bench.LimitsConfig, out format) error {
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
	return p.measure(ctx, cfg, withPeer, func(opts bench.Options) error {
		r, err := bench.Limits(ctx, c, opts)
		if err != nil {
			return err
		}
		return p.printReport(r, out, func() string { return p.renderLimits(r) })
	})
}
