//go:build linux

package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"taskctl/pkg/task"
)

// noticeTime is how long it may take to notice changed files.
const noticeTime = 2 * time.Second

// TestFiles changes the database files of a running system while it is written to.
// No write that was acknowledged may be lost without a new epoch, of which
// every client is told, or a stop that says why.
func TestFiles(t *testing.T) {
	if *store != "sqlite" {
		t.Skip("the store has no files here")
	}
	chosen := *seed
	if chosen == 0 {
		chosen = uint64(time.Now().UnixNano())
	}
	t.Logf("once more: go test ./cmd/taskctl/chaos -count=1 -v -run=TestFiles -chaos.duration=%v -chaos.seed=%d", *duration, chosen)
	root, err := os.MkdirTemp("", "taskctl-files-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("everything is kept in %s", root)
		} else {
			_ = os.RemoveAll(root)
		}
	})
	s := openSystem(t, root, func(*system) {})
	r := openFilesRun(t, s, chosen)
	for end := time.Now().Add(*duration); time.Now().Before(end) && !t.Failed(); {
		r.round(t)
	}
	r.close()
	s.stop(t)
	t.Logf("%d writes acknowledged, %d of them gone with a reset; %d stops that said why\n%s",
		len(r.ledger.writes), r.excused, r.stops, strings.Join(r.log, "\n"))
}

// filesRun is a run of TestFiles.
type filesRun struct {
	system  *system
	random  *rand.Rand
	files   *files
	ledger  *ledger
	watcher []*watcher
	stop    context.CancelFunc
	running sync.WaitGroup

	harmed  time.Time // when the files were last changed
	excused int
	stops   int
	log     []string
}

func openFilesRun(t *testing.T, s *system, seed uint64) *filesRun {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	random := rand.New(rand.NewPCG(seed, 2))
	r := &filesRun{
		system: s, random: random, stop: cancel, ledger: &ledger{http: newHTTP(t, 5*time.Second), url: s.apiURL + "/tasks"},
		files: &files{random: random, db: filepath.Join(s.dir, "data", "taskctl.db"), old: filepath.Join(s.root, "old")},
	}
	if err := os.Mkdir(r.files.old, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w := newWatcher("ws://" + s.wsserver.addr())
		r.watcher = append(r.watcher, w)
		r.running.Go(func() { w.run(ctx) })
	}
	for range 4 {
		r.running.Go(func() { r.ledger.run(ctx) })
	}
	t.Cleanup(r.close)
	return r
}

func (r *filesRun) close() {
	r.stop()
	r.running.Wait()
}

// round harms the files once, perhaps with a kill, and checks the database when the
// system works again.
func (r *filesRun) round(t *testing.T) {
	t.Helper()
	r.awaitWrites(t, 50+r.random.IntN(800))
	if err := r.files.save(); err != nil {
		t.Fatal(err)
	}
	r.awaitWrites(t, r.random.IntN(800))
	victim := []string{"", "", "api", "wsserver"}[r.random.IntN(4)]
	first := r.random.IntN(2) == 0
	kill := func() {
		for _, p := range components(r.system.dir, victim) {
			if victim != "" {
				_ = p.Kill()
			}
		}
	}
	r.harmed = time.Now()
	if first {
		kill()
	}
	what, err := r.files.harm(t.Context())
	if err != nil && !errors.Is(err, os.ErrNotExist) { // missing while it starts
		t.Fatalf("%s: %v", what, err)
	}
	if !first {
		kill()
	}
	r.log = append(r.log, fmt.Sprintf("%s %s, kill %q first %v", r.harmed.UTC().Format("15:04:05.000"), what, victim, first))
	pause(t.Context(), noticeTime-time.Since(r.harmed)) // the promise holds after this time
	r.settle(t)
	r.check(t)
	if t.Failed() {
		t.Logf("the last harms:\n%s", strings.Join(r.log[max(0, len(r.log)-4):], "\n"))
	}
}

