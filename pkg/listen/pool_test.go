package listen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// closedByServer waits until the server has closed a connection.
func (c *testConn) closedByServer() {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := c.from.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatalf("the connection is not closed: %v", err)
	}
}

// turnedAway waits for the end of the connection, and reports whether there was a
// response 503 before it.
func (c *testConn) turnedAway() bool {
	res, err := http.ReadResponse(c.from, nil)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err == nil && res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != "" && res.Close
}

func (c *testConn) send(text string) *testConn {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
	return c
}

func sayRefused(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, Refused(r)) }

// Beyond the limit requests are still answered, so that the handler can refuse
// them or report its health, and their connections are closed.
func TestConnectionsBeyondTheLimitAreMarked(t *testing.T) {
	url, _ := start(t, t.Context(), &Server{MaxConns: 1}, sayRefused)
	first := dial(t, url)
	if res, refused := first.read(); refused != "false" || res.Close {
		t.Fatalf("the first connection: refused %s, close %v", refused, res.Close)
	}
	for range 3 {
		if res, refused := dial(t, url).read(); refused != "true" || !res.Close {
			t.Errorf("one more: refused %s, close %v", refused, res.Close)
		}
	}
	if _, refused := first.read(); refused != "false" {
		t.Error("the first connection is refused now")
	}
	first.Close()
	for deadline := time.Now().Add(time.Minute); ; { // the server has to see that it is closed
		if _, refused := dial(t, url).read(); refused == "false" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the free place is not taken")
		}
	}
}

// Connections without a whole request, of whatever kind, are closed for new ones
// and told so; those that have sent one are kept.
func TestPendingConnectionsGiveWay(t *testing.T) {
	for name, sent := range map[string]string{
		"silent":          "",
		"half a header":   "GET / HTTP/1.1\r\nHost: localhost\r\n",
		"one byte":        "G",
		"a TLS handshake": "\x16\x03\x01\x02\x00\x01\x00",
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := startPool(t, t.Context(), new(Server), sayRefused, &capacity{total: 12, established: 4})
			good := dial(t, url)
			good.ask()
			var held []*testConn
			for range 27 {
				held = append(held, dial(t, url).send(sent))
				if _, refused := good.read(); refused != "false" {
					t.Fatal("an established connection is refused")
				}
			}
			ended := make(chan bool, len(held)) // in any order: one whose bytes are unread is skipped
			for _, c := range held {
				go func() { ended <- c.turnedAway() }()
			}
			told := 0
			for range 16 {
				if <-ended {
					told++
				}
			}
			if told < 8 { // a reset, for bytes that come later, may reach the client before it reads
				t.Errorf("%d of 16 connections that were closed were told so", told)
			}
			if _, refused := dial(t, url).read(); refused != "false" {
				t.Error("a new client is refused beside pending connections")
			}
			if _, refused := good.read(); refused != "false" {
				t.Error("an established connection is refused")
			}
		})
	}
}

func TestPendingConnectionsEndAfterTheirTime(t *testing.T) {
	url, _ := start(t, t.Context(), &Server{HTTP: &http.Server{ReadHeaderTimeout: 100 * time.Millisecond}}, sayRefused)
	good := dial(t, url)
	good.ask()
	dial(t, url).closedByServer()
	slow := dial(t, url).send("GET / HTTP/1.1\r\n")
	slow.closedByServer()
	if _, refused := good.read(); refused != "false" {
		t.Error("an established connection is refused")
	}
}

// A hijacked connection keeps its place until it is closed.
func TestHijackedConnectionsCount(t *testing.T) {
	hijacked := make(chan net.Conn, 1)
	url, _ := start(t, t.Context(), &Server{MaxConns: 1}, func(w http.ResponseWriter, r *http.Request) {
		if Refused(r) {
			fmt.Fprint(w, "refused")
			return
		}
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		hijacked <- Slim(c)
	})
	for range 3 {
		client := dial(t, url).send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		c := <-hijacked
		if _, body := dial(t, url).read(); body != "refused" {
			t.Errorf("beside it: %q", body)
		}
		if _, err := io.WriteString(c, "x"); err != nil {
			t.Error(err)
		}
		if b, err := client.from.ReadByte(); b != 'x' || err != nil {
			t.Errorf("the client reads %q, %v", b, err)
		}
		_ = c.Close()
		_ = c.Close()
	}
}

// A request whose body does not arrive is closed for a new connection after a time.
func TestHalfABodyGivesWay(t *testing.T) {
	began := make(chan struct{}, 8)
	url, _ := startPool(t, t.Context(), new(Server), func(w http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		_, _ = io.Copy(io.Discard, r.Body)
		sayRefused(w, r)
	}, &capacity{total: 5, established: 1})
	slow := dial(t, url).send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx")
	<-began
	since := time.Now()
	for {
		_, refused := dial(t, url).read()
		<-began
		if refused == "false" {
			break
		}
		if time.Since(since) > time.Minute {
			t.Fatal("it never gives way")
		}
	}
	if waited := time.Since(since); waited < minReceiving*9/10 {
		t.Errorf("it gave way after %v", waited)
	}
	slow.closedByServer()
}

func TestCapacity(t *testing.T) {
	for _, test := range []struct{ files, total, established int }{
		{20_000, 19_936, 18_912},
		{1024, 960, 832},
		{256, 192, 160},
		{128, 64, 48},
		{50, 17, 1},
	} {
		if got := capacityOf(test.files); got != (capacity{test.total, test.established}) {
			t.Errorf("%d files: %+v", test.files, got)
		}
	}
}

// scarce accepts only the connections that it is given, as if descriptors had run out.
type scarce struct {
	net.Listener
	give      chan net.Conn
	exhausted chan struct{} // closed when descriptors run out
	done      chan struct{}
	once      sync.Once
}

func (l *scarce) Accept() (net.Conn, error) {
	select {
	case c := <-l.give:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-l.exhausted:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
}

func (l *scarce) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// A server without free descriptors does not end. It closes pending connections, and
// reports on the others that it cannot accept.
func TestServerWithoutDescriptorsGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &scarce{give: make(chan net.Conn, 2), exhausted: make(chan struct{}), done: make(chan struct{})}
		near, far := net.Pipe()
		pendingNear, pendingFar := net.Pipe()
		l.give <- near
		server := Server{
			HTTP: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, AcceptError(r))
			})},
			Listeners: []net.Listener{l}, DrainTimeout: time.Second,
		}
		ended := make(chan error, 1)
		ctx, stop := context.WithCancel(t.Context())
		go func() { ended <- server.Run(ctx) }()
		client := &testConn{Conn: far, t: t, from: bufio.NewReader(far)}
		ask := func() string {
			_, body := client.read()
			return body
		}
		if got := ask(); got != "<nil>" {
			t.Errorf("at first: %s", got)
		}
		l.give <- pendingNear
		close(l.exhausted)
		if _, err := pendingFar.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the pending connection is kept: %v", err)
		}
		time.Sleep(maxAcceptFailing + time.Second)
		if got := ask(); !strings.Contains(got, "no connection could be accepted for 5s") || !strings.Contains(got, "too many open files") {
			t.Errorf("after a while: %s", got)
		}
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v", err)
		default:
		}
		_ = far.Close()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("asked to stop, it ended with %v", err)
		}
	})
}
