// Command taskctl brings up a task service with live notifications, watches
// over it, and takes it down.
package main

import (
	"io"
	"os"

	"github.com/taskctl/taskctl/pkg/listen"
	"github.com/taskctl/taskctl/pkg/message"
)

func main() {
	nameProcess()
	passed := listen.TakePassed()
	signals := listenForSignals()
	nameProcess()
	p := &program{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		getenv:  os.Getenv,
		signals: signals,
		passed:  passed,
	}
	os.Exit(p.run(signals.context(), os.Args[1:]))
}

// program is one run of taskctl: the surroundings that every command works in.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	signals        *signals
	passed         *listen.Passed // sockets from whoever started us
	lang           message.Lang   // from --lang and the environment; a settings file may change it later
	flags          globalFlags
}

// globalFlags are the flags that every command has, and taskctl alone.
type globalFlags struct {
	dir     string
	config  string
	lang    string
	version bool // of taskctl alone: the same as the command
}
