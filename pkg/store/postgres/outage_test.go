//go:build unix

package postgres

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
)

// timeout bounds every wait of a test.
const timeout = 30 * time.Second

func newTask(t testing.TB, title string) task.Change {
	return task.Change{Kind: task.Create, ID: storetest.NewID(t), Patch: storetest.Values(title, "", false)}
}

// eventually repeats do until it succeeds.
func eventually(t testing.TB, what string, do func() error) {
	t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(timeout); ; <-ticker.C {
		err := do()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// TestOutage kills the server under load, again and again: acknowledged writes exist,
// once and in order, all others were refused as unavailable, and the store serves
// within a second after the server is back.
func TestOutage(t *testing.T) {
	server := postgrestest.Start(t, "fsync = on")
	s := open(t, Options{URL: server.Database(t)})
	acknowledged := sync.Map{}
	var count atomic.Int64
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r, err := s.Write(t.Context(), newTask(t, "x"))
				switch {
				case err == nil:
					if _, twice := acknowledged.LoadOrStore(r.Position.Seq, r.Task.ID); twice {
						t.Errorf("event %d was acknowledged twice", r.Position.Seq)
					}
					count.Add(1)
				case !errors.Is(err, task.ErrUnavailable):
					t.Errorf("Write: %v", err)
				}
			}
		})
	}
	for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL, syscall.SIGINT} {
		seen := count.Load()
		eventually(t, "writes", func() error {
			if count.Load() < seen+50 {
				return errors.New("too few")
			}
			return nil
		})
		server.Stop(signal)
		eventually(t, "writes are refused", func() error {
			if _, err := s.Write(t.Context(), newTask(t, "x")); !errors.Is(err, task.ErrUnavailable) {
				return errors.New("a write succeeded")
			}
			if _, _, err := s.Bounds(t.Context()); !errors.Is(err, task.ErrUnavailable) {
				t.Errorf("Bounds: %v", err)
			}
			return s.awayError()
		})
		server.Start(t)
		back := time.Now()
		eventually(t, "the store serves again", func() error {
			_, err := s.Write(t.Context(), newTask(t, "x"))
			return err
		})
		if took := time.Since(back); took > time.Second {
			t.Errorf("the store served %v after the server", took)
		}
	}
	close(stop)
	writers.Wait()
	checkAcknowledged(t, s, &acknowledged)
}

// awayError is an error while the writer does not know that the server is away.
func (s *Store) awayError() error {
	if s.Stats().WriterUp {
		return errors.New("the writer is up")
	}
	return nil
}

// checkAcknowledged reads the whole log: it is dense, and has what was acknowledged.
func checkAcknowledged(t *testing.T, s *Store, acknowledged *sync.Map) {
	t.Helper()
	at := task.Position{}
	ids := map[uint64]string{}
	for {
		events, end, err := s.Read(t.Context(), at, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Seq != at.Seq+1 {
				t.Fatalf("event %d follows %d", e.Seq, at.Seq)
			}
			at.Seq = e.Seq
			ids[e.Seq] = e.TaskID
		}
		if at.Seq == end.Seq {
			break
		}
	}
	acknowledged.Range(func(seq, id any) bool {
		if ids[seq.(uint64)] != id {
			t.Errorf("event %d was acknowledged for %s, and is of %q", seq, id, ids[seq.(uint64)])
		}
		return true
	})
}

// proxy forwards TCP connections to a server's socket, and can lose its answers.
type proxy struct {
	net.Listener
	socket  string
	lose    atomic.Int64                          // how many answers from now the one comes that is lost with its connection
	tls     atomic.Pointer[tls.Config]            // of the clients' side; nil: no TLS
	edit    atomic.Pointer[func(b []byte) []byte] // changes what the server says; nil: it stays
	mu      sync.Mutex
	clients []net.Conn
}

func newProxy(t testing.TB, server *postgrestest.Server) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, socket: server.Socket()}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.clients = append(p.clients, client)
			p.mu.Unlock()
			running.Go(func() { p.forward(client) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		running.Wait()
	})
	return p
}

// cut ends every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.clients {
		_ = c.Close()
	}
	p.clients = nil
}

