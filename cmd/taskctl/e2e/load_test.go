package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/wait/waittest"
)

const (
	loadRate    = 200 // requests a second, half of them on new connections
	keptClients = 10  // connections that are kept alive
)

// failure is a request without a good answer at the first attempt.
type failure struct {
	connected, ended time.Time // connected: when the connection was made, possibly for an earlier request
	err              error
}

var errRetried = errors.New("sent a second time by the HTTP client")

// load is a steady stream of requests to the api. Every other one writes.
type load struct {
	api  string
	ctx  context.Context
	wg   sync.WaitGroup
	stop context.CancelFunc

	mu       sync.Mutex
	answered int
	failures []failure
}

// underLoad puts the api under load until end is called.
func underLoad(t *testing.T, api string) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{api: api, ctx: ctx, stop: stop}
	t.Cleanup(func() { stop(); l.wg.Wait() })
	for i := range keptClients {
		kept := clientWith(&http.Transport{MaxIdleConnsPerHost: 1})
		l.every(keptClients*2*time.Second/loadRate, i, func(n int) { l.request(kept, n) })
	}
	fresh := clientWith(&http.Transport{DisableKeepAlives: true})
	l.every(2*time.Second/loadRate, 0, func(n int) {
		l.wg.Go(func() { l.request(fresh, n) }) // a waiting client does not delay the next one
	})
	return l
}

// clientWith is an HTTP client whose connections record their start time.
func clientWith(transport *http.Transport) *http.Client {
	var dialer net.Dialer
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, addr)
		return datedConn{conn, time.Now()}, err
	}
	return &http.Client{Transport: transport, Timeout: waittest.Timeout}
}

type datedConn struct {
	net.Conn
	made time.Time
}

// every calls f at a steady rate until the load ends, with a rising number.
func (l *load) every(pace time.Duration, first int, f func(n int)) {
	l.wg.Go(func() {
		ticker := time.NewTicker(pace)
		defer ticker.Stop()
		for n := first; ; n++ {
			select {
			case <-ticker.C:
				f(n)
			case <-l.ctx.Done():
				return
			}
		}
	})
}

func (l *load) request(client *http.Client, n int) {
	var f failure
	var retried error
	// Not cancelled with the load, because every request must be answered.
	ctx := httptrace.WithClientTrace(context.WithoutCancel(l.ctx), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if !f.connected.IsZero() {
				retried = errRetried
				return
			}
			f.connected = info.Conn.(datedConn).made
		},
	})
	method, path, body := http.MethodGet, "/tasks?limit=1", ""
	if n%2 == 0 {
		method, path, body = http.MethodPost, "/tasks", fmt.Sprintf(`{"title":"load %d"}`, n)
	}
	req, err := http.NewRequestWithContext(ctx, method, l.api+path, bytes.NewBufferString(body))
	if err != nil {
		panic(err) // the address is a URL
	}
	req.Header.Set("Content-Type", "application/json")
	f.err = errors.Join(answer(client, req), retried)
	f.ended = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.err != nil {
		l.failures = append(l.failures, f)
	} else {
		l.answered++
	}
}

// answer reports anything but a whole answer with a status of success.
func answer(client *http.Client, req *http.Request) error {
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return errors.New(res.Status)
	}
	return nil
}

// end stops the load and waits for open answers.
func (l *load) end(t *testing.T) (answered int, failures []failure) {
	t.Helper()
	l.stop()
	l.wg.Wait()
	if l.answered == 0 {
		t.Error("the load was no load: nothing was answered")
	}
	return l.answered, l.failures
}

// reach waits until the given number of further requests is answered.
func (l *load) reach(t *testing.T, more int) {
	t.Helper()
	count := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.answered
	}
	aim := count() + more
	waittest.For(t, fmt.Sprintf("%d more answers", more), func() bool { return count() >= aim })
}

// death is the time span in which a process that served the load was killed.
type death struct{ killed, gone time.Time }

// lost returns the failures that no death explains: only a connection from before a
// death may fail with its process.
func lost(failures []failure, deaths []death) []failure {
	return slices.DeleteFunc(slices.Clone(failures), func(f failure) bool {
		return !errors.Is(f.err, syscall.ECONNREFUSED) && slices.ContainsFunc(deaths, func(d death) bool {
			return !f.connected.IsZero() && f.connected.Before(d.gone) && f.ended.After(d.killed)
		})
	})
}

func report(t *testing.T, all []failure) {
	t.Helper()
	for i, f := range all {
		if i == 5 {
			break
		}
		t.Logf("connected %v before it failed: %v", f.ended.Sub(f.connected), f.err)
	}
}
