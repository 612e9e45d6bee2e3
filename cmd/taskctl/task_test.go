package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"

	"taskctl/pkg/client"
	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/task"
)

// taskRun is the result of one `taskctl task`.
type taskRun struct {
	code           int
	stdout, stderr string
}

// runTask runs `taskctl task` against an API.
func runTask(t testing.TB, api string, args ...string) taskRun {
	t.Helper()
	p, stdout, stderr := taskProgram(t, api)
	code := p.run(t.Context(), append([]string{"task"}, args...))
	return taskRun{code, stdout.String(), stderr.String()}
}

func taskProgram(t testing.TB, api string) (p *program, stdout, stderr *bytes.Buffer) {
	return newProgram(map[string]string{
		"TASKCTL_DIR": t.TempDir(), "TASKCTL_API_ADDR": strings.TrimPrefix(api, "http://"), "TASKCTL_AUTH_TOKEN": "",
	})
}

// fill makes tasks in a server and returns their ids, newest first.
func fill(t testing.TB, api string, titles ...string) []string {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: api})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	ids := make([]string, len(titles))
	for i, title := range titles {
		answer, err := c.Create(t.Context(), client.Values{Title: title})
		if err != nil {
			t.Fatal(err)
		}
		ids[len(titles)-1-i] = answer.Task.ID
	}
	return ids
}

func numbered(n int) []string {
	titles := make([]string, n)
	for i := range titles {
		titles[i] = fmt.Sprintf("task %d", i)
	}
	return titles
}

func TestTaskListCountsWhatItShows(t *testing.T) {
	server := clienttest.New(t)
	ids := fill(t, server.URL(), numbered(2100)...)
	for _, tt := range []struct {
		flags string
		want  int
	}{
		{"", defaultListed},
		{"-n 1", 1},
		{"--limit 1000", 1000},
		{"--limit 2050", 2050},
		{"--limit 5000", 2100},
		{"--all", 2100},
		{"--all --done", 0},
		{"--all --completed false", 2100},
		{"--all --search task", 2100},
		{"--search nowhere", 0},
	} {
		t.Run(tt.flags, func(t *testing.T) {
			flags := append([]string{"list"}, strings.Fields(tt.flags)...)
			quiet := runTask(t, server.URL(), append(flags, "-q")...)
			want := strings.Join(ids[:tt.want], "\n")
			if tt.want > 0 {
				want += "\n"
			}
			if quiet.code != exitDone || quiet.stdout != want || quiet.stderr != "" {
				t.Errorf("-q: exit %d, %d lines, stderr %q; want the newest %d ids",
					quiet.code, strings.Count(quiet.stdout, "\n"), quiet.stderr, tt.want)
			}
			var tasks []task.Task
			array := runTask(t, server.URL(), append(flags, "--json")...)
			if err := json.Unmarshal([]byte(array.stdout), &tasks); err != nil || len(tasks) != tt.want || tasks == nil {
				t.Errorf("--json: %d tasks, %v; want an array of %d", len(tasks), err, tt.want)
			}
			table := runTask(t, server.URL(), flags...)
			lines := strings.Count(table.stdout, "\n")
			if tt.want > 0 && lines != tt.want+1 || tt.want == 0 && (lines > 0 || table.stderr != "no tasks\n") {
				t.Errorf("table: %d lines, stderr %q; want a heading and %d rows", lines, table.stderr, tt.want)
			}
		})
	}
}

func TestTaskListIsHarmlessAndAligned(t *testing.T) {
	server := clienttest.New(t)
	ids := fill(t, server.URL(), "plain", "tab\there", "two\nlines", "red \x1b[31m text", "back\u202eward \u009b31m", "日本語")
	if done := runTask(t, server.URL(), "done", ids[0], ids[2]); done.code != exitDone {
		t.Fatal(done)
	}
	got := runTask(t, server.URL(), "list", "--lang", "es")
	lines := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
	if len(lines) != len(ids)+1 {
		t.Fatalf("%d lines for %d tasks:\n%s", len(lines), len(ids), got.stdout)
	}
	column := strings.Index(lines[0], "TÍTULO")
	wants := []string{"日本語", `back\u202eward \u009b31m`, "red  text", `two\x0alines`, "tab here", "plain"}
	for i, line := range lines[1:] {
		if strings.ContainsAny(line, "\t\x1b\u202e\u009b") {
			t.Errorf("a terminal would obey %q", line)
		}
		runes := []rune(line)
		if title := string(runes[column:]); title != wants[i] {
			t.Errorf("title %q, want %q at column %d", title, wants[i], column)
		}
		if done := strings.Fields(line)[1]; (done == "sí") != (i == 0 || i == 2) {
			t.Errorf("%q in %q", done, line)
		}
	}
}

