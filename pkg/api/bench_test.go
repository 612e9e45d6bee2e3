package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"taskctl/pkg/task"
)

const benchBody = `{"title":"Prueba WebSocket","description":"Tarea para probar notificaciones"}`

// BenchmarkHandler measures the handlers without a socket: it includes only the api and
// the store.
func BenchmarkHandler(b *testing.B) {
	s := start(b)
	var id string
	for range 100 {
		made, _ := s.create("Prueba WebSocket")
		id = made.ID
	}
	for _, bench := range []struct{ name, method, path, body string }{
		{"post", http.MethodPost, "/tasks", benchBody},
		{"patch_nothing", http.MethodPatch, "/tasks/" + id, `{}`},
		{"get", http.MethodGet, "/tasks/" + id, ""},
		{"page", http.MethodGet, "/tasks?limit=100", ""},
		{"healthz", http.MethodGet, "/healthz", ""},
		{"not_found", http.MethodGet, "/tasks/1", ""},
	} {
		b.Run(bench.name, func(b *testing.B) {
			r := httptest.NewRequest(bench.method, "http://localhost"+bench.path, nil)
			if bench.body != "" {
				r.Header.Set("Content-Type", "application/json")
				r.ContentLength = int64(len(bench.body))
			}
			w := &discard{header: http.Header{}}
			body := bytes.NewReader(nil)
			r.Body = io.NopCloser(body)
			b.ReportAllocs()
			for b.Loop() {
				body.Reset([]byte(bench.body))
				clear(w.header)
				s.server.ServeHTTP(w, r)
			}
		})
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkSocket measures whole requests over loopback, beside a bare echo of
// JSON by net/http: what counts is the ratio of the two in one run.
func BenchmarkSocket(b *testing.B) {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var value map[string]any
		if err := json.NewDecoder(r.Body).Decode(&value); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value)
	}))
	b.Cleanup(echo.Close)
	s := start(b)
	made, _ := s.create("Prueba WebSocket")
	post := func(path string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(benchBody), benchBody)
	}
	get := fmt.Sprintf("GET /tasks/%s HTTP/1.1\r\nHost: localhost\r\n\r\n", made.ID)
	for _, conns := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("echo/%d", conns), func(b *testing.B) { load(b, echo.Listener.Addr().String(), post("/"), conns) })
		b.Run(fmt.Sprintf("get/%d", conns), func(b *testing.B) { load(b, s.server.Addr(), get, conns) })
		b.Run(fmt.Sprintf("post/%d", conns), func(b *testing.B) { load(b, s.server.Addr(), post("/tasks"), conns) })
	}
}

// load sends the request b.N times over so many connections. Its client does as little
// work as possible.
func load(b *testing.B, addr, request string, conns int) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range conns {
		wg.Go(func() {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			reader := bufio.NewReader(conn)
			for left.Add(-1) >= 0 {
				if _, err := io.WriteString(conn, request); err != nil {
					b.Error(err)
					return
				}
				if err := skipAnswer(reader); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

func skipAnswer(r *bufio.Reader) error {
	length := 0
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 20")) {
			return fmt.Errorf("answer %q", line)
		}
		if len(line) <= 2 {
			_, err := r.Discard(length)
			return err
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(string(value))); err != nil {
				return err
			}
		}
	}
}

// BenchmarkDecode measures reading one request body.
func BenchmarkDecode(b *testing.B) {
	sc := new(scratch)
	for name, kind := range map[string]task.ChangeKind{benchBody: task.Create, `{"completed":true}`: task.Merge} {
		b.Run(fmt.Sprintf("%d_bytes", len(name)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sc.body = append(sc.body[:0], name...)
				if _, err := sc.decode(kind, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
