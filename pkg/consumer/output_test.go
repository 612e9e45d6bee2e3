package consumer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"taskctl/pkg/client"
	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/consumer"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

// consume runs a consumer until it has seen the server's head.
func consume(t *testing.T, s *clienttest.Server, cfg consumer.Config) *running {
	t.Helper()
	r := start(t, s, cfg, message.English)
	<-r.ready
	r.until(s.Add(1))
	r.stop()
	return r
}

// refused runs a consumer that must end with an error which names all of want.
func refused(t *testing.T, s *clienttest.Server, cfg consumer.Config, want ...string) {
	t.Helper()
	r := start(t, s, cfg, message.English)
	err := <-r.done
	if err == nil {
		t.Fatal("it ran")
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q does not say %q", err, text)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func output1(t *testing.T) consumer.Config {
	return consumer.Config{JSON: true, Output: filepath.Join(t.TempDir(), "events.jsonl")}
}

func TestTornLineIsCut(t *testing.T) {
	s := clienttest.New(t)
	cfg := output1(t)
	consume(t, s, cfg)
	write(t, cfg.Output, string(read(t, cfg.Output))+`{"type":"task_cre`)
	r := consume(t, s, cfg)
	checkSeqs(t, read(t, cfg.Output), 1, 2)
	r.stderr.wait(t, "removed the last 17 bytes")
}

func TestCheckpointStandsBeforeTheFirstLine(t *testing.T) {
	s := clienttest.New(t)
	head := s.Add(3)
	for name, since := range map[string]*task.Position{"new": nil, "since": &head} {
		t.Run(name, func(t *testing.T) {
			cfg := output1(t)
			cfg.Since = since
			r := start(t, s, cfg, message.English)
			<-r.ready
			if len(read(t, cfg.Output+".checkpoint")) == 0 {
				t.Error("it is empty when the consumer is ready")
			}
			r.stop()
		})
	}
}

func TestSinceBeatsTheCheckpointOfAnotherSince(t *testing.T) {
	s := clienttest.New(t)
	cfg := output1(t)
	consume(t, s, cfg) // 1, as it happens
	cfg.Since = &task.Position{}
	consume(t, s, cfg) // 1, 2: asked for anew
	consume(t, s, cfg) // 3: the same command goes on
	cfg.Since = nil
	consume(t, s, cfg) // 4
	var got []string
	for line := range strings.Lines(string(read(t, cfg.Output))) {
		_, seq, _ := strings.Cut(strings.TrimSpace(line), `"seq":`)
		got = append(got, strings.TrimSuffix(seq, "}"))
	}
	if want := "1 1 2 3 4"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestOutputOfSomebodyIsOnlyAddedTo(t *testing.T) {
	s := clienttest.New(t)
	cfg := output1(t)
	write(t, cfg.Output, "mine\nand unfinished")
	consume(t, s, cfg)
	got, ok := strings.CutPrefix(string(read(t, cfg.Output)), "mine\nand unfinished\n")
	if !ok {
		t.Fatalf("got %q", got)
	}
	checkSeqs(t, []byte(got), 1, 1)
}

func TestOutputThatWasMovedAwayBeginsAnew(t *testing.T) {
	s := clienttest.New(t)
	cfg := output1(t)
	consume(t, s, cfg)
	if err := os.Rename(cfg.Output, cfg.Output+".1"); err != nil {
		t.Fatal(err)
	}
	consume(t, s, cfg)
	checkSeqs(t, read(t, cfg.Output+".1"), 1, 1)
	checkSeqs(t, read(t, cfg.Output), 2, 2)
}

// While a consumer runs, its output may be taken away at any time, as logrotate
// does: every line stands in one of the files, once.
func TestOutputMovedAwayAllTheTime(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not move a file that is open")
	}
	s := clienttest.New(t)
	cfg := output1(t)
	moved := func(i int) string { return fmt.Sprint(cfg.Output, ".", i) }
	r := start(t, s, cfg, message.English)
	<-r.ready
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		i := 0
		for {
			select {
			case <-stop:
				stopped <- i
				return
			default:
			}
			if os.Rename(cfg.Output, moved(i)) == nil {
				i++
			}
			runtime.Gosched()
		}
	}()
	for range 50 {
		r.until(s.Add(3))
	}
	close(stop)
	files := <-stopped
	r.until(s.Add(1))
	r.stop()
	var lines []byte
	for i := range files {
		lines = append(lines, read(t, moved(i))...)
	}
	lines = append(lines, read(t, cfg.Output)...)
	checkSeqs(t, lines, 1, 151)
	if files == 0 {
		t.Error("it was never moved away")
	}
}

