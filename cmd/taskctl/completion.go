package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"taskctl/pkg/config"
)

func (p *program) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: p.text("Print a completion script for a shell", "Muestra el script de autocompletado de un shell"),
		Long: p.text(`Print a script that lets bash, zsh, fish or PowerShell complete taskctl's commands,
flags, component names and task ids.`,
			`Muestra un script con el que bash, zsh, fish o PowerShell completan los comandos,
opciones, nombres de componentes e ids de tareas de taskctl.`),
		Example:   "  source <(taskctl completion bash)\n  taskctl completion fish > ~/.config/fish/completions/taskctl.fish",
		Args:      p.exactArgs("SHELL"),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(p.stdout, true)
			case "zsh":
				return root.GenZshCompletion(p.stdout)
			case "fish":
				return root.GenFishCompletion(p.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(p.stdout)
			}
			return &usageError{p.lang.ConfigNotOneOf("SHELL", args[0], shells...)}
		},
	}
}

// offerWords completes a flag with the given values instead of file names.
func offerWords(cmd *cobra.Command, flag string, words ...cobra.Completion) {
	offer := cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	_ = cmd.RegisterFlagCompletionFunc(flag, offer) // fails only where there is no such flag
}

// offerList completes a flag that takes several of the given values, separated by commas.
func offerList(cmd *cobra.Command, flag string, words ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		var lists []string
		for _, word := range words {
			if !slices.Contains(strings.Split(before, ","), word) {
				lists = append(lists, before+word)
			}
		}
		return lists, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}

// completeNames completes the only argument of a command with a name from the settings
// or the data of the system.
func (p *program) completeNames(names func(*config.Config) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		cfg, err := p.load(cmd)
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(cfg), cobra.ShellCompDirectiveNoFileComp
	}
}

// plainUsages removes the quotes around value names from the descriptions of all
// flags, because a shell would show them.
func plainUsages(cmd *cobra.Command) {
	plain := func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") }
	cmd.PersistentFlags().VisitAll(plain)
	cmd.Flags().VisitAll(plain)
	for _, sub := range cmd.Commands() {
		plainUsages(sub)
	}
}
