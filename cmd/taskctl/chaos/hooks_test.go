//go:build linux

package chaos

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"taskctl/pkg/checkpoint"
	"taskctl/pkg/wait/waittest"
)

var hookKey = []byte("a key of the chaos test, 32 byte")

// hookReceiver is the receiver of one hook.
type hookReceiver struct {
	name   string
	server *httptest.Server
	random *rand.Rand
	fails  int           // one request in so many is answered 503; 0: none
	delay  time.Duration // before an answer

	mu       sync.Mutex // guards the recorder and random
	recorder *recorder
	arrivals atomic.Int64
}

// openHooks starts three receivers and writes the settings that attach them: one is
// quick, one fails from time to time, and one is slow.
func openHooks(t testing.TB, s *system, seed uint64) []*hookReceiver {
	t.Helper()
	all := []*hookReceiver{{name: "quick"}, {name: "flaky", fails: 400}, {name: "slow", delay: 2 * time.Millisecond}}
	settings := "hooks:\n"
	for i, r := range all {
		r.recorder = newRecorder(t, s.root, "hook-"+r.name+".record")
		r.random = rand.New(rand.NewPCG(seed, uint64(200+i)))
		r.server = httptest.NewUnstartedServer(r)
		r.server.Config.ErrorLog = log.New(io.Discard, "", 0)
		r.server.Start()
		t.Cleanup(func() { r.server.CloseClientConnections(); r.server.Close() })
		settings += fmt.Sprintf("  - {name: %s, url: %q, secret: whsec_%s, max_attempts: 0, allow_private: [\"127.0.0.1\"]}\n",
			r.name, r.server.URL, base64.StdEncoding.EncodeToString(hookKey))
	}
	if err := os.Mkdir(filepath.Join(s.dir, "configs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "configs", "taskctl.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return all
}

// awaitHooks waits until every hook has its first position: a new hook begins with new
// events, and the test wants them all.
func awaitHooks(t testing.TB, s *system, all []*hookReceiver) {
	t.Helper()
	for _, r := range all {
		waittest.For(t, "the position of the hook "+r.name, func() bool {
			_, found, err := checkpoint.Read(filepath.Join(s.dir, "data", "hooks", r.name+".checkpoint"))
			return found && err == nil
		})
	}
}

func (r *hookReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // its sender was killed
	}
	mac := hmac.New(sha256.New, hookKey)
	fmt.Fprintf(mac, "%s.%s.%s", req.Header.Get("webhook-id"), req.Header.Get("webhook-timestamp"), body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); req.Header.Get("webhook-signature") != want {
		w.WriteHeader(http.StatusUnauthorized) // not delivered, so the check reports it as missing
		return
	}
	m, err := parseMessage(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	failed := r.fails > 0 && r.random.IntN(r.fails) == 0
	if !failed {
		r.recorder.message(body, max(m.Seq, r.recorder.at.Load())) // a killed sender's request may be late
	}
	r.mu.Unlock()
	if failed {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.arrivals.Add(1)
	pause(req.Context(), r.delay) // this receiver is slow on purpose
	w.WriteHeader(http.StatusNoContent)
}

// closeHooks waits until everything has arrived. The receivers' records are then
// complete; the checks report what is missing.
func closeHooks(t testing.TB, all []*hookReceiver, h *history) {
	t.Helper()
	deadline := time.Now().Add(quietTimeout)
	for _, r := range all {
		for r.recorder.at.Load() < h.head() && time.Now().Before(deadline) {
			pause(t.Context(), 20*time.Millisecond)
		}
		r.server.CloseClientConnections()
		r.server.Close()
		if err := r.recorder.close(); err != nil {
			t.Error(err)
		}
	}
}

// hookSummary counts the requests, and those that repeated an event.
func hookSummary(all []*hookReceiver, h *history) string {
	var texts []string
	for _, r := range all {
		texts = append(texts, fmt.Sprintf("%s %d (%d repeats)", r.name, r.arrivals.Load(), max(r.arrivals.Load()-int64(h.head()), 0)))
	}
	return "deliveries of hooks: " + strings.Join(texts, ", ")
}
