package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"taskctl/pkg/config"
)

// usageError is a mistake in the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// noArgs and the functions below replace cobra's validators, whose messages are in
// English only.
func (p *program) noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasSubCommands():
		return p.unknownCommand(cmd, args[0])
	}
	return &usageError{p.lang.UnexpectedArgument(args[0])}
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

// someArgs accepts one argument or more.
func (p *program) someArgs(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return &usageError{p.lang.MissingArgument(name)}
		}
		return nil
	}
}

// unknownCommand is the error for an unknown subcommand. It suggests a command that
// other programs call by this name, one below another command, or one with a similar
// name.
func (p *program) unknownCommand(below *cobra.Command, name string) error {
	var names []string
	byName := map[string]string{} // what may be typed → the path of the command
	learn := func(cmd *cobra.Command, words ...string) {
		_, path, _ := strings.Cut(cmd.CommandPath(), " ")
		for _, word := range words {
			if byName[word] == "" {
				byName[word] = path
				names = append(names, word)
			}
		}
	}
	for _, cmd := range below.Commands() {
		learn(cmd, cmd.Name())
		learn(cmd, cmd.Aliases...)
		learn(cmd, cmd.SuggestFor...)
	}
	word := strings.ToLower(name)
	meant := byName[word]
	if below == below.Root() {
		meant = cmp.Or(meant, subcommandNamed(below, word))
	}
	meant = cmp.Or(meant, byName[config.Nearest(word, names)])
	return &usageError{p.lang.UnknownCommand(name, meant)}
}

// subcommandNamed is the path of a command below one of root's that has, or other
// programs give, this name; of several, the one for tasks.
func subcommandNamed(root *cobra.Command, word string) string {
	var found string
	for _, cmd := range root.Commands() {
		for _, sub := range cmd.Commands() {
			names := slices.Concat([]string{sub.Name()}, sub.Aliases, sub.SuggestFor)
			if _, path, _ := strings.Cut(sub.CommandPath(), " "); slices.Contains(names, word) && (found == "" || cmd.Name() == "task") {
				found = path
			}
		}
	}
	return found
}

// flagText returns the message for a mistake in a flag.
func (p *program) flagText(cmd *cobra.Command, err error) string {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		return p.lang.UnknownFlag(flagName(name), nearestFlag(cmd, name))
	case errors.As(err, &missing):
		return p.lang.FlagNeedsValue(flagName(missing.GetSpecifiedName()))
	case errors.As(err, &invalid):
		return p.lang.FlagBadValue(flagName(invalid.GetFlag().Name), invalid.GetValue())
	}
	return err.Error()
}

// nearestFlag is the most similar flag of the command, or empty.
func nearestFlag(cmd *cobra.Command, name string) string {
	if len(name) < 2 { // every other letter is as similar
		return ""
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if other := elsewhereNamed(name); slices.Contains(names, other) {
		return flagName(other)
	}
	if nearest := config.Nearest(name, names); nearest != "" {
		return flagName(nearest)
	}
	return ""
}

// elsewhereNamed is the flag that other programs call by this name.
func elsewhereNamed(name string) string {
	switch name {
	case "daemon", "background":
		return "detach"
	case "tail":
		return "lines"
	case "port", "listen":
		return "api-addr"
	case "desc", "body":
		return "description"
	case "force":
		return "yes"
	}
	return ""
}

func flagName(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
