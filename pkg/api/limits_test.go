package api

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/task"
)

// raw sends bytes as they are and reads one answer.
func (s *service) raw(request string) answer {
	s.t.Helper()
	conn := s.dial()
	if _, err := io.WriteString(conn, request); err != nil {
		s.t.Fatal(err)
	}
	return s.readAnswer(conn)
}

func (s *service) dial() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testTimeout)); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

func (s *service) readAnswer(conn net.Conn) answer {
	s.t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.Close { // net/http has taken the header out
		resp.Header.Set("Connection", "close")
	}
	return answer{resp.StatusCode, resp.Header, body}
}

func TestBodyLimits(t *testing.T) {
	s := start(t)
	const good = `{"title":"t"}`
	fits := good + strings.Repeat(" ", MaxBody-len(good))
	chunked := func(body string) answer {
		r, err := http.NewRequest(http.MethodPost, s.base+"/tasks", struct{ io.Reader }{strings.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		return s.send(r)
	}
	if a := s.do(http.MethodPost, "/tasks", fits); a.status != http.StatusCreated {
		t.Errorf("exactly 1 MiB: %d %s", a.status, a.body)
	}
	if a := chunked(fits); a.status != http.StatusCreated {
		t.Errorf("exactly 1 MiB in chunks, without a Content-Type: %d %s", a.status, a.body)
	}
	wantProblem(t, chunked(fits+" "), http.StatusRequestEntityTooLarge, "")
	const head = "POST /tasks HTTP/1.1\r\nHost: localhost\r\n"
	wantProblem(t, s.raw(head+"Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n"), http.StatusRequestEntityTooLarge, "")
	wantProblem(t, s.raw(head+"Content-Length: 99999999999\r\n\r\n{"), http.StatusRequestEntityTooLarge, "")
	wantProblem(t, s.raw(head+"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), http.StatusBadRequest, "")
	wantProblem(t, s.raw(head+"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"tit\r\n0\r\n\r\n"), http.StatusBadRequest, "")
	wantProblem(t, s.raw(head+"Content-Length: 0\r\n\r\n"), http.StatusBadRequest, "")
	wantProblem(t, s.raw(head+"\r\n"), http.StatusBadRequest, "")
	s.create("after it all")
}

func TestHalfABody(t *testing.T) {
	s := start(t)
	conn := s.dial()
	if _, err := io.WriteString(conn, "POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"title\":\"t\"}"); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.readAnswer(conn), http.StatusBadRequest, "")
	if list := s.do(http.MethodGet, "/tasks", ""); !bytes.HasPrefix(list.body, []byte(`{"tasks":[]`)) {
		t.Errorf("half a body made a task: %s", list.body)
	}
}

// TestMalformedHTTP checks that input which net/http itself refuses is answered with a
// problem document too.
func TestMalformedHTTP(t *testing.T) {
	s := start(t)
	for _, tt := range []struct {
		want    int
		request string
	}{
		{400, "GET / HTTP/1.1\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
		{400, "nonsense\r\n\r\n"},
		{505, "GET /tasks HTTP/9.9\r\nHost: localhost\r\n\r\n"},
		{400, "GET /tasks HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n"},
		{431, "GET /tasks HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"},
		{400, "POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"},
		{400, "POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"},
		{501, "POST /tasks HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n"},
	} {
		wantProblem(t, s.raw(tt.request), tt.want, "")
	}
	s.create("after it all")
}

func TestSlowBody(t *testing.T) {
	// The time for the answer begins when the time for the request ends.
	s := start(t, func(c *Config, _ *Deps) { c.ReadTimeout, c.WriteTimeout = 500*time.Millisecond, 500*time.Millisecond })
	a := s.raw("POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
	wantProblem(t, a, http.StatusRequestTimeout, "")
	if a.header.Get("Connection") != "close" {
		t.Error("the connection of a body that never came is kept")
	}
}

// A client that sends a whole large body before it reads, as most do, sees why it was
// refused, even with Connection: close.
func TestRefusedBodiesAreReadOn(t *testing.T) {
	s := start(t)
	body := strings.Repeat(" ", 2<<20)
	for _, test := range []struct {
		line, contentType string
		status            int
	}{
		{"POST /tasks", "application/json", http.StatusRequestEntityTooLarge},
		{"POST /tasks", "text/plain", http.StatusUnsupportedMediaType},
		{"POST /nothing", "application/json", http.StatusNotFound},
		{"PUT /tasks", "application/json", http.StatusMethodNotAllowed},
		{"POST /tasks?x=1", "application/json", http.StatusUnprocessableEntity},
	} {
		for _, connection := range []string{"close", "keep-alive"} {
			a := s.raw(fmt.Sprintf("%s HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
				test.line, connection, test.contentType, len(body), body))
			if a.status != test.status {
				t.Errorf("%s as %s, %s: %d, want %d", test.line, test.contentType, connection, a.status, test.status)
			}
		}
	}
}

// After a request with Content-Length and Transfer-Encoding, what follows on the
// connection may be part of it: the connection is closed (RFC 9112 §6.3).
func TestConnectionClosesAfterTwoLengths(t *testing.T) {
	s := start(t)
	for name, body := range map[string]string{
		"length first":   "Content-Length: 5\r\nTransfer-Encoding: chunked",
		"encoding first": "Transfer-Encoding: chunked\r\nContent-Length: 999",
		"encoding alone": "Transfer-Encoding: Chunked",
	} {
		conn := s.dial()
		fmt.Fprintf(conn, "POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s\r\n\r\n"+
			"d\r\n{\"title\":\"a\"}\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", body)
		answers, err := io.ReadAll(conn)
		if err != nil && !isReset(err) {
			t.Fatal(err)
		}
		if text := string(answers); strings.Count(text, "HTTP/1.1 ") != 1 || !strings.Contains(text, "Connection: close") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// waitingStore writes slowly, and stops when its caller does not wait any more.
type waitingStore struct{ task.Store }

func (s waitingStore) Write(ctx context.Context, c task.Change) (task.Result, error) {
	select {
	case <-ctx.Done():
		return task.Result{}, ctx.Err()
	case <-time.After(50 * time.Millisecond):
		return s.Store.Write(ctx, c)
	}
}

// A client may close its side of the connection before it gets the answer.
func TestHalfClosedConnectionIsAnswered(t *testing.T) {
	s := start(t, func(_ *Config, d *Deps) { d.Store = waitingStore{d.Store} })
	conn := s.dial()
	if _, err := io.WriteString(conn, "POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{\"title\":\"t\"}"); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if a := s.readAnswer(conn); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestSlowHeaders holds 200 connections open that never finish their headers.
func TestSlowHeaders(t *testing.T) {
	s := start(t, func(c *Config, _ *Deps) { c.HeaderTimeout = 300 * time.Millisecond })
	var conns []net.Conn
	for range 200 {
		conn := s.dial()
		if _, err := io.WriteString(conn, "GET /tasks HTTP/1.1\r\nHost: localhost\r\nX-Slow: "); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	began := time.Now()
	for range 20 {
		s.create("meanwhile")
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("20 tasks beside slow connections took %v", took)
	}
	for _, conn := range conns {
		if _, err := io.Copy(io.Discard, conn); err != nil && !isReset(err) {
			t.Fatalf("a slow connection is not closed: %v", err)
		}
	}
}

func isReset(err error) bool { return strings.Contains(err.Error(), "reset by peer") }

// overloaded is a store whose queue is full.
type overloaded struct{ task.Store }

func (overloaded) Write(context.Context, task.Change) (task.Result, error) {
	return task.Result{}, fmt.Errorf("write task: %w", task.ErrUnavailable)
}

func (overloaded) List(context.Context, task.Query) (task.RecordPage, error) {
	return task.RecordPage{}, context.DeadlineExceeded
}

func TestOverload(t *testing.T) {
	s := start(t, func(_ *Config, d *Deps) { d.Store = overloaded{d.Store} })
	for _, a := range []answer{s.do(http.MethodPost, "/tasks", `{"title":"t"}`), s.do(http.MethodGet, "/tasks", "")} {
		wantProblem(t, a, http.StatusServiceUnavailable, "")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
}

// Over the limit of connections, requests get 503, but health checks succeed, so that
// the launcher does not kill a busy api.
func TestTooManyConnections(t *testing.T) {
	var log logbook
	s := start(t, func(c *Config, d *Deps) {
		c.MaxConns = 1
		d.Logger = log.logger()
	})
	held := s.dial()
	if _, err := io.WriteString(held, "GET /tasks HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if a := s.readAnswer(held); a.status != http.StatusOK {
		t.Fatalf("the first connection: %d", a.status)
	}
	for range 2 {
		a := s.raw("GET /tasks HTTP/1.1\r\nHost: localhost\r\n\r\n")
		wantProblem(t, a, http.StatusServiceUnavailable, "")
		if a.header.Get("Retry-After") != "1" || a.header.Get("Connection") != "close" {
			t.Errorf("turned away with %v", a.header)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if a := s.raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"); a.status != http.StatusOK {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if n := strings.Count(log.String(), "requests are answered 503"); n != 1 {
		t.Errorf("it is logged %d times:\n%s", n, log.String())
	}
}
