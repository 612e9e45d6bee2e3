package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"taskctl/launcher"
	"taskctl/pkg/config"
	"taskctl/pkg/listen"
	"taskctl/pkg/screen"
)

type startOptions struct {
	detach     bool
	inProcess  bool
	noTestTask bool
	output     bool
	out        format
}

func (p *program) startCommand() *cobra.Command {
	var o startOptions
	cmd := &cobra.Command{
		Use:        "start [COMPONENT...]",
		SuggestFor: []string{"up", "run", "serve", "launch"},
		Short:      p.text("Start everything, check that it works, and keep it running", "Arranca todo, comprueba que funciona y lo mantiene en marcha"),
		Long: p.text(`Start the notification server, the API and the consumer, each when the one
before is ready. Then create a test task, wait until its notification has
arrived, and restart what dies until Ctrl+C, which stops everything in reverse
order.

What the components print goes to logs/, one file for each, and with --output
to standard output too. Named components are started in the system that runs:
those that were stopped, that have failed, or that have autostart: false.`,
			`Arranca el servidor de notificaciones, la API y el consumidor, cada uno cuando
el anterior está listo. Después crea una tarea de prueba, espera a que llegue su
notificación y reinicia lo que muera hasta que se pulse Ctrl+C, que detiene todo
en orden inverso.

Lo que imprimen los componentes va a logs/, un archivo por componente, y con
--output también a la salida estándar. Los componentes nombrados se arrancan en
el sistema en marcha: los detenidos, los fallidos o los que tienen autostart:
false.`),
		Example: `  taskctl start
  taskctl start --detach && taskctl status
  taskctl start --api-addr localhost:9001`,
		ValidArgsFunction: p.completeComponents,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return p.startComponents(cmd, args, o.out)
			}
			if o.out == asJSON && o.output && cmd.Flags().Changed("output") {
				return &usageError{p.lang.FlagsExclude("--json", "--output")}
			}
			return p.start(cmd, o)
		},
	}
	cmd.Flags().BoolVarP(&o.detach, "detach", "d", false, p.text("return when everything is ready, and keep running in the background",
		"termina cuando todo está listo y lo deja en marcha en segundo plano"))
	cmd.Flags().BoolVar(&o.inProcess, "in-process", false, p.text("run the components as goroutines of one process: they share memory, a panic in one ends all, and a single component cannot be killed on its own",
		"ejecuta los componentes como goroutines de un solo proceso: comparten memoria, un panic en uno acaba con todos y no se puede matar uno solo"))
	cmd.Flags().BoolVar(&o.noTestTask, "no-test-task", false, p.text("do not create the test task", "no crea la tarea de prueba"))
	cmd.Flags().BoolVar(&o.output, "output", !screen.IsTerminal(p.stdout), p.text("show what the components print, with their names in front (default if standard output is not a terminal)",
		"muestra lo que imprimen los componentes, con su nombre delante (por defecto si la salida estándar no es una terminal)"))
	formatFlag(cmd, &o.out, p.text("print JSON: the status as one line when everything is ready, and how each component ended as another",
		"muestra JSON: una línea con el estado cuando todo está listo y otra con cómo terminó cada componente"))
	p.settingFlag(cmd, "start.only", p.text("components of this machine, such as `api,wsserver` (default: all)", "componentes de esta máquina, por ejemplo `api,wsserver` (por defecto: todos)"))
	offerList(cmd, config.Flag("start.only"), config.WSServer, config.API, config.Consumer, config.Hooks)
	p.settingFlag(cmd, "api.addr", p.text("listen address of the API, `HOST:PORT`; port 0 picks a free one", "dirección en la que escucha la API, `HOST:PUERTO`; el puerto 0 elige uno libre"))
	p.settingFlag(cmd, "wsserver.addr", p.text("listen address of the notification server, `HOST:PORT`", "dirección en la que escucha el servidor de notificaciones, `HOST:PUERTO`"))
	p.settingFlag(cmd, "stop.timeout", p.text("`TIME` that a component has to stop before it is killed", "`TIEMPO` que tiene un componente para detenerse antes de que se mate"))
	return cmd
}

// launcherGCPercent makes the launcher collect garbage early. It allocates little, so
// this costs nothing, and it keeps to 20 MB after hundreds of restarts.
const launcherGCPercent = 50

func (p *program) start(cmd *cobra.Command, o startOptions) error {
	cfg, err := p.load(cmd)
	if err != nil {
		return err
	}
	if err := listen.CheckOpenFiles(); err != nil {
		return err
	}
	executable, err := launcher.Executable()
	if err != nil {
		return err
	}
	if runtime.GOOS == "windows" && !o.inProcess {
		fmt.Fprintln(p.stderr, p.lang.StartNoProcesses())
		o.inProcess = true
	}
	detached := launcher.Detached(p.getenv)
	if o.detach && p.inherited != nil {
		return &usageError{p.lang.DetachInherited()}
	}
	if o.detach && detached == nil {
		return p.detach(cmd.Context(), executable)
	}
	if !o.inProcess && p.getenv("GOGC") == "" {
		debug.SetGCPercent(launcherGCPercent)
	}
	l, err := launcher.New(cfg, launcher.Options{
		InProcess:  o.inProcess,
		NoTestTask: o.noTestTask,
		Output:     o.output && detached == nil && o.out != asJSON,
		JSON:       o.out == asJSON,
		Detached:   detached,
		Inherited:  p.inherited,
		Systemd:    p.systemd,
		ChildDied:  childDeaths(),
		Executable: executable,
		Version:    version(),
		Stdout:     p.stdout,
		Stderr:     p.stderr,
		Palette:    screen.PaletteFor(p.stdout, p.getenv),
		ErrPalette: screen.PaletteFor(p.stderr, p.getenv),
		Lang:       p.lang,
		Getenv:     p.getenv,
		Environ:    os.Environ(),
		Load:       func() (*config.Config, error) { return p.settings(cmd) },
		Hangup:     p.signals.hangup,
	})
	if err != nil {
		return err
	}
	go func() {
		<-p.signals.second
		l.Kill()
	}()
	return l.Run(cmd.Context())
}
