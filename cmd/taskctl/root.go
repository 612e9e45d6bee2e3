package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/message"
)

// run executes one command line and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	p.lang = p.languageOf(args)
	root := p.rootCommand()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	if text := explain(err, p.lang, p.dir()); text != "" {
		fmt.Fprintln(p.stderr, text)
	}
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		fmt.Fprintln(p.stderr, p.lang.SeeHelp(cmd.CommandPath()))
	}
	return exitCode(err)
}

// languageOf finds the language before the flags are parsed, because help and
// complaints about flags are text for people too.
func (p *program) languageOf(args []string) message.Lang {
	for i, arg := range args {
		value, isFlag := strings.CutPrefix(arg, "--lang=")
		if arg == "--lang" && i+1 < len(args) {
			value, isFlag = args[i+1], true
		}
		if lang, ok := message.Parse(value); isFlag && ok {
			return lang
		}
		if arg == "--" {
			break
		}
	}
	if lang, ok := message.Parse(p.getenv(config.Env("lang"))); ok {
		return lang
	}
	return message.FromEnvironment(p.getenv)
}

func (p *program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "taskctl",
		Short:         p.lang.RootShort(),
		Long:          p.lang.RootLong(),
		Args:          p.noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.flags.version {
				return p.printVersion()
			}
			return cmd.Help()
		},
	}
	root.Flags().BoolVar(&p.flags.version, "version", false, p.lang.VersionShort())
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetHelpFunc(p.help)
	root.SetUsageFunc(func(cmd *cobra.Command) error { p.help(cmd, nil); return nil })
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{p.flagText(err)} })
	root.SetHelpCommand(p.helpCommand())
	root.CompletionOptions.DisableDefaultCmd = true

	flags := root.PersistentFlags()
	flags.StringVar(&p.flags.dir, "dir", "", p.lang.FlagDir())
	flags.StringVar(&p.flags.config, "config", "", p.lang.FlagConfig())
	flags.StringVar(&p.flags.lang, "lang", "", p.lang.FlagLang())
	completeLang(root)
	flags.BoolP("help", "h", false, p.lang.FlagHelp())

	root.AddCommand(
		p.startCommand(), p.stopCommand(), p.restartCommand(), p.statusCommand(), p.whyCommand(), p.doctorCommand(), p.logsCommand(),
		p.wsserverCommand(), p.apiCommand(), p.consumerCommand(), p.taskCommand(), p.benchCommand(),
		p.configCommand(), p.versionCommand(), p.completionCommand(),
	)
	return root
}

// dir is the directory that was asked for, for messages.
func (p *program) dir() string {
	for _, dir := range []string{p.flags.dir, p.getenv("TASKCTL_DIR")} {
		if dir != "" {
			return dir
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		return "."
	}
	return wd
}

// load reads the settings, with the setting flags that cmd was given.
func (p *program) load(cmd *cobra.Command) (*config.Config, error) {
	given := map[string]string{}
	if p.flags.lang != "" {
		given["lang"] = p.flags.lang
	}
	for _, key := range config.Keys() {
		if f := cmd.Flags().Lookup(config.Flag(key)); f != nil && f.Changed {
			given[key] = f.Value.String()
		}
	}
	cfg, err := config.Load(config.Input{Dir: p.flags.dir, File: p.flags.config, Flags: given, Getenv: p.getenv})
	if err != nil {
		return nil, err
	}
	p.lang = cfg.Language(p.getenv)
	return cfg, nil
}

// loadRunning is load for what is done with a system that runs. That has its
// settings already: a mistake that was made in them since, or in this shell's
// environment, is told, and keeps nobody from looking at it or stopping it.
func (p *program) loadRunning(cmd *cobra.Command) (*config.Config, error) {
	cfg, mistakes, err := p.loadBeside(cmd)
	if mistakes != nil {
		fmt.Fprintln(p.stderr, mistakes.In(p.lang))
	}
	return cfg, err
}

// loadBeside is load, but returns the mistakes beside the defaults where a system
// runs in the directory.
func (p *program) loadBeside(cmd *cobra.Command) (*config.Config, config.Problems, error) {
	cfg, err := p.load(cmd)
	var mistakes config.Problems
	if !errors.As(err, &mistakes) || slices.ContainsFunc(mistakes, ofThisCall) {
		return cfg, nil, err
	}
	bare, bareErr := config.Bare(p.flags.dir, p.getenv)
	if bareErr != nil {
		return nil, nil, err
	}
	if _, ownerErr := launcher.Owner(bare); ownerErr != nil {
		return nil, nil, err
	}
	return bare, mistakes, nil
}

// ofThisCall reports whether a mistake is in a flag.
func ofThisCall(p config.Problem) bool { return strings.HasPrefix(p.Where, "--") }

// settingFlags gives a command the flags of some settings.
func (p *program) settingFlags(cmd *cobra.Command, keys ...string) {
	for _, key := range keys {
		cmd.Flags().String(config.Flag(key), "", p.lang.FlagSetting(key, config.Env(key)))
	}
}

// noArgs and the others below replace cobra's validators, whose complaints are
// in English only.
func (p *program) noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasSubCommands() {
		return &usageError{p.lang.UnexpectedArgument(args[0])}
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return &usageError{p.lang.UnknownCommand(args[0], config.Nearest(args[0], names))}
}

func (p *program) exactArgs(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return &usageError{p.lang.MissingArgument(names[len(args)])}
		case len(args) > len(names):
			return &usageError{p.lang.UnexpectedArgument(args[len(names)])}
		}
		return nil
	}
}

// someArgs takes one argument or more.
func (p *program) someArgs(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return &usageError{p.lang.MissingArgument(name)}
		}
		return nil
	}
}

// flagText says what is wrong with a flag.
func (p *program) flagText(err error) string {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		return p.lang.UnknownFlag(flagName(unknown.GetSpecifiedName()))
	case errors.As(err, &missing):
		return p.lang.FlagNeedsValue(flagName(missing.GetSpecifiedName()))
	case errors.As(err, &invalid):
		return p.lang.FlagBadValue(flagName(invalid.GetFlag().Name), invalid.GetValue())
	}
	return err.Error()
}

func flagName(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
