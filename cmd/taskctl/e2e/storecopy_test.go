//go:build unix

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/client"
	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

// TestStoreCopyInterrupted moves a system to PostgreSQL and back. Each copy is killed on
// its way and repeated. A client that connects to the copy with its position from before
// gets the events after it, and no reset.
func TestStoreCopyInterrupted(t *testing.T) {
	const tasks = 20_000
	server := postgrestest.Start(t)
	url := server.Database(t)
	database := strings.TrimPrefix(url[:strings.Index(url, "?")], "postgres://postgres@/")
	dir := e2etest.Dir(t)
	use := func(store string) {
		writeSettings(t, dir, fmt.Sprintf("store: %s\npostgres: {url: %q}\nstart: {test_task: false}\n", store, url))
	}
	use("sqlite")
	file := filepath.Join(dir, "tasks.jsonl")
	lines, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	taskLines(t, lines, tasks)
	if err := lines.Close(); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := run(t, dir, "import", file); code != 0 {
		t.Fatalf("import exits %d: %s", code, errs)
	}
	system := startedIn(t, dir)
	at, err := task.ParsePosition(create(t, statusOf(t, dir).API, "the client has seen this"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"in SQLite"}
	create(t, statusOf(t, dir).API, want[0])
	system.ctrlC(t)
	system.exit(t)

	for _, move := range []struct {
		to     string
		signal syscall.Signal
		began  func() bool // part of the copy is there
	}{
		{"postgres", syscall.SIGKILL, func() bool {
			return server.Exec(t, database, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'taskctl_copy')") == "t"
		}},
		{"sqlite", syscall.SIGINT, func() bool {
			_, err := os.Stat(filepath.Join(dir, "data", "taskctl.db.copy"))
			return err == nil
		}},
	} {
		if move.to == "sqlite" { // the old source is in its place
			old := filepath.Join(dir, "data", "taskctl.db")
			if _, errs, code := run(t, dir, "store", "copy", "--to", "sqlite"); code != 1 || !strings.Contains(errs, old) {
				t.Errorf("a copy to an existing database exits %d: %s", code, errs)
			}
			for _, suffix := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(old + suffix); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
		}
		copying := piped(t, dir, nil, "store", "copy", "--to", move.to)
		waittest.For(t, "the copy to begin", move.began)
		copying.signal(t, move.signal)
		if code := copying.exit(t); code == 0 {
			t.Errorf("the copy to %s ended before the signal", move.to)
		}
		out, errs, code := run(t, dir, "store", "copy", "--to", move.to)
		if code != 0 || !strings.Contains(out, fmt.Sprint(tasks+len(want)+1)) {
			t.Fatalf("the repeated copy exits %d: %s%s", code, out, errs)
		}
		use(move.to)
		system := startedIn(t, dir)
		s := statusOf(t, dir)
		want = append(want, "after the copy to "+move.to)
		create(t, s.API, want[len(want)-1])
		follow(t, client.Config{BaseURL: s.API, WebSocketURL: s.WebSocket}, at, want)
		system.ctrlC(t)
		system.exit(t)
	}
}

// follow subscribes after a position and checks that the next events are those of new
// tasks with these titles.
func follow(t *testing.T, cfg client.Config, at task.Position, titles []string) {
	t.Helper()
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	i := 0
	for n, err := range c.Subscribe(t.Context(), at, client.SubscribeOptions{}) {
		switch n := n.(type) {
		case client.Reset:
			t.Fatalf("the client is reset: %+v", n)
		case client.Event:
			if n.Task.Title != titles[i] || n.Position.Epoch != at.Epoch || n.Position.Seq != at.Seq+1+uint64(i) {
				t.Fatalf("event %d is %q at %s, want %q after %s", i, n.Task.Title, n.Position, titles[i], at)
			}
			if i++; i == len(titles) {
				return
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// taskLines writes n tasks as export does.
func taskLines(t *testing.T, w io.Writer, n int) {
	t.Helper()
	lines := bufio.NewWriter(w)
	for i := range n {
		fmt.Fprintf(lines, `{"id":"01930000-0000-7000-8000-%012x","title":"task %d","description":"%s","completed":false,"created_at":"2024-01-15T10:00:00.000Z","updated_at":"2024-01-15T10:00:00.000Z"}`+"\n",
			i, i, strings.Repeat("words ", 150))
	}
	if err := lines.Flush(); err != nil {
		t.Fatal(err)
	}
}
