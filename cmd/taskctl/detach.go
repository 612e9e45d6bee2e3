package main

import (
	"context"
	"os"

	"taskctl/launcher"
)

// detach runs the same command line again without a terminal. It returns when that
// process is ready, or ends with its exit code.
func (p *program) detach(ctx context.Context, executable string) error {
	code, err := launcher.Detach(ctx, launcher.DetachOptions{
		Executable: executable, Args: os.Args[1:], Stdout: p.stdout, Stderr: p.stderr, Again: p.signals.second,
	})
	if err != nil {
		return err
	}
	if code != exitDone {
		return exitStatus(code)
	}
	return nil
}

// exitStatus is an exit code whose reason has been printed already.
type exitStatus int

func (exitStatus) Error() string { return "" }
