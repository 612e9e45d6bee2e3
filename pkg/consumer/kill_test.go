//go:build unix

package consumer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/consumer"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

// spawn starts a consumer in a process group of its own, as the launcher does.
func (c child) spawn(t *testing.T) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func kill(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait()
}

// batter kills one consumer after another at random moments during events and broken
// connections, and lets the last one finish. It calls meanwhile once during each run.
func batter(t *testing.T, seed uint64, kills, events int, cfg consumer.Config, meanwhile func()) {
	t.Helper()
	s := clienttest.New(t)
	dice := rand.New(rand.NewPCG(seed, 0))
	faults := rand.New(rand.NewPCG(seed, 1)) // the server calls it from its own goroutines, one at a time
	s.Play(clienttest.Script{Send: func(sent int, _ task.Event) clienttest.Fate {
		if sent > 0 && faults.IntN(200) == 0 {
			return clienttest.Fate{Code: 1006}
		}
		return clienttest.Fate{}
	}})
	written := make(chan struct{})
	go func() {
		defer close(written)
		for range events / 10 {
			s.Add(10)
			<-time.After(2 * time.Millisecond)
		}
	}()
	c := child{URL: s.WebSocketURL(), Config: cfg}
	for range kills {
		cmd := c.spawn(t)
		life := time.Duration(20+dice.IntN(120)) * time.Millisecond
		<-time.After(life / 2)
		meanwhile()
		<-time.After(life / 2)
		kill(cmd)
	}
	<-written
	r := start(t, s, cfg, message.English)
	<-r.ready
	s.Play(clienttest.Script{})
	r.until(s.Add(10))
	r.until(s.Add(1)) // by then the command for those before it has ended
	r.stop()
}

func TestOutputHasEveryLineOnceWhateverIsKilled(t *testing.T) {
	const events = 3000
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			cfg := consumer.Config{
				JSON: true, Since: &task.Position{}, Output: filepath.Join(t.TempDir(), "events.jsonl"),
			}
			batter(t, seed, 12, events, cfg, func() {})
			got, err := os.ReadFile(cfg.Output)
			if err != nil {
				t.Fatal(err)
			}
			checkSeqs(t, got, 1, events+11)
		})
	}
}

// With the output moved away in between, the lines of a consumer that is killed
// before its checkpoint may come next try in the next file; none is missing, and no
// file is torn or repeats itself.
func TestNoLineIsMissingWhateverIsKilledAndMovedAway(t *testing.T) {
	t.Parallel()
	const events = 3000
	cfg := consumer.Config{
		JSON: true, Since: &task.Position{}, Output: filepath.Join(t.TempDir(), "events.jsonl"),
	}
	var files []string
	batter(t, 7, 12, events, cfg, func() {
		name := fmt.Sprint(cfg.Output, ".", len(files))
		if os.Rename(cfg.Output, name) == nil {
			files = append(files, name)
		}
	})
	last := uint64(0)
	for _, name := range append(files, cfg.Output) {
		before := uint64(0)
		for line := range bytes.Lines(read(t, name)) {
			var e struct{ Seq uint64 }
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatalf("%s: %q: %v", name, line, err)
			}
			if before == 0 && e.Seq > last+1 || before > 0 && e.Seq != before+1 {
				t.Fatalf("%s: %d after %d, and %d before that file", name, e.Seq, before, last)
			}
			before = e.Seq
		}
		last = max(last, before)
	}
	if last != events+11 {
		t.Errorf("the last line is %d, want %d", last, events+11)
	}
	t.Logf("moved away %d times", len(files))
}

func TestCommandRunsForEveryEventInOrderWhateverIsKilled(t *testing.T) {
	t.Parallel()
	const events = 150
	dir := t.TempDir()
	done := filepath.Join(dir, "done")
	cfg := consumer.Config{
		Since: &task.Position{}, Checkpoint: filepath.Join(dir, "checkpoint"),
		Output: filepath.Join(dir, "lines"), Exec: "cat >> '" + done + "'",
	}
	batter(t, 1, 8, events, cfg, func() {})
	got, err := os.ReadFile(done)
	if err != nil {
		t.Fatal(err)
	}
	last, repeats := uint64(0), 0
	for line := range bytes.Lines(got) {
		var e struct{ Seq uint64 }
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		switch e.Seq {
		case last + 1:
			last++
		case last:
			repeats++
		default:
			t.Fatalf("event %d was done after %d", e.Seq, last)
		}
	}
	if last < events+10 {
		t.Errorf("the last event done is %d, want %d", last, events+10)
	}
	t.Logf("%d commands ran again", repeats)
	lines, err := os.ReadFile(cfg.Output)
	if n := bytes.Count(lines, []byte("\n")); err != nil || n != events+11 {
		t.Errorf("%d lines, %v; want %d", n, err, events+11)
	}
}
