package main

import (
	"bufio"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/screen"
)

type logsOptions struct {
	follow bool
	last   int
	since  string
	json   bool
}

func (p *program) logsCommand() *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:   "logs [COMPONENT...]",
		Short: p.lang.LogsShort(),
		Long:  p.lang.LogsLong(),
		Example: `  taskctl logs -f
  taskctl logs -f consumer
  taskctl logs api launcher -n 50 --since 10m
  taskctl logs --json | jq -r .text`,
		ValidArgsFunction: p.completeLogs,
		RunE:              func(cmd *cobra.Command, args []string) error { return p.logs(cmd, args, o) },
	}
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, p.lang.FlagFollow())
	cmd.Flags().IntVarP(&o.last, "lines", "n", 0, p.lang.FlagLines())
	cmd.Flags().StringVar(&o.since, "since", "", p.lang.FlagSince())
	cmd.Flags().BoolVar(&o.json, "json", false, p.lang.FlagJSON())
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

	// A folder that cannot be read is the reading's to complain about.
	if found, err := logfile.Names(cfg.LogDir()); err == nil && !anyOf(names, found) {
		fmt.Fprintln(p.stderr, p.lang.LogsNone(cfg.LogDir(), names...))
	}

	out := bufio.NewWriter(p.stdout)
	read.Flush = out.Flush
	format := logfile.Format{Colour: screen.PaletteFor(p.stdout, p.getenv).On(), Bare: len(names) == 1}
	for _, name := range append(componentNames(cfg), config.Launcher) {
		format.Width = max(format.Width, len(name))
	}
	var line []byte
	emit := func(e logfile.Entry) error {
		if o.json {
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

// anyOf reports whether there is a log of one of the names, or any where none is
// named.
func anyOf(names, found []string) bool {
	if len(names) == 0 {
		return len(found) > 0
	}
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(found, name) })
}

// logNames are the logs that there can be: the settings' components, the
// launcher, and whatever has left a file.
func logNames(cfg *config.Config) []string {
	names := append(componentNames(cfg), config.Launcher)
	found, err := logfile.Names(cfg.LogDir())
	if err != nil {
		return names // without a folder there are no others
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
			return &usageError{p.lang.UnknownComponent(name, config.Nearest(name, known))}
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
		// What is no component's name may be none for a shell either.
		return slices.Contains(args, name) || logfile.CheckName(name) != nil
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}
