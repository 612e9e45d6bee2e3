package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/supervisor"
	"github.com/taskctl/taskctl/pkg/supervisor/child"
)

func (p *program) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   p.lang.ConfigShort(),
		Example: "  taskctl config show\n  taskctl config check --config staging.yaml\n  taskctl config default > configs/taskctl.yaml",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.configShowCommand(), p.configCheckCommand(), p.configDefaultCommand())
	return cmd
}

func (p *program) configShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show",
		Short:   p.lang.ConfigShowShort(),
		Example: "  taskctl config show\n  taskctl config show --json | jq -r '.[] | select(.source != \"default\").key'",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			if asJSON {
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
	cmd.Flags().BoolVar(&asJSON, "json", false, p.lang.FlagJSON())
	return cmd
}

func (p *program) configCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "check",
		Short:   p.lang.ConfigCheckShort(),
		Example: "  taskctl config check\n  taskctl config check --config staging.yaml",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			// What a launcher tells its children is no setting, and no mistake.
			if strays := config.Strays(os.Environ(), supervisor.MarkVariable, child.Variable); len(strays) > 0 {
				return strays
			}
			_, err = fmt.Fprintln(p.stdout, p.lang.ConfigGood(cfg.File))
			return err
		},
	}
}

func (p *program) configDefaultCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "default",
		Short:   p.lang.ConfigDefaultShort(),
		Example: "  taskctl config default > configs/taskctl.yaml",
		Args:    p.noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(p.stdout, config.DefaultYAML())
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