func (p *proxy) forward(client net.Conn) {
	defer client.Close()
	if config := p.tls.Load(); config != nil {
		// The client asks for TLS by a message of eight bytes; S accepts.
		if _, err := io.ReadFull(client, make([]byte, 8)); err != nil {
			return
		}
		if _, err := client.Write([]byte("S")); err != nil {
			return
		}
		client = tls.Server(client, config)
	}
	server, err := net.Dial("unix", p.socket)
	if err != nil {
		return
	}
	defer server.Close()
	var there sync.WaitGroup
	there.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	buf := make([]byte, 32<<10)
	for {
		n, err := server.Read(buf)
		if err != nil || p.lose.Load() > 0 && p.lose.Add(-1) == 0 {
			break
		}
		said := buf[:n]
		if edit := p.edit.Load(); edit != nil {
			said = (*edit)(said)
		}
		if _, err := client.Write(said); err != nil {
			break
		}
	}
	_ = client.Close()
	there.Wait()
}

// url is the URL of a server's database, through the proxy.
func (p *proxy) url(t testing.TB, direct string) string {
	t.Helper()
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = p.Addr().String(), "sslmode=disable"
	return u.String()
}

// published collects what a store publishes.
type published struct {
	mu     sync.Mutex
	events []task.Event
}

func (p *published) Publish(_ string, events []task.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, events...)
}

func (p *published) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.events)
}

// TestLostAnswer loses the answer to a commit that happened. With a key the write
// is looked up and answered as it was; without one it is refused as uncertain, and
// never published.
func TestLostAnswer(t *testing.T) {
	server := postgrestest.Start(t)
	direct := server.Database(t)
	for name, test := range map[string]struct {
		change task.Change
		merge  bool
	}{
		"a new task":            {change: newTask(t, "x")},
		"a new task with a key": {change: keyed(newTask(t, "x"), "new")},
		"a change":              {merge: true},
		"a change with a key":   {change: keyed(task.Change{}, "merge"), merge: true},
	} {
		t.Run(name, func(t *testing.T) {
			p, out := newProxy(t, server), new(published)
			s := open(t, Options{URL: p.url(t, direct), Publisher: out})
			before, err := s.Write(t.Context(), newTask(t, "before"))
			if err != nil {
				t.Fatal(err)
			}
			change := test.change
			// Of two round trips the second commits. Everything is prepared already.
			answers := int64(1)
			if test.merge {
				title, warmUp := "after", "warm-up"
				change.Kind, change.ID, change.Patch = task.Merge, before.Task.ID, task.Patch{Title: &title}
				answers = 2
				c := change
				c.Patch, c.Key.Key = task.Patch{Title: &warmUp}, warmUp+c.Key.Key
				if _, err := s.Write(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			seq, told := head(t, s).Seq, out.count()
			p.lose.Store(answers)
			got, err := s.Write(t.Context(), change)
			switch {
			case change.Key.Key != "" && (err != nil || got.Position.Seq != seq+1 || !got.Changed):
				t.Errorf("answered %+v, %v", got, err)
			case change.Key.Key == "" && !errors.Is(err, errUncertain):
				t.Errorf("answered %+v, %v", got, err)
			}
			if out.count() != told {
				t.Error("published what was not known to be committed")
			}
			if at := head(t, s); at.Seq != seq+1 {
				t.Errorf("the log stands at %s", at)
			}
		})
	}
}

func keyed(c task.Change, key string) task.Change {
	c.Key = task.IdempotencyKey{Key: key, Fingerprint: [32]byte{1}}
	return c
}

// TestCutConnections cuts every connection while it is idle: the next read and the
// next write succeed on new ones.
func TestCutConnections(t *testing.T) {
	server := postgrestest.Start(t)
	p := newProxy(t, server)
	s := open(t, Options{URL: p.url(t, server.Database(t))})
	if _, err := s.Write(t.Context(), newTask(t, "x")); err != nil {
		t.Fatal(err)
	}
	head(t, s)
	p.cut()
	head(t, s)
	eventually(t, "a write", func() error { _, err := s.Write(t.Context(), newTask(t, "x")); return err })
}
