// Package systemd reports the launcher's state to the service manager: sd_notify(3),
// for units with Type=notify.
package systemd

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// Notifier sends the launcher's state to the service manager. A nil Notifier means that
// there is no service manager, and sends nothing.
type Notifier struct {
	address  string
	watchdog time.Duration // WatchdogSec of the unit; 0: none
}

// Take reads the variables that systemd sets, and removes them, so that child processes
// do not notify systemd. Call it once, at the beginning of main.
func Take() *Notifier {
	address := os.Getenv("NOTIFY_SOCKET")
	interval, pid := os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		_ = os.Unsetenv(name) // cannot fail: the name is valid
	}
	if address == "" {
		return nil
	}
	// A crash exits with the code of a mistake in the settings, after which the unit is
	// not restarted. Ending by SIGABRT instead is a failure that it is restarted after.
	debug.SetTraceback("crash")
	n := &Notifier{address: address}
	if pid == "" || pid == strconv.Itoa(os.Getpid()) {
		if microseconds, err := strconv.ParseInt(interval, 10, 64); err == nil && microseconds > 0 {
			n.watchdog = time.Duration(microseconds) * time.Microsecond
		}
	}
	return n
}

// Ready reports that everything is ready, with a text for `systemctl status`.
func (n *Notifier) Ready(status string) error {
	return n.send("READY=1", "MAINPID="+strconv.Itoa(os.Getpid()), statusLine(status))
}

// Status replaces the text that `systemctl status` shows.
func (n *Notifier) Status(status string) error { return n.send(statusLine(status)) }

// Stopping reports that the stop has begun.
func (n *Notifier) Stopping(status string) error { return n.send("STOPPING=1", statusLine(status)) }

// Watch answers the watchdog until ctx ends: twice per interval, as long as alive
// returns. If alive hangs, systemd kills the service and restarts it.
func (n *Notifier) Watch(ctx context.Context, alive func()) error {
	if n == nil || n.watchdog == 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(n.watchdog / 2)
	defer tick.Stop()
	for {
		alive()
		if err := n.send("WATCHDOG=1"); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// statusLine is one line, because a newline would begin another field.
func statusLine(status string) string {
	return "STATUS=" + strings.ReplaceAll(status, "\n", " ")
}

func (n *Notifier) send(fields ...string) error {
	if n == nil {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.address, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	defer func() { _ = conn.Close() }() // the result of the write counts
	if _, err := conn.Write([]byte(strings.Join(fields, "\n"))); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	return nil
}
