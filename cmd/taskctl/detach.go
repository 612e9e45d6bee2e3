package main

import (
	"context"
	"os"

	"github.com/taskctl/taskctl/launcher"
)

// detach runs the same command line again without a terminal, and ends as that
// one does: when it is ready, or with its exit code.
func (p *program) detach(ctx context.Context, executable string) error {
	code, err := launcher.Detach(ctx, executable, os.Args[1:], p.stdout, p.stderr, p.signals.second)
	if err != nil {
		return err
	}
	if code != exitDone {
		return exitStatus(code)
	}
	return nil
}

// exitStatus is the exit code of a command that ran for us and has said why.
type exitStatus int

func (exitStatus) Error() string { return "" }