func TestTaskListFitsTheTerminal(t *testing.T) {
	server := clienttest.New(t)
	fill(t, server.URL(), strings.Repeat("long ", 40), strings.Repeat("広い", 80), "short")
	for _, width := range []int{30, 59, 60, 80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			terminal, tty, err := pty.Open()
			if err != nil {
				t.Skip("no pseudo-terminals here: ", err)
			}
			defer terminal.Close()
			if err := pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: uint16(width)}); err != nil {
				t.Fatal(err)
			}
			shown := make(chan string)
			go func() {
				text, _ := io.ReadAll(terminal) // ends with an error when the other side is closed
				shown <- string(text)
			}()
			p, _, stderr := taskProgram(t, server.URL())
			p.stdout = tty
			code := p.run(t.Context(), []string{"task", "list"})
			if err := tty.Close(); err != nil {
				t.Fatal(err)
			}
			text := <-shown
			if code != exitDone || stderr.Len() > 0 || strings.Count(text, "\n") != 4 {
				t.Fatalf("exit %d, stderr %q, stdout:\n%s", code, stderr, text)
			}
			for line := range strings.Lines(text) {
				line = strings.TrimRight(line, "\r\n")
				if n := ansi.StringWidth(line); n > width {
					t.Errorf("%d columns of %d: %q", n, width, line)
				}
			}
			if whole := strings.Contains(text, "CREATED"); whole != (width >= minWidthWithTime) {
				t.Errorf("the column CREATED is there: %v", whole)
			}
		})
	}
}

// TestTaskEditOverwritesNothingUnseen changes the task after `edit` has read it and
// before it writes.
func TestTaskEditOverwritesNothingUnseen(t *testing.T) {
	server := clienttest.New(t)
	id := fill(t, server.URL(), "mine")[0]
	other, err := client.New(client.Config{BaseURL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	defer other.CloseIdleConnections()
	target, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(target)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			theirs := "theirs"
			if _, err := other.Patch(r.Context(), id, task.Patch{Title: &theirs}); err != nil {
				t.Error(err)
			}
		}
		forward.ServeHTTP(w, r)
	}))
	defer between.Close()

	got := runTask(t, between.URL, "edit", id, "--title", "mine again")
	if got.code != exitFailed || !strings.Contains(got.stderr, "changed by someone else") || got.stdout != "" {
		t.Errorf("%+v", got)
	}
	if now := runTask(t, server.URL(), "get", id, "--json"); !strings.Contains(now.stdout, `"theirs"`) {
		t.Errorf("the other's title is gone: %s", now.stdout)
	}
}

// TestTaskJSONIsTheAPIs: a task is printed as the API sends it, alone as in a
// list, but for the white space between its members.
func TestTaskJSONIsTheAPIs(t *testing.T) {
	at := time.Date(2024, 1, 15, 10, 0, 0, 250_000_000, time.UTC)
	sent := task.Task{ID: "018d0c8e-5a80-7c3e-9a51-2f6e8d1b7c40", Title: "<a> & \u2028", CreatedAt: at, UpdatedAt: at}
	text := string(sent.AppendJSON(nil))
	server := clienttest.New(t)
	position := server.Head().String()
	server.Play(clienttest.Script{Request: func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Taskctl-Position", position)
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/tasks" {
			fmt.Fprintf(w, `{"tasks":[%s],"seq":1,"epoch":"e"}`, text)
		} else {
			fmt.Fprint(w, text)
		}
		return true
	}})
	for args, want := range map[string]string{
		"list":            "[" + text + "]",
		"get " + sent.ID:  text,
		"done " + sent.ID: text,
	} {
		got := runTask(t, server.URL(), append(strings.Fields(args), "--json")...)
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(got.stdout)); err != nil || compact.String() != want {
			t.Errorf("%s: %v, %+v, want %s", args, err, got, want)
		}
	}
}

