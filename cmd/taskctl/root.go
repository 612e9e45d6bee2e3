package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"taskctl/launcher/control"
	"taskctl/launcher/ports"
	"taskctl/pkg/config"
	"taskctl/pkg/message"
)

// run executes one command line and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	p.lang = p.languageOf(args)
	root := p.rootCommand()
	root.SetArgs(args)
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		plainUsages(root)
	}
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	if text := explain(err, p.lang, p.dir()); text != "" {
		fmt.Fprintln(p.stderr, text)
	}
	if errors.Is(err, control.ErrNotRunning) {
		p.tellOtherSystem(cmd, p.lang.OtherSystem)
	}
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		fmt.Fprintln(p.stderr, p.lang.SeeHelp(cmd.CommandPath()))
	}
	return exitCode(err)
}

// languageOf determines the language before the flags are parsed, because help and
// errors about flags need it.
func (p *program) languageOf(args []string) message.Lang {
	for i, arg := range args {
		value, isFlag := strings.CutPrefix(arg, "--lang=")
		if arg == "--lang" && i+1 < len(args) {
			value, isFlag = args[i+1], true
		}
		if lang, ok := message.Parse(value); isFlag && ok {
			return lang
		}
		if arg == "--" {
			break
		}
	}
	if lang, ok := message.Parse(p.getenv(config.Env("lang"))); ok {
		return lang
	}
	return message.FromEnvironment(p.getenv)
}

func (p *program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "taskctl",
		Short: p.text("A task service with live notifications, in one command", "Un servicio de tareas con notificaciones en vivo, en un comando"),
		Long: p.text(`taskctl runs a task service: a REST API, a WebSocket server that sends a
notification for every change, and a consumer that prints them. It starts them,
restarts what dies, keeps their logs, and stops them. It does the same for
processes of your own.`,
			`taskctl ejecuta un servicio de tareas: una API REST, un servidor WebSocket que
envía una notificación por cada cambio y un consumidor que las muestra. Los
arranca, reinicia lo que muere, guarda sus registros y los detiene. Hace lo
mismo con sus propios procesos.`),
		Example: p.text(`  taskctl start                    # everything; Ctrl+C stops it
  taskctl task add Buy milk        # in a second terminal
  taskctl logs -f consumer         # the notifications
  taskctl status`,
			`  taskctl start                    # todo; Ctrl+C lo detiene
  taskctl task add Comprar leche   # en otra terminal
  taskctl logs -f consumer         # las notificaciones
  taskctl status`),
		Args:          p.noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.flags.version {
				return p.printVersion()
			}
			return cmd.Help()
		},
	}
	root.Flags().BoolVar(&p.flags.version, "version", false, p.text("print the version", "muestra la versión"))
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetHelpFunc(p.help)
	root.SetUsageFunc(func(cmd *cobra.Command) error { p.help(cmd, nil); return nil })
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return &usageError{p.flagText(cmd, err)} })
	root.CompletionOptions.DisableDefaultCmd = true

	flags := root.PersistentFlags()
	flags.StringVar(&p.flags.dir, "dir", "", p.text("work on the system in `DIR`, which holds logs/ and data/ (default: the working directory, or TASKCTL_DIR)",
		"usa el sistema de `DIR`, que contiene logs/ y data/ (por defecto: el directorio actual, o TASKCTL_DIR)"))
	flags.StringVar(&p.flags.config, "config", "", p.text("read the settings from `FILE` (default: configs/taskctl.yaml in the directory, if it exists)",
		"lee los ajustes de `ARCHIVO` (por defecto: configs/taskctl.yaml en el directorio, si existe)"))
	flags.StringVar(&p.flags.lang, "lang", "", p.text("print messages in `LANG`, en or es (default: the language of the environment)",
		"muestra los mensajes en `IDIOMA`, en o es (por defecto: el del entorno)"))
	offerWords(root, "lang", "en", "es")
	flags.BoolP("help", "h", false, p.text("print this help", "muestra esta ayuda"))

	root.AddGroup(
		&cobra.Group{ID: groupSystem, Title: p.text("The system:", "El sistema:")},
		&cobra.Group{ID: groupTasks, Title: p.text("Tasks and notifications:", "Tareas y notificaciones:")},
		&cobra.Group{ID: groupTrouble, Title: p.text("When something is wrong:", "Cuando algo va mal:")},
		&cobra.Group{ID: groupParts, Title: p.text("One part alone, in this terminal:", "Una sola parte, en esta terminal:")},
		&cobra.Group{ID: groupOther, Title: p.text("More:", "Más:")},
	)
	add(root, groupSystem, p.initCommand(), p.startCommand(), p.statusCommand(), p.openCommand(), p.logsCommand(), p.restartCommand(), p.reloadCommand(), p.stopCommand())
	add(root, groupTasks, p.taskCommand(), p.consumerCommand(), p.hooksCommand())
	add(root, groupTrouble, p.whyCommand(), p.doctorCommand())
	add(root, groupParts, p.wsserverCommand(), p.apiCommand())
	add(root, groupOther, p.tokenCommand(), p.configCommand(), p.backupCommand(), p.restoreCommand(), p.exportCommand(), p.importCommand(), p.storeCommand(), p.benchCommand(), p.completionCommand(), p.versionCommand(), p.manCommand())
	root.SetHelpCommandGroupID(groupOther)
	root.SetHelpCommand(p.helpCommand())
	return root
}

