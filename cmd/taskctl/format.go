package main

import (
	"strconv"

	"github.com/spf13/cobra"
)

// format is the form in which a command prints its result.
type format string

const (
	asText format = "text" // for people, in their language
	asJSON format = "json" // for programs, in English
)

// formatFlag adds the flag --json to a command.
func formatFlag(cmd *cobra.Command, into *format, usage string) {
	*into = asText
	cmd.Flags().Var((*jsonFlag)(into), "json", usage)
	cmd.Flags().Lookup("json").NoOptDefVal = "true"
}

// jsonFlag is the flag --json as a boolean flag, which --json=false turns off.
type jsonFlag format

// String implements pflag.Value.
func (f *jsonFlag) String() string { return strconv.FormatBool(format(*f) == asJSON) }

// Set implements pflag.Value.
func (f *jsonFlag) Set(text string) error {
	on, err := strconv.ParseBool(text)
	if *f = jsonFlag(asText); on {
		*f = jsonFlag(asJSON)
	}
	return err
}

// Type implements pflag.Value.
func (*jsonFlag) Type() string { return "bool" }
