//go:build linux

package flood

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"
)

var halfRequest = []byte("GET /tasks HTTP/1.1\r\nHost: localhost\r\n")

func halfOpenAPI(ctx context.Context, s *system, n int) {
	strangers(ctx, n, []string{s.api}, sendAndHold(halfRequest))
}

func halfOpenWebSocket(ctx context.Context, s *system, n int) {
	strangers(ctx, n, []string{s.ws}, sendAndHold(halfRequest))
}

func silent(ctx context.Context, s *system, n int) {
	strangers(ctx, n, []string{s.api, s.ws}, sendAndHold(nil))
}

// halfFrames completes the handshake and sends the first three bytes of a frame.
func halfFrames(ctx context.Context, s *system, n int) {
	handshake := upgrade(s.ws)
	strangers(ctx, n, []string{s.ws}, func(ctx context.Context, conn *net.TCPConn) {
		if _, err := conn.Write(handshake); err != nil {
			return
		}
		if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 101"))); err == nil {
			sendAndHold([]byte{0x81, 0xFE, 0x0F})(ctx, conn)
		}
	})
}

// handshakes makes the server do its part of a TLS handshake.
func handshakes(ctx context.Context, s *system, n int) {
	strangers(ctx, n, []string{s.api, s.ws}, sendAndHold(clientHello()))
}

// clientHello is the first message of a TLS client.
func clientHello() []byte {
	client, server := net.Pipe()
	hello := make(chan []byte)
	go func() {
		buf := make([]byte, 16<<10)
		n, _ := server.Read(buf) // one record, which the client writes at once
		_ = server.Close()
		hello <- buf[:n]
	}()
	_ = tls.Client(client, &tls.Config{InsecureSkipVerify: true}).Handshake() // fails, because the server has disconnected
	return <-hello
}

// drips sends a request one byte a second.
func drips(ctx context.Context, s *system, n int) {
	strangers(ctx, n, []string{s.api, s.ws}, func(ctx context.Context, conn *net.TCPConn) {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for i := range halfRequest {
			if _, err := conn.Write(halfRequest[i : i+1]); err != nil {
				return
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	})
}

// neverRead requests much data and reads none of it: the largest page of the api, all
// events of wsserver.
func neverRead(ctx context.Context, s *system, n int) {
	page, events := request("GET", s.api, "/tasks?limit=1000"), upgrade(s.ws)
	strangers(ctx, n, []string{s.api, s.ws}, func(ctx context.Context, conn *net.TCPConn) {
		_ = conn.SetReadBuffer(4 << 10) // only a hint
		asked := page
		if conn.RemoteAddr().String() == s.ws {
			asked = events
		}
		if _, err := conn.Write(asked); err != nil {
			return
		}
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for isOpen(conn) {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	})
}

// isOpen reports, without reading, whether the server has left the connection open.
func isOpen(conn *net.TCPConn) (open bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	const established = 1 // TCP_ESTABLISHED
	err = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		open = err == nil && info.State == established
	})
	return open && err == nil
}

func eventStreams(ctx context.Context, s *system, _ int) {
	const streams = 1000
	strangers(ctx, streams, []string{s.api}, sendAndHold(request("GET", s.api, "/events", "Accept: text/event-stream")))
}

const busyConnections = 64

func posters(ctx context.Context, s *system, _ int) {
	body := `{"title":"flood"}`
	post := append(request("POST", s.api, "/tasks", "Content-Type: application/json", fmt.Sprint("Content-Length: ", len(body))), body...)
	strangers(ctx, busyConnections, []string{s.api}, func(ctx context.Context, conn *net.TCPConn) {
		from := bufio.NewReader(conn)
		for ctx.Err() == nil && ask(conn, from, post) == nil {
		}
	})
}

// badTokens tries another token with each request.
func badTokens(ctx context.Context, s *system, _ int) {
	pace := rate.NewLimiter(10_000, busyConnections)
	var guesses atomic.Uint64
	strangers(ctx, busyConnections, []string{s.api, s.ws}, func(ctx context.Context, conn *net.TCPConn) {
		from := bufio.NewReader(conn)
		template := request("GET", conn.RemoteAddr().String(), "/metrics", "Authorization: Bearer 0000000000")
		for pace.Wait(ctx) == nil {
			guess := bytes.Replace(template, []byte("0000000000"), fmt.Appendf(nil, "%010d", guesses.Add(1)), 1)
			if ask(conn, from, guess) != nil {
				return
			}
		}
	})
}

// ask sends a request and reads its answer.
func ask(conn *net.TCPConn, from *bufio.Reader, request []byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	res, err := http.ReadResponse(from, nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err = io.Copy(io.Discard, res.Body); err == nil && res.Close {
		err = io.EOF
	}
	return err
}
