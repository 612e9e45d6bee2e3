package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/taskctl/taskctl/pkg/screen"
)

// help prints a command's help: what it does, how it is called, examples, its
// commands and flags, and the exit codes. It is written out here because cobra's
// own templates would keep the linker from dropping unused code.
func (p *program) help(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintln(w, text)
	section(w, p.lang.HelpUsage(), "  "+usageLine(cmd, p.lang.HelpCommandWord(), p.lang.HelpFlagsWord()))
	if cmd.Example != "" {
		section(w, p.lang.HelpExamples(), strings.TrimRight(cmd.Example, "\n"))
	}
	var rows [][]string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			rows = append(rows, []string{sub.Name(), sub.Short})
		}
	}
	if len(rows) > 0 {
		section(w, p.lang.HelpCommands(), strings.TrimRight(screen.Table("  ", 0, rows), "\n"))
	}
	if own := cmd.LocalNonPersistentFlags(); own.HasAvailableFlags() {
		section(w, p.lang.HelpFlags(), flagTable(own))
	}
	section(w, p.lang.HelpGlobalFlags(), flagTable(cmd.Root().PersistentFlags()))
	section(w, p.lang.HelpExitCodes(), p.lang.ExitCodes())
}

func section(w io.Writer, heading, body string) { fmt.Fprintf(w, "\n%s\n%s\n", heading, body) }

func usageLine(cmd *cobra.Command, commandWord, flagsWord string) string {
	line := cmd.CommandPath()
	if cmd.HasAvailableSubCommands() && cmd.HasParent() && cmd.Runnable() {
		line += " [" + commandWord + "]"
	} else if cmd.HasAvailableSubCommands() {
		line += " " + commandWord
	}
	if _, arguments, found := strings.Cut(cmd.Use, " "); found {
		line += " " + arguments
	}
	return line + " [" + flagsWord + "]"
}

func flagTable(flags *pflag.FlagSet) string {
	var rows [][]string
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		value, usage := pflag.UnquoteUsage(f)
		if value != "" {
			name += " " + strings.ToUpper(value)
		}
		rows = append(rows, []string{name, usage})
	})
	return strings.TrimRight(screen.Table("  ", 0, rows), "\n")
}

// helpCommand is `taskctl help COMMAND`.
func (p *program) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: p.lang.HelpShort(),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return &usageError{p.lang.UnknownCommand(strings.Join(args, " "), "")}
			}
			return target.Help()
		},
	}
}
