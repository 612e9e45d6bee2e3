package e2e

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/wait/waittest"
)

var (
	backupPairs  = flag.Int("e2e.backup-pairs", 1, "pairs of windows, one without backups and one with, of TestBackupsUnderLoad")
	backupWindow = flag.Duration("e2e.backup-window", 3*time.Second, "length of each of these windows")
)

const backupWriters = 64

// writers change tasks over HTTP as fast as the answers arrive.
type writers struct {
	api      string
	client   *http.Client
	answered atomic.Int64
	last     atomic.Uint64 // the highest position of an answer
}

// writing runs writers until stop is called.
func writing(t *testing.T, api string) (w *writers, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	w = &writers{api: api, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: backupWriters}, Timeout: waittest.Timeout,
	}}
	var all sync.WaitGroup
	for range backupWriters {
		all.Go(func() {
			location := ""
			for n := 0; ctx.Err() == nil; n++ {
				var err error
				if location, err = w.write(n, location); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	stop = sync.OnceFunc(func() { cancel(); all.Wait(); w.client.CloseIdleConnections() })
	t.Cleanup(stop)
	return w, stop
}

// write makes the nth change of a writer: it creates tasks, changes some of them, and
// deletes others. location is the task that it has created last.
func (w *writers) write(n int, location string) (created string, err error) {
	method, path, body := http.MethodPost, "/tasks", fmt.Sprintf(`{"title":"task %d","description":"under load"}`, n)
	switch {
	case location != "" && n%7 == 3:
		method, path, body = http.MethodPatch, location, fmt.Sprintf(`{"title":"changed %d","completed":true}`, n)
	case location != "" && n%7 == 5:
		method, path, body = http.MethodDelete, location, ""
	}
	req, err := http.NewRequest(method, w.api+path, bytes.NewBufferString(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := w.client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode >= 300 {
		return "", fmt.Errorf("%s %s: %s, %w", method, path, res.Status, err)
	}
	_, text, _ := strings.Cut(res.Header.Get("Taskctl-Position"), ":")
	seq, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return "", err
	}
	for old := w.last.Load(); seq > old && !w.last.CompareAndSwap(old, seq); old = w.last.Load() {
	}
	w.answered.Add(1)
	switch method {
	case http.MethodPost:
		return "/tasks/" + filepath.Base(res.Header.Get("Location")), nil
	case http.MethodDelete:
		return "", nil
	}
	return location, nil
}

// rate returns the answered writes per second while during runs.
func (w *writers) rate(during func(ctx context.Context)) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), *backupWindow)
	defer cancel()
	began, before := time.Now(), w.answered.Load()
	during(ctx)
	return float64(w.answered.Load()-before) / time.Since(began).Seconds()
}

var backedUp = regexp.MustCompile(`backed up and verified: .*, position ([0-9a-f]+:(\d+)),`)

// backups backs up every second until ctx ends, at least once, and adds each file and
// its position to made. Each contains every write that was acknowledged before it
// began.
func (w *writers) backups(t *testing.T, dir string, made map[string]string) func(ctx context.Context) {
	return func(ctx context.Context) {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for first := true; first || ctx.Err() == nil; first = false {
			file := filepath.Join(dir, fmt.Sprintf("backup-%d.db", len(made)))
			acknowledged := w.last.Load()
			out, errs, code := run(t, dir, "backup", file)
			found := backedUp.FindStringSubmatch(out)
			if code != 0 || found == nil {
				t.Errorf("backup exits %d: %s%s", code, out, errs)
				return
			}
			if seq, _ := strconv.ParseUint(found[2], 10, 64); seq < acknowledged {
				t.Errorf("%s ends at %d, and %d was acknowledged before it began", file, seq, acknowledged)
			}
			made[file] = found[1]
			select {
			case <-second.C:
			case <-ctx.Done():
			}
		}
	}
}

// TestBackupsUnderLoad backs up every second while 64 clients write. Each backup opens,
// passes SQLite's check, and holds exactly the events up to its position. With
// -e2e.backup-pairs=15 -e2e.backup-window=4s it makes backups for a minute, and logs
// their cost for the writers as a ratio.
func TestBackupsUnderLoad(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import sqlite3").Run(); err != nil {
		t.Skipf("no %s with sqlite3 here, which checks the backups: %v", python, err)
	}
	dir := e2etest.Dir(t)
	writeSettings(t, dir, "events: {max: 100000000}") // a long run makes more than are kept by default
	startedIn(t, dir, "--no-test-task")
	w, stop := writing(t, statusOf(t, dir).API)
	w.rate(func(ctx context.Context) { <-ctx.Done() }) // until the rate is steady
	made := map[string]string{}
	var without, with float64
	for range *backupPairs {
		without += w.rate(func(ctx context.Context) { <-ctx.Done() })
		with += w.rate(w.backups(t, dir, made))
	}
	stop()
	pairs := float64(*backupPairs)
	t.Logf("%d backups; writes per second: %.0f without, %.0f with; ratio %.3f", len(made), without/pairs, with/pairs, with/without)
	run(t, dir, "stop")

	args := []string{"testdata/check_backup.py", filepath.Join(dir, "data", "taskctl.db")}
	for file, position := range made {
		args = append(args, file+"="+position)
	}
	if out, err := exec.Command(python, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if len(made) == 0 {
		t.Error("nothing was backed up")
	}
}
