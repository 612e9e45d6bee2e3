package main

import "github.com/spf13/cobra"

func (p *program) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     p.lang.CompletionShort(),
		Long:      p.lang.CompletionLong(),
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

// completeLang offers the languages to the shell instead of files.
func completeLang(root *cobra.Command) {
	offer := cobra.FixedCompletions([]cobra.Completion{"en", "es"}, cobra.ShellCompDirectiveNoFileComp)
	_ = root.RegisterFlagCompletionFunc("lang", offer) // fails only where there is no such flag
}
