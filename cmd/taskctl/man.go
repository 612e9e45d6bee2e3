package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// manCommand writes the man pages of the packages. It is hidden, because users do not
// need it.
func (p *program) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   p.text("Write the man pages into a directory", "Escribe las páginas de manual en un directorio"),
		Example: "  taskctl man /usr/local/share/man/man1",
		Hidden:  true,
		Args:    p.exactArgs("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.writeManPages(cmd.Root(), args[0])
		},
	}
}

// writeManPages writes one page for cmd and for each command below it.
func (p *program) writeManPages(cmd *cobra.Command, dir string) error {
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	page := p.manPage(cmd, name)
	if err := os.WriteFile(filepath.Join(dir, name+".1"), []byte(page), 0o644); err != nil { //nolint:gosec // man pages are public
		return fmt.Errorf("write man page: %w", err)
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			if err := p.writeManPages(sub, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// manPage is a command's help in the format of man-pages(7).
func (p *program) manPage(cmd *cobra.Command, name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"taskctl %s\"\n", strings.ToUpper(name), releaseVersion)
	section := func(heading string, parts ...string) {
		b.WriteString(".SH " + strings.ToUpper(heading) + "\n")
		for _, part := range parts {
			b.WriteString(part)
		}
	}
	section(p.text("Name", "Nombre"), roff(name)+" \\- "+roff(cmd.Short)+"\n")
	section(p.text("Synopsis", "Sinopsis"), ".B "+roff(p.usageLine(cmd))+"\n")
	section(p.text("Description", "Descripción"), strings.ReplaceAll(roff(paragraphs(cmp.Or(cmd.Long, cmd.Short))), "\n\n", "\n.PP\n")+"\n")
	if cmd.Example != "" {
		section(p.text("Examples", "Ejemplos"), literal(cmd.Example))
	}
	var commands [][2]string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			commands = append(commands, [2]string{sub.Name(), sub.Short})
		}
	}
	if len(commands) > 0 {
		section(p.text("Commands", "Comandos"), terms(commands))
	}
	help := helpPage{p: p}
	section(p.text("Options", "Opciones"), terms(help.flagRows(cmd.LocalNonPersistentFlags())), terms(help.flagRows(cmd.Root().PersistentFlags())))
	section(p.text("Exit status", "Estado de salida"), literal(help.exitCodes()))
	if parent := cmd.Parent(); parent != nil {
		section(p.text("See also", "Véase también"), ".BR "+roff(strings.ReplaceAll(parent.CommandPath(), " ", "-"))+" (1)\n")
	}
	return b.String()
}

// terms is a list of names with their explanations.
func terms(rows [][2]string) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(".TP\n.B " + roff(strings.TrimSpace(row[0])) + "\n" + roff(row[1]) + "\n")
	}
	return b.String()
}

// literal is text that is printed as it is.
func literal(text string) string {
	return ".nf\n" + roff(strings.TrimRight(text, "\n")) + "\n.fi\n"
}

// roff escapes the characters that roff interprets: backslashes, hyphens, and a
// control character at the beginning of a line.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