// If the output cannot be created again, the consumer stops instead of losing lines.
func TestOutputThatCannotBeMadeAnew(t *testing.T) {
	s := clienttest.New(t)
	cfg := output1(t)
	r := start(t, s, cfg, message.English)
	<-r.ready
	r.until(s.Add(1))
	if err := os.Rename(cfg.Output, cfg.Output+".1"); err != nil {
		t.Skip(err) // Windows does not move a file that is open
	}
	if err := os.Mkdir(cfg.Output, 0o700); err != nil {
		t.Fatal(err)
	}
	s.Add(1)
	if err := <-r.done; err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("Run: %v", err)
	}
	if err := os.Remove(cfg.Output); err != nil {
		t.Fatal(err)
	}
	consume(t, s, cfg)
	checkSeqs(t, read(t, cfg.Output+".1"), 1, 1)
	checkSeqs(t, read(t, cfg.Output), 2, 3)
}

func TestDirectoryOfBothCanBeMoved(t *testing.T) {
	s := clienttest.New(t)
	dir := t.TempDir()
	for i, name := range []string{"a", "b"} {
		to := filepath.Join(dir, name)
		if i == 0 {
			if err := os.Mkdir(to, 0o700); err != nil {
				t.Fatal(err)
			}
		} else if err := os.Rename(filepath.Join(dir, "a"), to); err != nil {
			t.Fatal(err)
		}
		consume(t, s, consumer.Config{JSON: true, Output: filepath.Join(to, "events")})
	}
	checkSeqs(t, read(t, filepath.Join(dir, "b", "events")), 1, 2)
}

func TestFilesThatCannotBeTrusted(t *testing.T) {
	s := clienttest.New(t)
	for name, test := range map[string]struct {
		break_ func(t *testing.T, cfg *consumer.Config)
		want   []string
	}{
		"output cut by somebody": {
			func(t *testing.T, cfg *consumer.Config) {
				write(t, cfg.Output, string(read(t, cfg.Output)[:10]))
			},
			[]string{"events.jsonl has 10 bytes", "move one of them away"},
		},
		"checkpoint damaged": {
			func(t *testing.T, cfg *consumer.Config) { write(t, cfg.Output+".checkpoint", "hello") },
			[]string{"events.jsonl.checkpoint", "not a checkpoint", "remove it"},
		},
		"checkpoint of another output": {
			func(t *testing.T, cfg *consumer.Config) {
				cfg.Checkpoint = cfg.Output + ".checkpoint"
				cfg.Output += ".other"
			},
			[]string{"belongs to the output events.jsonl"},
		},
		"no such directory": {
			func(t *testing.T, cfg *consumer.Config) { cfg.Output += "/nowhere/file" },
			[]string{"nowhere", "not a directory"},
		},
		"output is no file": {
			func(t *testing.T, cfg *consumer.Config) {
				cfg.Output = os.DevNull
				cfg.Checkpoint = filepath.Join(t.TempDir(), "checkpoint")
			},
			[]string{os.DevNull, "redirect"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := output1(t)
			consume(t, s, cfg)
			before := read(t, cfg.Output)
			given := cfg
			test.break_(t, &cfg)
			if name != "output cut by somebody" {
				defer func() {
					if got := read(t, given.Output); string(got) != string(before) {
						t.Error("the output was changed")
					}
				}()
			}
			refused(t, s, cfg, test.want...)
		})
	}
}