func TestTaskRefusals(t *testing.T) {
	id := "01a20cfb-7e43-7660-b6a5-b7f62fa99a30"
	for _, tt := range []struct {
		name   string
		status int
		kind   string
		args   string
		lang   string
		code   int
		want   string
	}{
		{"no token", 401, "unauthorized", "list", "en", exitFailed, "set auth.token or TASKCTL_AUTH_TOKEN"},
		{"no token", 401, "unauthorized", "add x", "es", exitFailed, "defina auth.token o TASKCTL_AUTH_TOKEN"},
		{"foreign host", 403, "forbidden", "get " + id, "en", exitFailed, "the API refuses the request: because (HTTP 403)"},
		{"no such task", 404, "task-not-found", "get " + id, "en", exitFailed, "there is no task " + id},
		{"no such task", 404, "task-not-found", "rm " + id, "es", exitFailed, "no hay ninguna tarea " + id},
		{"not taskctl", 404, "", "get " + id, "en", exitFailed, "the API refuses the request: because (HTTP 404)"},
		{"bad value", 422, "invalid", "list --search x", "en", exitUsage, "the API refuses the request: because (HTTP 422)"},
		{"our fault", 500, "internal", "done " + id, "es", exitFailed, "la API rechaza la petición: because (HTTP 500)"},
		{"come again", 503, "unavailable", "list", "en", exitFailed, "cannot handle the request now (because (HTTP 503)); try again"},
	} {
		t.Run(tt.name+" "+tt.args, func(t *testing.T) {
			server := clienttest.New(t)
			server.Play(clienttest.Script{Request: func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Content-Type", "application/problem+json")
				w.Header().Set("Retry-After", "3600") // more than a command waits
				w.WriteHeader(tt.status)
				fmt.Fprintf(w, `{"type":"urn:taskctl:problem:%s","detail":"because"}`, tt.kind)
				return true
			}})
			got := runTask(t, server.URL(), append(strings.Fields(tt.args), "--lang", tt.lang)...)
			if got.code != tt.code || !strings.Contains(got.stderr, tt.want) || got.stdout != "" {
				t.Errorf("%+v, want exit %d and %q", got, tt.code, tt.want)
			}
		})
	}
}

func TestTaskUsageMistakes(t *testing.T) {
	server := clienttest.New(t)
	id := fill(t, server.URL(), "a task")[0]
	long := strings.Repeat("ñ", task.MaxTitle+1)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"lst"}, `unknown command "lst"; did you mean "task list"?`},
		{[]string{"list", "-n", "0"}, `--limit cannot be "0"`},
		{[]string{"list", "--all", "-n", "5"}, "--all cannot be used together with --limit"},
		{[]string{"list", "--open", "--done"}, "--open cannot be used together with --done"},
		{[]string{"list", "--open", "--completed", "true"}, "--completed cannot be used together with --open, --done"},
		{[]string{"list", "-q", "--json"}, "--quiet cannot be used together with --json"},
		{[]string{"list", "--completed", "maybe"}, "--completed takes true or false"},
		{[]string{"add"}, "TITLE is missing"},
		{[]string{"add", " \n"}, "the title must not be empty"},
		{[]string{"add", long}, "the title has 201 characters; at most 200 are allowed"},
		{[]string{"add", long, "--lang", "es"}, "el título tiene 201 caracteres"},
		{[]string{"add", "t", "-d", strings.Repeat("x", task.MaxDescription+1)}, "at most 10000 characters"},
		{[]string{"edit", id}, "nothing to change"},
		{[]string{"edit", id, "--title", ""}, "the title must not be empty"},
		{[]string{"edit", id, "--completed", ""}, "--completed takes true or false"},
		{[]string{"done"}, "ID is missing"},
		{[]string{"rm"}, "ID is missing"},
		{[]string{"get", ""}, "id must not be empty"},
	} {
		t.Run(fmt.Sprintf("%.40q", tt.args), func(t *testing.T) {
			got := runTask(t, server.URL(), tt.args...)
			if got.code != exitUsage || !strings.Contains(got.stderr, tt.want) || got.stdout != "" {
				t.Errorf("%+v, want exit %d and %q", got, exitUsage, tt.want)
			}
		})
	}
	if n := server.Writes(); n != 1 {
		t.Errorf("%d writes were made", n-1)
	}
}

