package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"taskctl/launcher/doctor"
	"taskctl/pkg/config"
	"taskctl/pkg/message"
	"taskctl/pkg/screen"
)

func (p *program) doctorCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:        "doctor",
		SuggestFor: []string{"diagnose", "verify"},
		Short:      p.text("Find what is wrong, or soon will be, and how to fix it", "Encuentra lo que va mal o pronto irá mal, y cómo arreglarlo"),
		Long: p.text(`Check the settings, the commands of components, the directory, the ports, the disk,
the limit of open files, the database, and what an earlier launcher may have left.
Each problem comes with its fix. Nothing is changed. The exit code is 1 if a problem
would keep taskctl from running.`,
			`Comprueba los ajustes, los comandos de los componentes, el directorio, los puertos,
el disco, el límite de archivos abiertos, la base de datos y lo que pudo dejar un
lanzador anterior. Cada problema se muestra con su solución. No cambia nada. El
código de salida es 1 si un problema impediría que taskctl funcionara.`),
		Example: "  taskctl doctor\n  taskctl doctor --json | jq '.[] | select(.state != \"good\")'",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.doctor(cmd, out) },
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

func (p *program) doctor(cmd *cobra.Command, out format) error {
	cfg, mistakes, err := p.loadBeside(cmd)
	if err != nil {
		return err
	}
	say := p.lang
	if out == asJSON {
		say = message.English // output for programs is always in English
	}
	findings := doctor.Examine(cmd.Context(), cfg, say, os.Environ())
	for _, m := range mistakes {
		findings = append(findings, doctor.Finding{Check: "settings", State: doctor.Bad, Detail: config.Problems{m}.In(say)})
	}
	verdict := error(nil)
	for _, f := range findings {
		if f.State == doctor.Bad {
			verdict = exitStatus(exitFailed)
		}
	}
	if out == asJSON {
		if err := printJSON(p.stdout, findings); err != nil {
			return err
		}
		return verdict
	}
	palette := screen.PaletteFor(p.stdout, p.getenv)
	var b strings.Builder
	for _, f := range findings {
		paint := map[string]func(string) string{doctor.Good: palette.Green, doctor.Warning: palette.Yellow, doctor.Bad: palette.Red}[f.State]
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
