//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// childDeaths delivers SIGCHLD to the launcher, which has to reap the orphans of its
// components.
func childDeaths() <-chan os.Signal {
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	return died
}