func TestTaskIDsMayBeShortened(t *testing.T) {
	server := clienttest.New(t)
	ids := fill(t, server.URL(), "one", "two")
	shared := 0
	for ids[0][shared] == ids[1][shared] {
		shared++
	}
	got := runTask(t, server.URL(), "get", ids[0][:shared])
	if got.code != exitUsage || !strings.Contains(got.stderr, ids[0]+"  two\n  "+ids[1]+"  one\n") {
		t.Errorf("%d characters stand for both: %+v", shared, got)
	}
	if got := runTask(t, server.URL(), "get", strings.ToUpper(ids[0][:shared+1])); got.code != exitDone || !strings.Contains(got.stdout, ids[0]) {
		t.Errorf("%d characters stand for one: %+v", shared+1, got)
	}

	// The short id of a list names the task too.
	list := runTask(t, server.URL(), "list")
	for i, line := range strings.Split(strings.TrimSpace(list.stdout), "\n")[1:] {
		shown := strings.Fields(line)[0]
		if got := runTask(t, server.URL(), "get", shown); len(shown) < 4 || len(shown) > 12 || !strings.Contains(got.stdout, ids[i]) {
			t.Errorf("the list shows %s as %q, which means %+v", ids[i], shown, got)
		}
	}

	// With one unknown id, the other tasks stay unchanged.
	if got := runTask(t, server.URL(), "rm", ids[0], "xyz", ids[1]); got.code != exitFailed || got.stdout != "" {
		t.Errorf("%+v", got)
	}
	// A task that is removed meanwhile does not prevent the removal of the others.
	gone := "01a20cfb-7e43-7660-b6a5-b7f62fa99a30"
	got = runTask(t, server.URL(), "rm", ids[0], gone, ids[1][:shared+1], ids[0])
	if want := ids[0] + "\n" + ids[1] + "\n"; got.code != exitFailed || got.stdout != want || got.stderr != "there is no task "+gone+"\n" {
		t.Errorf("%+v, want %q", got, want)
	}
}

// TestTaskInterrupted checks that Ctrl+C is not a success: the task is not added.
func TestTaskInterrupted(t *testing.T) {
	server := clienttest.New(t)
	for _, args := range [][]string{{"list"}, {"add", "x"}, {"add", "x", "-d", "-"}} {
		p, stdout, stderr := taskProgram(t, server.URL())
		blocked, writer := io.Pipe()
		p.stdin = blocked
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if code := p.run(ctx, append([]string{"task"}, args...)); code != exitFailed || stdout.Len()+stderr.Len() > 0 {
			t.Errorf("%v: exit %d, %q %q", args, code, stdout, stderr)
		}
		_ = writer.Close()
	}
}

func TestTaskCompletion(t *testing.T) {
	server := clienttest.New(t)
	ids := fill(t, server.URL(), "old", "new\tand\nodd")
	if done := runTask(t, server.URL(), "done", ids[1]); done.code != exitDone {
		t.Fatal(done)
	}
	ends := []string{ids[0][32:], ids[1][32:]}
	oldest, newest := ends[1]+"\told\n", ends[0]+"\tnew and\\x0aodd\n"
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"get", ""}, newest + oldest},
		{[]string{"get", ends[0][:3]}, newest},
		{[]string{"get", ids[0][:8]}, ids[0] + "\tnew and\\x0aodd\n" + ids[1] + "\told\n"},
		{[]string{"get", ids[1]}, ids[1] + "\told\n"},
		{[]string{"get", "g"}, ""},
		{[]string{"get", ids[0], ""}, ""},
		{[]string{"edit", ""}, newest + oldest},
		{[]string{"rm", ids[0], ""}, oldest},
		{[]string{"rm", ends[0], ""}, oldest},
		{[]string{"done", ""}, newest},
		{[]string{"done", "--undo", ""}, oldest},
		{[]string{"add", ""}, ""},
		{[]string{"list", "--completed", ""}, "true\nfalse\n"},
	} {
		p, stdout, _ := taskProgram(t, server.URL())
		if code := p.run(t.Context(), append([]string{"__complete", "task"}, tt.args...)); code != exitDone {
			t.Errorf("%v: exit %d", tt.args, code)
		}
		offers, _, _ := strings.Cut(stdout.String(), ":")
		if offers != tt.want {
			t.Errorf("%v: %q, want %q", tt.args, offers, tt.want)
		}
	}
}

// TestServerThatNeverAnswers says what it waits for, and ends when it is interrupted.
func TestServerThatNeverAnswers(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts, nobody reads
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	p, stdout, _ := taskProgram(t, "http://"+silent.Addr().String())
	said := ""
	p.stderr = writerFunc(func(text []byte) (int, error) {
		said += string(text)
		interrupt()
		return len(text), nil
	})
	code := p.run(ctx, []string{"task", "list"})
	if want := "still waiting for an answer from http://" + silent.Addr().String(); code != exitFailed || !strings.Contains(said, want) || stdout.Len() > 0 {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, said)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(text []byte) (int, error) { return f(text) }
