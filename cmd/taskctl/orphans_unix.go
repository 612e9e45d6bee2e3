//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// childDeaths tells of dead children to the first process of a container, which
// inherits everybody's orphans and has to reap them; nil for any other.
func childDeaths() <-chan os.Signal {
	if os.Getpid() != 1 {
		return nil
	}
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	return died
}
