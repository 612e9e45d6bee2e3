package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/screen"
)

func (p *program) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   p.lang.DoctorShort(),
		Long:    p.lang.DoctorLong(),
		Example: "  taskctl doctor\n  taskctl doctor --json | jq '.[] | select(.state != \"good\")'",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.doctor(cmd, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, p.lang.FlagJSON())
	return cmd
}

func (p *program) doctor(cmd *cobra.Command, asJSON bool) error {
	cfg, mistakes, err := p.loadBeside(cmd)
	if err != nil {
		return err
	}
	say := p.lang
	if asJSON {
		say = message.English // machines read one language
	}
	findings := launcher.Examine(cmd.Context(), cfg, say)
	for _, m := range mistakes {
		findings = append(findings, launcher.Finding{Check: "settings", State: launcher.Bad, Detail: config.Problems{m}.In(say)})
	}
	verdict := error(nil)
	for _, f := range findings {
		if f.State == launcher.Bad {
			verdict = exitStatus(exitFailed)
		}
	}
	if asJSON {
		if err := printJSON(p.stdout, findings); err != nil {
			return err
		}
		return verdict
	}
	palette := screen.PaletteFor(p.stdout, p.getenv)
	var b strings.Builder
	for _, f := range findings {
		paint := map[string]func(string) string{launcher.Good: palette.Green, launcher.Warning: palette.Yellow, launcher.Bad: palette.Red}[f.State]
		fmt.Fprintf(&b, "%s  %s\n", paint(fmt.Sprintf("%-7s", say.DoctorState(f.State))), f.Detail)
		if f.Fix != "" {
			fmt.Fprintf(&b, "         %s %s\n", say.DoctorFix(), f.Fix)
		}
	}
	if _, err := io.WriteString(p.stdout, b.String()); err != nil {
		return err
	}
	return verdict
}
