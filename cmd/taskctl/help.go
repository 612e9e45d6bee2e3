package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"taskctl/pkg/screen"
)

// Widths of a help: it is wrapped at the terminal's width, but long lines are hard
// to read, and a file or a pipe has no width.
const (
	helpWidth    = 80 // where there is no terminal
	maxHelpWidth = 100
)

// helpPage builds the help of a command. Cobra's own templates are not used, because
// with them the linker cannot drop unused methods.
type helpPage struct {
	p     *program
	w     io.Writer
	width int
}

// help prints a command's help: description, usage, examples, subcommands, flags and
// exit codes.
func (p *program) help(cmd *cobra.Command, _ []string) {
	page := helpPage{p: p, w: cmd.OutOrStdout(), width: helpWidth}
	if columns := screen.Width(p.stdout); columns > 0 {
		page.width = min(columns, maxHelpWidth)
	}
	fmt.Fprintln(page.w, screen.Wrap(paragraphs(cmp.Or(cmd.Long, cmd.Short)), "", page.width))
	page.section(p.text("Usage:", "Uso:"), screen.Wrap(p.usageLine(cmd), "  ", page.width))
	if len(cmd.Aliases) > 0 {
		page.section(p.text("Also:", "También:"), "  "+strings.Join(aliasPaths(cmd), ", "))
	}
	if cmd.Example != "" {
		page.section(p.text("Examples:", "Ejemplos:"), strings.TrimRight(cmd.Example, "\n"))
	}
	page.commands(cmd)
	if own := cmd.LocalNonPersistentFlags(); own.HasAvailableFlags() {
		page.section(p.text("Flags:", "Opciones:"), page.flags(own))
	}
	page.section(p.text("Flags of every command:", "Opciones de todos los comandos:"), page.flags(cmd.Root().PersistentFlags()))
	page.section(p.text("Exit codes:", "Códigos de salida:"), page.exitCodes())
}

// paragraphs joins the lines of each paragraph, so that they can be wrapped at
// another width.
func paragraphs(text string) string {
	parts := strings.Split(text, "\n\n")
	for i, part := range parts {
		if !strings.HasPrefix(part, " ") { // else its lines stay as they are
			parts[i] = strings.ReplaceAll(part, "\n", " ")
		}
	}
	return strings.Join(parts, "\n\n")
}

func (page helpPage) section(heading, body string) { fmt.Fprintf(page.w, "\n%s\n%s\n", heading, body) }

// commands lists the commands below one, in the order of their groups and within
// a group in the order in which they were added.
func (page helpPage) commands(cmd *cobra.Command) {
	subs := slices.DeleteFunc(slices.Clone(cmd.Commands()), func(sub *cobra.Command) bool { return !sub.IsAvailableCommand() })
	slices.SortStableFunc(subs, func(a, b *cobra.Command) int {
		return cmp.Compare(a.Annotations[orderAnnotation], b.Annotations[orderAnnotation])
	})
	groups := cmd.Groups()
	if len(groups) == 0 {
		groups = []*cobra.Group{{Title: page.p.text("Commands:", "Comandos:")}}
	}
	for _, group := range groups {
		var rows [][2]string
		for _, sub := range subs {
			if sub.GroupID == group.ID {
				rows = append(rows, [2]string{sub.Name(), sub.Short})
			}
		}
		if len(rows) > 0 {
			page.section(group.Title, strings.TrimRight(screen.List("  ", page.width, rows), "\n"))
		}
	}
}

// orderAnnotation holds a command's position among its siblings, because cobra sorts
// them by name.
const orderAnnotation = "order"

// add adds subcommands, listed in this order, to the group id.
func add(to *cobra.Command, group string, commands ...*cobra.Command) {
	for _, cmd := range commands {
		cmd.GroupID = group
		cmd.Annotations = map[string]string{orderAnnotation: fmt.Sprintf("%03d", len(to.Commands()))}
		to.AddCommand(cmd)
	}
}

func (p *program) usageLine(cmd *cobra.Command) string {
	commandWord := p.text("COMMAND", "COMANDO")
	line := cmd.CommandPath()
	if cmd.HasAvailableSubCommands() && cmd.HasParent() && cmd.Runnable() {
		line += " [" + commandWord + "]"
	} else if cmd.HasAvailableSubCommands() {
		line += " " + commandWord
	}
	if _, arguments, found := strings.Cut(cmd.Use, " "); found {
		line += " " + p.lang.Placeholder(arguments)
	}
	return line + " [" + p.text("flags", "opciones") + "]"
}

func aliasPaths(cmd *cobra.Command) []string {
	var paths []string
	for _, alias := range cmd.Aliases {
		paths = append(paths, cmd.Parent().CommandPath()+" "+alias)
	}
	return paths
}

func (page helpPage) flags(flags *pflag.FlagSet) string {
	return strings.TrimRight(screen.List("  ", page.width, page.flagRows(flags)), "\n")
}

// flagRows are the names of flags with their explanations.
func (page helpPage) flagRows(flags *pflag.FlagSet) [][2]string {
	var rows [][2]string
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		value, usage := pflag.UnquoteUsage(f)
		switch {
		case strings.Contains(value, "|"): // a choice of words
			name += " " + value
		case value != "":
			name += " " + strings.ToUpper(value)
		}
		if byDefault := page.p.text("default", "por defecto"); hasDefault(f) && !strings.Contains(usage, byDefault) {
			usage += fmt.Sprintf(" (%s %s)", byDefault, f.DefValue)
		}
		rows = append(rows, [2]string{name, usage})
	})
	return rows
}

// hasDefault reports whether the help should show a flag's default.
func hasDefault(f *pflag.Flag) bool {
	return f.Value.Type() != "bool" && f.DefValue != "" && f.DefValue != "0"
}

// exitCodes lists all exit codes, because scripts depend on them.
func (page helpPage) exitCodes() string {
	return page.p.text(`  0  done, or stopped on request
  1  failed
  2  usage or configuration
  3  stopped, but something had to be killed
  4  stopped, but something is left
  5  a port is taken
  6  already running
  7  not running
  8  running, but not all of it is ready`,
		`  0  hecho, o detenido a petición
  1  ha fallado
  2  uso o configuración
  3  detenido, pero hubo que matar algún proceso
  4  detenido, pero queda algún proceso
  5  un puerto está ocupado
  6  ya está en marcha
  7  no está en marcha
  8  en marcha, pero no todo está listo`)
}

// helpCommand is `taskctl help COMMAND`.
func (p *program) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: p.text("Explain a command", "Explica un comando"),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return p.unknownCommand(target, strings.Join(args, " "))
			}
			return target.Help()
		},
	}
}
