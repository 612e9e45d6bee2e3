package systemd

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// manager listens as systemd does, and makes Take find it.
func manager(t *testing.T, watchdog time.Duration) *net.UnixConn {
	t.Helper()
	address := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", address)
	t.Setenv("WATCHDOG_USEC", strconv.FormatInt(watchdog.Microseconds(), 10))
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	return conn
}

func receive(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	buf := make([]byte, 1024)
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestNotifications(t *testing.T) {
	conn := manager(t, 0)
	n := Take()
	if os.Getenv("NOTIFY_SOCKET") != "" {
		t.Error("processes started from here would inherit NOTIFY_SOCKET")
	}
	for _, c := range []struct {
		send func(string) error
		want string
	}{
		{n.Ready, "READY=1\nMAINPID=" + strconv.Itoa(os.Getpid()) + "\nSTATUS=all READY=0"},
		{n.Status, "STATUS=all READY=0"},
		{n.Stopping, "STOPPING=1\nSTATUS=all READY=0"},
	} {
		if err := c.send("all\nREADY=0"); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, conn); got != c.want {
			t.Errorf("sent %q, want %q", got, c.want)
		}
	}
}

func TestWatchdog(t *testing.T) {
	conn := manager(t, 20*time.Millisecond)
	n := Take()
	ctx, cancel := context.WithCancel(context.Background())
	asked := make(chan struct{}, 100)
	ended := make(chan error)
	go func() { ended <- n.Watch(ctx, func() { asked <- struct{}{} }) }()
	for range 3 {
		if got := receive(t, conn); got != "WATCHDOG=1" {
			t.Errorf("sent %q", got)
		}
		<-asked
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWithoutSystemd(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	n := Take()
	if err := n.Ready("all ready"); n != nil || err != nil {
		t.Errorf("Take() = %v, Ready() = %v", n, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := n.Watch(ctx, func() { t.Error("the watchdog is asked without systemd") }); err != nil {
		t.Error(err)
	}
}
