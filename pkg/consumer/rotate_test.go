package consumer

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taskctl/taskctl/pkg/task"
)

// put prints the line of an event, and leaves the checkpoint to a flush.
func put(t *testing.T, j *journal, seq uint64) {
	t.Helper()
	p := task.Position{Epoch: "e", Seq: seq}
	j.lines = fmt.Appendf(j.lines, "line %d\n", seq)
	j.event(p)
	if err := j.print(); err != nil {
		t.Fatal(err)
	}
	j.move(p)
}

func flush(t *testing.T, j *journal) {
	t.Helper()
	if err := j.flush(); err != nil {
		t.Fatal(err)
	}
}

// openAt opens the journal as the next run does after a kill, and checks where it
// goes on.
func openAt(t *testing.T, output string, seq uint64) *journal {
	t.Helper()
	cfg := Config{Output: output, Checkpoint: output + ".checkpoint"}
	j, err := openJournal(t.Context(), cfg, Deps{Stdout: io.Discard, Seen: func(task.Position) {}}, &voice{out: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.close() })
	if j.state.Position.Seq != seq {
		t.Fatalf("it goes on after %d, want %d", j.state.Position.Seq, seq)
	}
	return j
}

// A line in a new output that no checkpoint covers comes again, and only that one.
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
				j := openAt(t, output, 0)
				j.move(task.Position{Epoch: "e", Seq: 1})
				flush(t, j)
				for seq := range uint64(3) {
					put(t, j, seq+2)
					flush(t, j)
				}
				if !running {
					_ = j.close()
				}
				if err := away(output); err != nil {
					t.Skip(err) // Windows does not move a file that is open
				}
				if !running {
					j = openAt(t, output, 4)
				}
				kept, _ := os.ReadFile(output) // the file of somebody, if any
				if len(kept) > 0 && kept[len(kept)-1] != '\n' {
					kept = append(kept, '\n')
				}
				for range 2 { // killed twice
					put(t, j, 5)
					_ = j.close()
					j = openAt(t, output, 4)
				}
				put(t, j, 5)
				flush(t, j)
				put(t, j, 6)
				flush(t, j)
				_ = j.close()
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

// A checkpoint that was kept without an output becomes one of an output before
// there is a line.
func TestOutputForACheckpointThatHadNone(t *testing.T) {
	output := filepath.Join(t.TempDir(), "lines")
	writeMark(t, output+".checkpoint", checkpoint{Position: task.Position{Epoch: "e", Seq: 4}})
	j := openAt(t, output, 4)
	flush(t, j) // as at the welcome
	put(t, j, 5)
	_ = j.close()
	j = openAt(t, output, 4)
	put(t, j, 5)
	flush(t, j)
	if got, err := os.ReadFile(output); err != nil || string(got) != "line 5\n" {
		t.Errorf("the output is %q, %v", got, err)
	}
}
