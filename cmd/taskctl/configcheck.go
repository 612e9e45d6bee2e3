package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"taskctl/launcher/userprocess"
	"taskctl/pkg/config"
	"taskctl/pkg/message"
	"taskctl/pkg/supervisor"
	"taskctl/pkg/supervisor/child"
)

func (p *program) configCheckCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:        "check",
		SuggestFor: []string{"validate", "test", "lint"},
		Short:      p.text("Check the settings, and name every mistake with its line", "Comprueba los ajustes y nombra cada error con su línea"),
		Long: p.text(`Check the settings, and name every mistake with its line. The commands of
components are looked for as well, with their directories and interpreters; what is
missing on this machine is a warning, which does not change the exit code.`,
			`Comprueba los ajustes y nombra cada error con su línea. También se buscan los
comandos de los componentes, con sus directorios e intérpretes; si falta alguno en
esta máquina, se muestra un aviso, que no cambia el código de salida.`),
		Example: "  taskctl config check\n  taskctl config check --config staging.yaml",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.configCheck(cmd, out) },
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

func (p *program) configCheck(cmd *cobra.Command, out format) error {
	var faults []userprocess.Fault
	cfg, err := p.load(cmd)
	if err == nil {
		var mistakes config.Problems
		mistakes, faults = userprocess.Check(cfg, os.Environ())
		// A launcher sets these variables for its children: they are not misspelt settings.
		mistakes = append(mistakes, config.Strays(os.Environ(), supervisor.GenerationVariable, child.Variable)...)
		if len(mistakes) > 0 {
			err = mistakes
		}
	}
	var mistakes config.Problems
	if out == asJSON && (err == nil || errors.As(err, &mistakes)) {
		return p.printCheck(cfg, mistakes, faults)
	}
	for _, fault := range faults {
		fmt.Fprintln(p.stderr, p.lang.ConfigWarning(config.Problems{fault.Problem}.In(p.lang)))
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, p.lang.ConfigGood(cfg.File))
	return err
}

// checkReport is what `config check --json` prints.
type checkReport struct {
	Valid    bool           `json:"valid"`
	File     string         `json:"file,omitempty"` // that was read, where the settings are valid
	Problems []checkProblem `json:"problems"`
	Warnings []checkProblem `json:"warnings"` // what keeps components from running on this machine
}

// checkProblem is one mistake in the settings.
type checkProblem struct {
	Where   string `json:"where"`   // "configs/taskctl.yaml:12", "TASKCTL_API_ADDR", "--api-addr"
	Message string `json:"message"` // in English, as everything that programs read
}

func (p *program) printCheck(cfg *config.Config, mistakes config.Problems, faults []userprocess.Fault) error {
	english := func(one config.Problem) checkProblem {
		return checkProblem{Where: one.Where, Message: one.Text(message.English)}
	}
	report := checkReport{Valid: len(mistakes) == 0, Problems: []checkProblem{}, Warnings: []checkProblem{}}
	if cfg != nil {
		report.File = cfg.File
	}
	for _, m := range mistakes {
		report.Problems = append(report.Problems, english(m))
	}
	for _, f := range faults {
		report.Warnings = append(report.Warnings, english(f.Problem))
	}
	if err := printJSON(p.stdout, report); err != nil {
		return err
	}
	if !report.Valid {
		return exitStatus(exitUsage) // the object has said why
	}
	return nil
}
