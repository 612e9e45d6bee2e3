package listen

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestOpenLocalhostPicksOnePortForBothFamilies(t *testing.T) {
	set, err := new(Inherited).Open("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	_, want, _ := net.SplitHostPort(set.Addr)
	for _, l := range set.Listeners {
		if _, port, _ := net.SplitHostPort(l.Addr().String()); port != want {
			t.Errorf("%s listens on port %s, want %s", l.Addr(), port, want)
		}
	}
	if len(set.Listeners)+len(set.Warnings) != 2 {
		t.Errorf("got %d listeners and warnings %q, want one or the other for each family", len(set.Listeners), set.Warnings)
	}
}

func TestOpenTakenPort(t *testing.T) {
	for _, family := range []struct{ network, host string }{{"tcp4", "127.0.0.1"}, {"tcp6", "[::1]"}} {
		t.Run(family.network, func(t *testing.T) {
			holder, err := net.Listen(family.network, family.host+":0")
			if err != nil {
				t.Skipf("no %s here: %v", family.host, err)
			}
			defer holder.Close()
			_, port, _ := net.SplitHostPort(holder.Addr().String())
			_, err = new(Inherited).Open("localhost:" + port)
			var busy *BusyError
			if !errors.As(err, &busy) || busy.Addr != family.host+":"+port {
				t.Fatalf("Open: %v, want a BusyError for %s:%s", err, family.host, port)
			}
		})
	}
}

func TestOpenBadAddress(t *testing.T) {
	for _, addr := range []string{"", "localhost", "localhost:nope", "localhost:70000", "256.0.0.1:0"} {
		if set, err := new(Inherited).Open(addr); err == nil {
			t.Errorf("Open(%q) bound %s", addr, set.Addr)
			set.Close()
		}
	}
}

func TestPassedSocketsAreUsed(t *testing.T) {
	inherited, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inherited.Close()
	_, port, _ := net.SplitHostPort(inherited.Addr().String())
	p := &Inherited{listeners: []net.Listener{inherited}}
	for range 2 { // a failed component is restarted later
		for _, addr := range []string{"127.0.0.1:" + port, "localhost:" + port} {
			set, err := p.Open(addr)
			if err != nil {
				t.Fatalf("open %s beside the inherited socket: %v", addr, err)
			}
			if got := set.Listeners[0].Addr().String(); got != inherited.Addr().String() || !strings.HasSuffix(set.Addr, port) {
				t.Errorf("%s listens at %s as %s", addr, got, set.Addr)
			}
			if err := set.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if set, err := p.Open("127.0.0.1:0"); err != nil || strings.HasSuffix(set.Addr, ":"+port) {
		t.Errorf("a free port: %+v, %v", set, err)
	} else {
		set.Close()
	}
	if set, err := new(Inherited).Open("127.0.0.1:" + port); err == nil {
		set.Close()
		t.Error("the inherited socket was closed")
	}
}

// start runs a server on its own socket and returns its URL and a function that
// waits for Run's end.
func start(t *testing.T, ctx context.Context, s *Server, handler http.HandlerFunc) (url string, wait func() error) {
	t.Helper()
	return startPool(t, ctx, s, handler, nil)
}

// startPool is start with a limit of its own; nil: the machine's.
func startPool(t *testing.T, ctx context.Context, s *Server, handler http.HandlerFunc, limit *capacity) (url string, wait func() error) {
	t.Helper()
	set, err := new(Inherited).Open("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if s.HTTP == nil {
		s.HTTP = new(http.Server)
	}
	s.HTTP.Handler = handler
	s.Listeners = set.Listeners
	if s.DrainTimeout == 0 {
		s.DrainTimeout = 5 * time.Second
	}
	conns := s.newPool()
	if limit != nil {
		conns.limit = *limit
	}
	done := make(chan error, 1)
	go func() { done <- s.run(ctx, conns) }()
	return "http://" + set.Addr, func() error { return <-done }
}

func TestRequestInFlightIsFinished(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	entered, release := make(chan struct{}), make(chan struct{})
	url, wait := start(t, ctx, &Server{}, func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		io.WriteString(w, "whole")
	})
	body := make(chan string, 1)
	go func() {
		res, err := http.Get(url)
		if err != nil {
			body <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		body <- string(b)
	}()
	<-entered
	cancel()
	close(release)
	if got := <-body; got != "whole" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := wait(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestSilentConnectionDoesNotHoldUpTheStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{}, 1)
	url, wait := start(t, ctx, &Server{DrainTimeout: time.Minute}, func(http.ResponseWriter, *http.Request) { served <- struct{}{} })
	silent, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	// A request behind it in the queue: when that is answered, the silent one is accepted.
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	<-served
	cancel()
	if err := wait(); err != nil {
		t.Errorf("Run: %v, want the silent connection cut long before the drain's deadline", err)
	}
}

func TestRetiredServerHandsOver(t *testing.T) {
	set, err := new(Inherited).Open("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	files, err := set.Files()
	if err != nil {
		t.Skipf("no handing over of sockets here: %v", err)
	}
	inherit := func() []net.Listener {
		l, err := net.FileListener(files[0])
		if err != nil {
			t.Fatal(err)
		}
		return []net.Listener{l}
	}
	defer files[0].Close()
	generation := func(name string, gate Gate) (wait func() error) {
		s := &Server{
			HTTP:      &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, name) })},
			Listeners: inherit(), Gate: gate, Grace: time.Millisecond, DrainTimeout: 5 * time.Second,
		}
		done := make(chan error, 1)
		go func() { done <- s.Run(t.Context()) }()
		return func() error { return <-done }
	}
	get := func() string {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := client.Get("http://" + set.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return string(b)
	}

	retire, accept := make(chan struct{}), make(chan struct{})
	waitOld := generation("old", Gate{Retire: retire})
	generation("new", Gate{Accept: accept})
	if got := get(); got != "old" {
		t.Fatalf("before the handover: %q", got)
	}
	close(retire)
	if err := waitOld(); err != nil {
		t.Fatal(err)
	}
	close(accept)
	if got := get(); got != "new" {
		t.Fatalf("after the handover: %q", got)
	}
}

// TestRetiredServerKeepsIdleConnections has connections that are idle, or have not been
// used at all, when the server retires: their next request is answered as the last, and
// when they are closed the server ends, long before its grace is over.
func TestRetiredServerKeepsIdleConnections(t *testing.T) {
	retire := make(chan struct{})
	drained := make(chan struct{})
	url, wait := start(t, t.Context(), &Server{
		Gate: Gate{Retire: retire}, Grace: time.Hour,
		Drain: func(context.Context, StopCause) { close(drained) },
	}, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "answered") })
	used, unused := dial(t, url), dial(t, url)
	if res := used.ask(); res.Close {
		t.Error("told to be the last before the server retires")
	}
	behind := dial(t, url) // when this one is answered, the unused one has been accepted
	behind.ask()
	behind.Close()
	close(retire)
	<-drained
	for _, c := range []*testConn{used, unused} {
		if res := c.ask(); res.StatusCode != http.StatusOK || !res.Close {
			t.Errorf("%s, close %v; want an answer, and to be told that it is the last", res.Status, res.Close)
		}
	}
	if err := wait(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestGraceEnds(t *testing.T) {
	t.Run("after its time", func(t *testing.T) {
		retire := make(chan struct{})
		url, wait := start(t, t.Context(), &Server{Gate: Gate{Retire: retire}, Grace: time.Millisecond}, func(http.ResponseWriter, *http.Request) {})
		dial(t, url).ask()
		close(retire)
		if err := wait(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Run("at a stop", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		retire := make(chan struct{})
		url, wait := start(t, ctx, &Server{Gate: Gate{Retire: retire}, Grace: time.Hour}, func(http.ResponseWriter, *http.Request) {})
		dial(t, url).ask()
		close(retire)
		stop()
		if err := wait(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// testConn is a client's connection, used by hand.
type testConn struct {
	net.Conn
	t    *testing.T
	from *bufio.Reader
}

func dial(t *testing.T, url string) *testConn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &testConn{Conn: c, t: t, from: bufio.NewReader(c)}
}

func (c *testConn) ask() *http.Response {
	c.t.Helper()
	res, _ := c.read()
	return res
}

// read asks, and returns the body too.
func (c *testConn) read() (res *http.Response, body string) {
	c.t.Helper()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	res, err := http.ReadResponse(c.from, nil)
	if err != nil {
		c.t.Fatalf("the request was lost: %v", err)
	}
	text, _ := io.ReadAll(res.Body)
	if res.Close {
		c.Close()
	}
	return res, string(text)
}
