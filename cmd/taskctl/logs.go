package main

import (
	"bufio"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"taskctl/pkg/config"
	"taskctl/pkg/logfile"
	"taskctl/pkg/screen"
)

type logsOptions struct {
	follow bool
	last   int
	since  string
	out    format
}

func (p *program) logsCommand() *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:        "logs [COMPONENT...]",
		SuggestFor: []string{"log", "tail"},
		Short:      p.text("Show what the components printed", "Muestra lo que han impreso los componentes"),
		Long: p.text(`Show the logs of the named components, or of all, merged by time. With -f, keep
printing new lines, also after a log is rotated or cleaned or its component is
restarted. On a terminal, times are local, and "!" marks lines from standard
error.`,
			`Muestra los registros de los componentes nombrados, o de todos, ordenados por
hora. Con -f sigue mostrando líneas nuevas, también tras rotar o limpiar un
registro o reiniciar su componente. En una terminal las horas son locales, y "!"
marca las líneas de la salida de errores.`),
		Example: `  taskctl logs -f
  taskctl logs -f consumer
  taskctl logs api launcher -n 50 --since 10m
  taskctl logs --json | jq -r .text`,
		ValidArgsFunction: p.completeLogs,
		RunE:              func(cmd *cobra.Command, args []string) error { return p.logs(cmd, args, o) },
	}
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, p.text("keep printing new lines until Ctrl+C", "sigue mostrando líneas nuevas hasta Ctrl+C"))
	cmd.Flags().IntVarP(&o.last, "lines", "n", 0, p.text("print only the last `N` lines (default: all, or 10 with -f)", "muestra solo las últimas `N` líneas (por defecto: todas, o 10 con -f)"))
	cmd.Flags().StringVar(&o.since, "since", "", p.text("print only lines newer than `AGE`, such as 10m, 2h or 7d", "muestra solo las líneas más recientes que `EDAD`, como 10m, 2h o 7d"))
	formatFlag(cmd, &o.out, p.lang.FlagJSON())
	cmd.AddCommand(p.logsCleanCommand())
	return cmd
}

// followedLines is how many lines `logs -f` begins with.
const followedLines = 10

func (p *program) logs(cmd *cobra.Command, names []string, o logsOptions) error {
	cfg, err := p.loadRunning(cmd)
	if err != nil {
		return err
	}
	if err := p.knownLogs(cfg, names); err != nil {
		return err
	}
	read := logfile.ReadOptions{Names: names, Last: logfile.All}
	if o.since != "" {
		age, err := config.ParseDuration(o.since)
		if err != nil {
			return &usageError{p.lang.ConfigNotDuration("--since", o.since)}
		}
		read.Since = time.Now().Add(-age)
	}
	switch {
	case cmd.Flags().Changed("lines"):
		if o.last < 0 {
			return &usageError{p.lang.ConfigNotCount("-n", cmd.Flag("lines").Value.String(), 0)}
		}
		read.Last = o.last
	case o.follow && o.since == "":
		read.Last = followedLines
	}

	// Reading reports a directory that cannot be read.
	if found, err := logfile.Names(cfg.LogDir()); err == nil && !anyOf(names, found) {
		fmt.Fprintln(p.stderr, p.lang.LogsNone(cfg.LogDir(), names...))
		if len(found) == 0 {
			p.tellOtherSystem(cmd, p.lang.OtherSystem)
		}
	}

	out := bufio.NewWriter(p.stdout)
	read.Flush = out.Flush
	format := p.logFormat(names)
	if format.Readable && screen.IsTerminal(p.stderr) && o.out != asJSON {
		fmt.Fprintln(p.stderr, screen.PaletteFor(p.stderr, p.getenv).Dim(p.lang.LogsLegend()))
	}
	for _, name := range append(cfg.ComponentNames(), config.Launcher) {
		format.Width = max(format.Width, len(name))
	}
	var line []byte
	emit := func(e logfile.Entry) error {
		if o.out == asJSON {
			line = e.AppendJSON(line[:0])
		} else {
			line = format.Append(line[:0], e)
		}
		_, err := out.Write(line)
		return err
	}
	if o.follow {
		return logfile.Follow(cmd.Context(), cfg.LogDir(), read, emit)
	}
	return logfile.Read(cmd.Context(), cfg.LogDir(), read, emit)
}

// logFormat is how the lines of logs are shown on standard output.
func (p *program) logFormat(names []string) logfile.Format {
	format := logfile.Format{Colour: screen.PaletteFor(p.stdout, p.getenv).On(), Bare: len(names) == 1}
	if screen.IsTerminal(p.stdout) {
		format.Location, format.Readable = time.Local, true
	}
	return format
}

// anyOf reports whether one of the names has a log, or whether there is any log if
// none is named.
func anyOf(names, found []string) bool {
	if len(names) == 0 {
		return len(found) > 0
	}
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(found, name) })
}

// logNames are the names that a log can have: the launcher, the components of the
// settings, and those of existing files.
func logNames(cfg *config.Config) []string {
	names := append(cfg.ComponentNames(), config.Launcher)
	found, err := logfile.Names(cfg.LogDir())
	if err != nil {
		return names // without a directory there are no others
	}
	for _, name := range found {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (p *program) knownLogs(cfg *config.Config, names []string) error {
	known := logNames(cfg)
	for _, name := range names {
		if !slices.Contains(known, name) {
			return &usageError{p.lang.UnknownComponent(name, config.Nearest(name, known), known)}
		}
	}
	return nil
}

func (p *program) completeLogs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	cfg, err := p.load(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := slices.DeleteFunc(logNames(cfg), func(name string) bool {
		// A name that no component can have may contain characters special to a shell.
		return slices.Contains(args, name) || logfile.CheckName(name) != nil
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}
