package main

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"taskctl/pkg/config"
	"taskctl/pkg/screen"
)

func (p *program) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   p.text("Show, check and document the settings", "Muestra, comprueba y documenta los ajustes"),
		Example: "  taskctl config show\n  taskctl config check --config staging.yaml\n  taskctl config default > configs/taskctl.yaml",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.configShowCommand(), p.configCheckCommand(), p.configDefaultCommand())
	return cmd
}

func (p *program) configShowCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:        "show",
		SuggestFor: []string{"list", "ls", "get", "print"},
		Short:      p.text("Show every setting and where its value comes from", "Muestra cada ajuste y de dónde viene su valor"),
		Example:    "  taskctl config show\n  taskctl config show --json | jq -r '.[] | select(.source != \"default\").key'",
		Args:       p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			if out == asJSON {
				return printJSON(p.stdout, cfg.Values())
			}
			rows := [][]string{{p.lang.ColumnSetting(), p.lang.ColumnValue(), p.lang.ColumnSource()}}
			for _, v := range cfg.Values() {
				rows = append(rows, []string{v.Key, v.Value, v.Source})
			}
			_, err = io.WriteString(p.stdout, screen.Table("", screen.Width(p.stdout), rows))
			return err
		},
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

func (p *program) configDefaultCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "default",
		Short:   p.text("Print a settings file with every default and its explanation", "Muestra un archivo de ajustes con cada valor por defecto y su explicación"),
		Example: "  taskctl config default > configs/taskctl.yaml",
		Args:    p.noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(p.stdout, config.DefaultYAML(p.lang))
			return err
		},
	}
}

// printJSON prints a value as indented JSON.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
