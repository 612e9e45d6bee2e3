package consumer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskctl/pkg/checkpoint"
	"taskctl/pkg/task"
)

// put prints the line of an event, and leaves the checkpoint to a flush.
func put(t *testing.T, o *output, seq uint64) {
	t.Helper()
	p := task.Position{Epoch: "e", Seq: seq}
	o.lines = fmt.Appendf(o.lines, "line %d\n", seq)
	o.event(p)
	if err := o.write(); err != nil {
		t.Fatal(err)
	}
	o.done(p)
}

func flush(t *testing.T, o *output) {
	t.Helper()
	if err := o.flush(); err != nil {
		t.Fatal(err)
	}
}

// openAt opens the output as the next run does after a kill, and checks the position.
func openAt(t *testing.T, path string, seq uint64) *output {
	t.Helper()
	cfg := Config{Output: path, Checkpoint: path + ".checkpoint"}
	o, err := openOutput(t.Context(), cfg, Deps{Stdout: io.Discard, Seen: func(task.Position) {}}, &reporter{out: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.close() })
	if o.state.Position.Seq != seq {
		t.Fatalf("it continues after %d, want %d", o.state.Position.Seq, seq)
	}
	return o
}

// Only the line in a new output that no checkpoint covers is printed again.
func TestKilledAfterTheFirstLineOfANewOutput(t *testing.T) {
	for name, away := range map[string]func(output string) error{
		"moved":    func(output string) error { return os.Rename(output, output+".1") },
		"deleted":  os.Remove,
		"emptied":  func(output string) error { return os.Truncate(output, 0) },
		"replaced": func(output string) error { return replace(output, "mine") },
		"replaced by more": func(output string) error {
			return replace(output, strings.Repeat("mine\n", 10))
		},
	} {
		for _, running := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " running ", running), func(t *testing.T) {
				if !running && strings.HasPrefix(name, "replaced") {
					t.Skip("a stopped consumer cannot tell the file of somebody else from its own")
				}
				output := filepath.Join(t.TempDir(), "lines")
				o := openAt(t, output, 0)
				o.done(task.Position{Epoch: "e", Seq: 1})
				flush(t, o)
				for seq := range uint64(3) {
					put(t, o, seq+2)
					flush(t, o)
				}
				if !running {
					_ = o.close()
				}
				if err := away(output); err != nil {
					t.Skip(err) // Windows does not move a file that is open
				}
				if !running {
					o = openAt(t, output, 4)
				}
				kept, _ := os.ReadFile(output) // the file of somebody, if any
				if len(kept) > 0 && kept[len(kept)-1] != '\n' {
					kept = append(kept, '\n')
				}
				for range 2 { // killed twice
					put(t, o, 5)
					_ = o.close()
					o = openAt(t, output, 4)
				}
				put(t, o, 5)
				flush(t, o)
				put(t, o, 6)
				flush(t, o)
				_ = o.close()
				openAt(t, output, 6)
				got, err := os.ReadFile(output)
				if want := string(kept) + "line 5\nline 6\n"; err != nil || string(got) != want {
					t.Errorf("the output is %q, %v; want %q", got, err, want)
				}
			})
		}
	}
}

func replace(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// A checkpoint without an output records a new output before its first line.
func TestOutputForACheckpointThatHadNone(t *testing.T) {
	output := filepath.Join(t.TempDir(), "lines")
	cp, err := checkpoint.Open(t.Context(), output+".checkpoint", os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(cp.Save(checkpoint.State{Position: task.Position{Epoch: "e", Seq: 4}}), cp.Close()); err != nil {
		t.Fatal(err)
	}
	o := openAt(t, output, 4)
	flush(t, o) // as at the welcome
	put(t, o, 5)
	_ = o.close()
	o = openAt(t, output, 4)
	put(t, o, 5)
	flush(t, o)
	if got, err := os.ReadFile(output); err != nil || string(got) != "line 5\n" {
		t.Errorf("the output is %q, %v", got, err)
	}
}