// The groups of the root's commands, in the order in which a user meets them.
const (
	groupSystem  = "system"
	groupTasks   = "tasks"
	groupTrouble = "trouble"
	groupParts   = "parts"
	groupOther   = "other"
)

// dir is the directory of the command, for messages.
func (p *program) dir() string {
	for _, dir := range []string{p.flags.dir, p.getenv("TASKCTL_DIR")} {
		if dir != "" {
			return dir
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		return "."
	}
	return wd
}

// load reads the settings, including the flags of cmd that set one.
func (p *program) load(cmd *cobra.Command) (*config.Config, error) {
	cfg, err := p.settings(cmd)
	if err != nil {
		return nil, err
	}
	p.lang = cfg.Language(p.getenv)
	return cfg, nil
}

// settings reads the settings without changing the program.
func (p *program) settings(cmd *cobra.Command) (*config.Config, error) {
	given := map[string]string{}
	if p.flags.lang != "" {
		given["lang"] = p.flags.lang
	}
	for _, key := range config.Keys() {
		if f := cmd.Flags().Lookup(config.Flag(key)); f != nil && f.Changed {
			given[key] = f.Value.String()
		}
	}
	return config.Load(config.Input{Dir: p.flags.dir, File: p.flags.config, Flags: given, Getenv: p.getenv})
}

// loadRunning is load for commands on a running system, which has its settings
// already. A mistake made since then, in the file or in this shell's environment, is
// only printed: the system can still be inspected and stopped.
func (p *program) loadRunning(cmd *cobra.Command) (*config.Config, error) {
	cfg, mistakes, err := p.loadBeside(cmd)
	if mistakes != nil {
		fmt.Fprintln(p.stderr, mistakes.In(p.lang))
	}
	return cfg, err
}

// loadBeside is load, but if a system runs in the directory, it returns the defaults
// together with the mistakes.
func (p *program) loadBeside(cmd *cobra.Command) (*config.Config, config.Problems, error) {
	cfg, err := p.load(cmd)
	var mistakes config.Problems
	if !errors.As(err, &mistakes) || slices.ContainsFunc(mistakes, ofThisCall) {
		return cfg, nil, err
	}
	bare, bareErr := config.Bare(p.flags.dir, p.getenv)
	if bareErr != nil {
		return nil, nil, err
	}
	if _, ownerErr := control.Owner(bare); ownerErr != nil {
		return nil, nil, err
	}
	return bare, mistakes, nil
}

// ofThisCall reports whether a mistake is in a flag of this command line.
func ofThisCall(p config.Problem) bool { return strings.HasPrefix(p.Where, "--") }

// tellOtherSystem tells of the system of another directory that listens where this
// one's would: most often the user is in the wrong directory.
func (p *program) tellOtherSystem(cmd *cobra.Command, text func(dir, addr string) string) {
	cfg, err := p.load(cmd)
	if err != nil {
		return // reported already
	}
	ctx := context.WithoutCancel(cmd.Context())
	if dir := ports.SystemAt(ctx, cfg.API.Addr); dir != "" && dir != cfg.Dir {
		fmt.Fprintln(p.stderr, text(dir, cfg.API.Addr))
	}
}

// settingFlag adds the flag of a setting to a command, with the given description.
func (p *program) settingFlag(cmd *cobra.Command, key, usage string) {
	for _, v := range config.Default().Values() {
		if v.Key == key && v.Value != "" {
			usage += fmt.Sprintf(p.text(" (default %s, or %s)", " (por defecto %s, o %s)"), v.Value, config.Env(key))
		}
	}
	cmd.Flags().String(config.Flag(key), "", usage)
}
