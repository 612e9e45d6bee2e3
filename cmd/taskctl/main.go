// Command taskctl starts a task service with live notifications, supervises it, and
// stops it.
package main

import (
	"io"
	"os"

	"taskctl/launcher/systemd"
	"taskctl/pkg/listen"
	"taskctl/pkg/message"
)

func main() {
	closeInheritedOnExec()
	inherited := listen.TakeInherited()
	notifier := systemd.Take()
	signals := listenForSignals()
	nameProcess()
	p := &program{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		getenv:    os.Getenv,
		signals:   signals,
		inherited: inherited,
		systemd:   notifier,
	}
	os.Exit(p.run(signals.context(), os.Args[1:]))
}

// program is one run of taskctl: the environment that every command works in.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	signals        *signals
	inherited      *listen.Inherited // sockets from the process that started this one
	systemd        *systemd.Notifier // nil: not started as a unit with Type=notify
	lang           message.Lang      // from --lang and the environment; a settings file may change it later
	flags          globalFlags
}

// text returns a text of one command in the user's language. Texts that several
// commands use are in pkg/message.
func (p *program) text(en, es string) string { return p.lang.Choose(en, es) }

// globalFlags are the flags that every command has, and taskctl alone.
type globalFlags struct {
	dir     string
	config  string
	lang    string
	version bool // of taskctl alone: the same as the command
}
