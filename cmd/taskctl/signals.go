package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"taskctl/launcher"
	"taskctl/pkg/supervisor/child"
)

// signals turns interrupts into requests. The first requests a stop. The second goes
// to the command that waits for it (`start` then kills what is left), and ends the
// program at once if none does.
type signals struct {
	received chan os.Signal
	hangup   chan os.Signal // SIGHUP, which makes a detached launcher reload its settings
	second   chan struct{}  // unbuffered: only a command that handles it receives from it
}

// listenForSignals is called before any command runs, and the handler stays to the end,
// so that no signal ends a command by its default action.
func listenForSignals() *signals {
	s := &signals{received: make(chan os.Signal, 4), second: make(chan struct{}), hangup: make(chan os.Signal, 1)}
	wanted := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if _, supervised := os.LookupEnv(child.Variable); !supervised { // a supervised process prints its goroutines on SIGQUIT
		wanted = append(wanted, syscall.SIGQUIT) // Ctrl+\
	}
	switch {
	case launcher.IsDetached(os.Getenv):
		signal.Notify(s.hangup, syscall.SIGHUP)
	case !signal.Ignored(syscall.SIGHUP): // ignored under nohup, which asks to keep running
		wanted = append(wanted, syscall.SIGHUP)
	}
	signal.Notify(s.received, wanted...)
	// A closed pipe on stdout is reported as an error. Without a handler for SIGPIPE, Go
	// would end the program instead.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return s
}

// repeatWindow is the time within which two signals count as one request. timeout(1)
// signals its child and then the whole group, and a wrapper that forwards Ctrl+C
// repeats what the terminal has sent already.
const repeatWindow = 30 * time.Millisecond

// context ends at the first signal.
func (s *signals) context() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-s.received
		cancel()
		last := time.Now()
		for range s.received {
			if time.Since(last) < repeatWindow {
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
