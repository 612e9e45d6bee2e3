package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// signals turns interrupts into steps: the first asks to stop, the second is for
// whoever waits for it (`start` kills what is left), and one that nobody waits
// for ends the program at once.
type signals struct {
	received chan os.Signal
	second   chan struct{} // unbuffered: received from only by a command that can hurry
}

// listenForSignals is called before anything else, and the handler stays to the
// end, so that no signal ever meets the default action in mid-drain.
func listenForSignals() *signals {
	s := &signals{received: make(chan os.Signal, 4), second: make(chan struct{})}
	wanted := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup asks to live on
		wanted = append(wanted, syscall.SIGHUP)
	}
	signal.Notify(s.received, wanted...)
	// A reader of our output that goes away is an error to report, not a death:
	// Go ends a program on SIGPIPE from stdout unless it asked for the signal.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return s
}

// sameRequest is how soon a signal after another cannot be somebody's second
// thought: timeout(1) sends one to its child and one to the whole group, and a
// wrapper that passes Ctrl+C on sends what the terminal has sent too.
const sameRequest = 30 * time.Millisecond

// context ends at the first signal.
func (s *signals) context() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-s.received
		cancel()
		last := time.Now()
		for range s.received {
			if time.Since(last) < sameRequest {
				continue
			}
			last = time.Now()
			select {
			case s.second <- struct{}{}:
			default:
				os.Exit(exitKilled)
			}
		}
	}()
	return ctx
}
