package main

import (
	"context"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"taskctl/launcher/components"
	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/consumer"
	"taskctl/pkg/listen"
	"taskctl/pkg/supervisor/child"
	"taskctl/pkg/task"
)

func (p *program) wsserverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "wsserver",
		Short: p.text("Run the notification server alone", "Ejecuta solo el servidor de notificaciones"),
		Long: p.text(`Run the WebSocket notification server in this terminal, without a launcher. It
can be started before or after the API and the consumers: each waits until it
can connect to the others.`,
			`Ejecuta el servidor WebSocket de notificaciones en esta terminal, sin lanzador.
Puede arrancarse antes o después de la API y los consumidores: cada uno espera
hasta poder conectarse con los demás.`),
		Example: "  taskctl wsserver\n  taskctl wsserver --wsserver-addr localhost:9765",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.component(cmd, components.RunWSServer)
		},
	}
	p.settingFlag(cmd, "wsserver.addr", p.text("listen address, `HOST:PORT`; port 0 picks a free one", "dirección en la que escucha, `HOST:PUERTO`; el puerto 0 elige uno libre"))
	return cmd
}

func (p *program) apiCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "api",
		Short: p.text("Run the REST API alone", "Ejecuta solo la API REST"),
		Long: p.text(`Run the REST API in this terminal, without a launcher. Tasks are stored in
data/taskctl.db, or in PostgreSQL with store: postgres. Notifications are sent as
soon as the notification server runs.`,
			`Ejecuta la API REST en esta terminal, sin lanzador. Las tareas se guardan en
data/taskctl.db, o en PostgreSQL con store: postgres. Las notificaciones se envían
en cuanto el servidor de notificaciones está en marcha.`),
		Example: "  taskctl api\n  taskctl api --api-addr localhost:9001",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p.collectLess()
			return p.component(cmd, components.RunAPI)
		},
	}
	p.settingFlag(cmd, "api.addr", p.text("listen address, `HOST:PORT`; port 0 picks a free one", "dirección en la que escucha, `HOST:PUERTO`; el puerto 0 elige uno libre"))
	p.settingFlag(cmd, "wsserver.addr", p.text("address of the notification server, `HOST:PORT`", "dirección del servidor de notificaciones, `HOST:PUERTO`"))
	return cmd
}

