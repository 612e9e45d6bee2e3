//go:build linux

package flood

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// connectRate bounds the connections a second that strangers open: the client must
// leave the two cores of a small machine to the system.
const connectRate = 3000

// spareFiles are the descriptors that the test needs besides the strangers'.
const spareFiles = 500

// ownConnections is how many connections this process may open. It raises its limit
// where it may.
func ownConnections(t *testing.T) int {
	t.Helper()
	const wanted = 40_000
	limit := syscall.Rlimit{Cur: wanted, Max: wanted}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) != nil { // needs privileges
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	return int(limit.Cur) - spareFiles
}

// strangers keeps n connections open until ctx ends, spread over the addresses. A
// connection on which serve returns is closed, and another takes its place.
func strangers(ctx context.Context, n int, addrs []string, serve func(ctx context.Context, conn *net.TCPConn)) {
	pace := rate.NewLimiter(connectRate, 100)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			// Many source addresses, because one has too few ports.
			dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%16))}}
			for pace.Wait(ctx) == nil {
				conn, err := dialer.DialContext(ctx, "tcp", addrs[i%len(addrs)])
				if err != nil {
					continue
				}
				attend(ctx, conn.(*net.TCPConn), serve)
			}
		})
	}
	all.Wait()
}

// attend passes a connection to serve, and then resets it, so that its port is free at
// once.
func attend(ctx context.Context, conn *net.TCPConn, serve func(ctx context.Context, conn *net.TCPConn)) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	serve(ctx, conn)
	stop()
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

// sendAndHold sends the beginning of a request and never the rest.
func sendAndHold(beginning []byte) func(context.Context, *net.TCPConn) {
	return func(_ context.Context, conn *net.TCPConn) {
		if _, err := conn.Write(beginning); err == nil {
			_, _ = io.Copy(io.Discard, conn) // until the server closes it
		}
	}
}

func request(method, addr, path string, lines ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, addr)
	for _, line := range lines {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// upgrade is a WebSocket handshake, resuming from the beginning.
func upgrade(addr string) []byte {
	return request("GET", addr, "/ws?since=0", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
}