// settle waits until writes are acknowledged again. If the database can no longer be
// opened, the system must say so; then settle removes the database.
func (r *filesRun) settle(t *testing.T) {
	t.Helper()
	after := r.harmed
	for deadline := time.Now().Add(quietTimeout); time.Now().Before(deadline); pause(t.Context(), 20*time.Millisecond) {
		if r.ledger.since(r.harmed.Add(noticeTime)) > 0 {
			return
		}
		if said := r.reason(t, after); said != "" {
			r.stops++
			after = time.Now()
			r.log = append(r.log, "    "+said)
			// A component that works may have the files open: this harms it, too.
			r.harmed = time.Now()
			if err := r.files.clear(); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Fatalf("no write is acknowledged %v after %s", quietTimeout, r.log[len(r.log)-1])
}

// reason returns the system's message, after a given time, about a database that it
// cannot open.
func (r *filesRun) reason(t *testing.T, after time.Time) string {
	t.Helper()
	for _, name := range []string{"api", "wsserver"} {
		log, err := os.ReadFile(filepath.Join(r.system.dir, "logs", name+".log"))
		if err != nil {
			continue
		}
		lines := strings.Split(string(log), "\n")
		for _, line := range lines[max(0, len(lines)-20):] {
			stamp, text, _ := strings.Cut(line, " ")
			at, err := time.Parse(time.RFC3339Nano, stamp)
			if err == nil && at.After(after) && strings.Contains(text, r.files.db) && unusable(text) {
				return line
			}
		}
	}
	return ""
}

// unusable reports whether a message ends a start.
func unusable(text string) bool {
	return strings.Contains(text, "is damaged") || strings.Contains(text, "is not a taskctl database") || strings.Contains(text, "cannot be used")
}

// check compares the acknowledged writes with the database.
func (r *filesRun) check(t *testing.T) {
	t.Helper()
	writes := r.ledger.all()
	log, epoch, err := r.read(t)
	if err != nil {
		t.Fatal(err)
	}
	for i := range writes {
		w := &writes[i]
		switch {
		case w.position.Epoch == epoch:
			if log[w.position.Seq] != w.title {
				t.Errorf("the write of %s, acknowledged at %s as %s, is lost: event %d is %q, and the epoch is the same",
					w.title, w.at.UTC().Format("15:04:05.000"), w.position, w.position.Seq, log[w.position.Seq])
				return
			}
		case w.at.After(r.harmed.Add(noticeTime)):
			t.Errorf("the write of %s was acknowledged %v after the files had changed, as %s, and the epoch is %s",
				w.title, w.at.Sub(r.harmed), w.position, epoch)
			return
		default: // lost together with its epoch
			r.excused++
		}
	}
	r.ledger.forget(epoch, len(writes))
	last := writes[len(writes)-1]
	for _, w := range r.watcher {
		if err := w.check(last.position, log); err != nil {
			t.Errorf("%v; its messages:\n%s", err, strings.Join(w.recent(), "\n"))
		}
	}
}

// read returns the titles of all events, by seq.
func (r *filesRun) read(t *testing.T) (map[uint64]string, string, error) {
	t.Helper()
	log := make(map[uint64]string)
	for since := "0"; ; {
		var page struct {
			Events []message `json:"events"`
			Seq    uint64    `json:"seq"`
			Epoch  string    `json:"epoch"`
		}
		res, err := get(t.Context(), r.system.http, r.system.apiURL+"/events?limit=1000&since="+since, nil)
		if err != nil {
			return nil, "", err
		}
		body, err := io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
			return nil, "", fmt.Errorf("GET /events since %s: %s: %w: %.300s", since, res.Status, err, body)
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, "", err
		}
		for _, e := range page.Events {
			log[e.Seq] = titleOf(e.Task)
		}
		if len(page.Events) == 0 {
			return log, page.Epoch, nil
		}
		since = task.Position{Epoch: page.Epoch, Seq: page.Events[len(page.Events)-1].Seq}.String()
	}
}

func titleOf(raw json.RawMessage) string {
	var body taskBody
	_ = json.Unmarshal(raw, &body) // an empty title is not a title of this test
	return body.Title
}

func (r *filesRun) awaitWrites(t *testing.T, n int) {
	t.Helper()
	goal := r.ledger.count() + n
	for deadline := time.Now().Add(quietTimeout); r.ledger.count() < goal; pause(t.Context(), 5*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("fewer than %d writes in %v", n, quietTimeout)
		}
	}
}