func (p *program) consumerCommand() *cobra.Command {
	var (
		o     consumer.Config
		since string
		types []string
	)
	cmd := &cobra.Command{
		Use:        "consumer",
		SuggestFor: []string{"watch", "listen", "subscribe", "events"},
		Short:      p.text("Print notifications as they arrive", "Muestra las notificaciones según llegan"),
		Long: p.text(`Connect to the notification server and print a line for each event. After a lost
connection it reconnects and resumes after the last event, so that no event is
missed or printed twice.`,
			`Se conecta al servidor de notificaciones y muestra una línea por evento. Si se
pierde la conexión, se reconecta y sigue después del último evento, sin perder
ni repetir ninguno.`),
		Example: `  taskctl consumer
  taskctl consumer --json --output events.jsonl
  taskctl consumer --since 0 --json | jq .task.title
  taskctl consumer --checkpoint mail.checkpoint --exec ./send-mail`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("exec") && o.Exec == "" {
				return &usageError{p.lang.FlagBadValue("--exec", o.Exec)}
			}
			if cmd.Flags().Changed("since") {
				at, err := task.ParsePosition(since)
				if err != nil {
					return &usageError{p.lang.FlagNotPosition("--since", since)}
				}
				o.Since = &at
			}
			for _, name := range types {
				if !task.EventType(name).Valid() {
					return &usageError{p.lang.ConfigNotOneOf("--types", name, string(task.Created), string(task.Updated), string(task.Deleted))}
				}
				o.Types = append(o.Types, task.EventType(name))
			}
			if o.MaxAttempts < 0 {
				return &usageError{p.lang.FlagBadValue("--max-attempts", strconv.Itoa(o.MaxAttempts))}
			}
			p.runOnOneCore()
			return p.component(cmd, func(ctx context.Context, cfg *config.Config, env components.Env) error {
				if env.Handle == nil {
					cfg = withRunningAddress(ctx, cfg)
				}
				if o.TaskID != "" {
					c, err := p.apiClient(cmd, cfg, 0)
					if err != nil {
						return err
					}
					if o.TaskID, err = resolve(ctx, c, o.TaskID); err != nil {
						return err
					}
				}
				return components.RunConsumer(ctx, cfg, o, env)
			})
		},
	}
	cmd.Flags().BoolVar(&o.JSON, "json", false, p.text("print each event as the JSON object that was received", "muestra cada evento como el objeto JSON recibido"))
	cmd.Flags().StringVar(&o.Output, "output", "", p.text("write the lines to `FILE`, each event exactly once, also after a crash (default: standard output)", "escribe las líneas en `ARCHIVO`, cada evento exactamente una vez, también tras una caída (por defecto: la salida estándar)"))
	cmd.Flags().StringVar(&since, "since", "", p.text("begin after the position `EPOCH:SEQ`; 0 is the beginning of the log (default: only new events)", "empieza después de la posición `EPOCH:SEQ`; 0 es el principio del registro (por defecto: solo eventos nuevos)"))
	cmd.Flags().StringVar(&o.Exec, "exec", "", p.text("run `CMD` for each event, with the event as JSON on its standard input; a command that fails is repeated", "ejecuta `CMD` por cada evento, con el evento como JSON en su entrada estándar; si falla, se repite"))
	cmd.Flags().StringVar(&o.Checkpoint, "checkpoint", "", p.text("store the position of the last processed event in `FILE`, and resume from there", "guarda en `ARCHIVO` la posición del último evento procesado y sigue desde ahí"))
	cmd.Flags().StringSliceVar(&types, "types", nil, p.text("only events of these `TYPES`, separated by commas: task_created, task_updated, task_deleted (default: all)", "solo eventos de estos `TIPOS`, separados por comas: task_created, task_updated, task_deleted (por defecto: todos)"))
	offerList(cmd, "types", string(task.Created), string(task.Updated), string(task.Deleted))
	cmd.Flags().StringVar(&o.TaskID, "task", "", p.text("only events of the task `ID` (default: all tasks)", "solo eventos de la tarea `ID` (por defecto: todas)"))
	cmd.Flags().IntVar(&o.MaxAttempts, "max-attempts", 5, p.text("run the command at most `N` times for one event, then exit with 1; 0 repeats it without limit", "ejecuta el comando `N` veces como máximo por evento y después termina con 1; 0 lo repite sin límite"))
	p.settingFlag(cmd, "websocket_url", p.text("connect to `URL` (default: the notification server of the system in the directory)", "se conecta a `URL` (por defecto: el servidor de notificaciones del sistema del directorio)"))
	return cmd
}

// withRunningAddress sets the notification address to that of the system that runs in the
// directory, whose ports may differ from the settings. It changes nothing if an
// address was given explicitly, or if nothing runs.
func withRunningAddress(ctx context.Context, cfg *config.Config) *config.Config {
	if cfg.WebSocketURL != "" {
		return cfg
	}
	status, err := control.NewClient(cfg).Status(ctx)
	if err != nil {
		return cfg
	}
	there := *cfg
	there.WebSocketURL = status.WebSocket
	return &there
}

// component runs one component in this process, under a launcher or by hand. It is
// the function that `start --in-process` runs, too.
func (p *program) component(cmd *cobra.Command, run func(context.Context, *config.Config, components.Env) error) error {
	handle, err := child.Connect()
	if err != nil {
		return err
	}
	cfg, err := p.load(cmd)
	if err != nil {
		return err
	}
	if err := listen.CheckOpenFiles(); err != nil {
		return err
	}
	ctx, stop := child.Guard(cmd.Context(), handle)
	defer stop()
	go returnMemory(ctx)
	return run(ctx, cfg, components.Env{
		Handle: handle, Stdout: p.stdout, Stderr: p.stderr, Lang: p.lang, Version: version(), Getenv: p.getenv, Environ: os.Environ(),
	})
}