func TestRefusingLeavesNothingBehind(t *testing.T) {
	s := clienttest.New(t)
	for name, test := range map[string]struct {
		set  func(dir string, cfg *consumer.Config) error
		want string
	}{
		"output is a folder": {
			func(dir string, cfg *consumer.Config) error { return os.Mkdir(cfg.Output, 0o700) }, "is not a regular file",
		},
		"output is a device": {
			func(dir string, cfg *consumer.Config) error { return os.Symlink(os.DevNull, cfg.Output) }, "is not a regular file",
		},
		"no folder for the output": {
			func(dir string, cfg *consumer.Config) error {
				cfg.Output = filepath.Join(dir, "none", "events")
				return nil
			}, "/none/events: ",
		},
		"no folder for the checkpoint": {
			func(dir string, cfg *consumer.Config) error {
				cfg.Checkpoint = filepath.Join(dir, "none", "checkpoint")
				return nil
			}, "checkpoint: ",
		},
		"checkpoint is a folder": {
			func(dir string, cfg *consumer.Config) error { return os.Mkdir(cfg.Output+".checkpoint", 0o700) }, "checkpoint: ",
		},
		"checkpoint is something else": {
			func(dir string, cfg *consumer.Config) error {
				return os.WriteFile(cfg.Output+".checkpoint", []byte("hello"), 0o600)
			}, "not a checkpoint",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cfg := consumer.Config{JSON: true, Output: filepath.Join(dir, "events")}
			if err := test.set(dir, &cfg); err != nil {
				t.Skip(err) // symbolic links need a privilege on Windows
			}
			before := names(t, dir)
			refused(t, s, cfg, test.want)
			if after := names(t, dir); !slices.Equal(before, after) {
				t.Errorf("there was %q, and now %q", before, after)
			}
		})
	}
}

// A consumer whose checkpoint is in use does not create its output.
func TestCheckpointInUse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no lock there")
	}
	s := clienttest.New(t)
	cfg := output1(t)
	first := start(t, s, cfg, message.English)
	<-first.ready
	cfg.Checkpoint = cfg.Output + ".checkpoint"
	cfg.Output += ".other"
	second := start(t, s, cfg, message.English)
	second.cancel() // it does not wait for the other to leave
	if err := <-second.done; err == nil || !strings.Contains(err.Error(), "another consumer is using it") {
		t.Errorf("Run: %v", err)
	}
	if _, err := os.Stat(cfg.Output); err == nil {
		t.Error("it has left an output")
	}
	first.stop()
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestResetIsALine(t *testing.T) {
	for _, asJSON := range []bool{true, false} {
		t.Run(fmt.Sprint("json ", asJSON), func(t *testing.T) {
			s := clienttest.New(t)
			cfg := output1(t)
			cfg.JSON = asJSON
			consume(t, s, cfg)
			s.Add(5)
			s.Forget(3)
			consume(t, s, cfg)
			lines := strings.Split(strings.TrimSpace(string(read(t, cfg.Output))), "\n")
			if len(lines) != 3 {
				t.Fatalf("got %q", lines)
			}
			want := `{"type":"reset","reason":"too_old","seq":6}`
			if !asJSON {
				want = "--- events are missing here (they are older than the server's event log); continuing after #6; GET /tasks returns the current tasks"
			}
			if lines[1] != want {
				t.Errorf("got %q, want %q", lines[1], want)
			}
			consume(t, s, cfg) // the reset is behind it
			if n := strings.Count(string(read(t, cfg.Output)), "\n"); n != 4 {
				t.Errorf("%d lines after going on, want 4", n)
			}
		})
	}
}

// fullDisk is a stream that accepts no bytes.
type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestStreamThatCannotBeWrittenEndsTheConsumer(t *testing.T) {
	s := clienttest.New(t)
	s.Add(1)
	c, err := client.New(client.Config{WebSocketURL: s.WebSocketURL()})
	if err != nil {
		t.Fatal(err)
	}
	con, err := consumer.New(consumer.Config{Since: &task.Position{}}, consumer.Deps{
		Client: c, Stdout: fullDisk{}, Stderr: fullDisk{}, Logger: slog.New(slog.DiscardHandler),
		Seen: func(p task.Position) { t.Errorf("seen %s, which nobody can have seen", p) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := con.Run(context.WithoutCancel(t.Context())); !errors.Is(err, errFull) {
		t.Errorf("Run: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := consumer.New(consumer.Config{}, consumer.Deps{}); err == nil {
		t.Error("a consumer without anything to work with is made")
	}
}
