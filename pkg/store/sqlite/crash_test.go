package sqlite

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
)

// crashPath names, in the environment, the database that the process writes
// until it is killed.
const crashPath = "TASKCTL_TEST_CRASH"

// writeUntilKilled writes from many goroutines, and prints the id and seq of
// every write that was acknowledged.
func writeUntilKilled(path string) error {
	ctx := context.Background()
	s, err := Open(ctx, Options{Path: path, Retention: Retention{MaxEvents: 1 << 40}})
	if err != nil {
		return err
	}
	const writers = 8
	var mu sync.Mutex
	failed := make(chan error)
	for w := range writers {
		go func() {
			random := rand.New(rand.NewPCG(uint64(os.Getpid()), uint64(w)))
			for {
				if err := writeOne(ctx, s, random, &mu); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

func writeOne(ctx context.Context, s *Store, random *rand.Rand, mu *sync.Mutex) error {
	made, err := uuid.NewV7()
	if err != nil {
		return err
	}
	id, done := made.String(), true
	life := []task.Change{
		{
			Kind: task.Create, ID: id, Key: task.IdempotencyKey{Key: id},
			Patch: storetest.Values("title", strings.Repeat("text ", random.IntN(2000)), false),
		},
		{Kind: task.Merge, ID: id, Patch: task.Patch{Completed: &done}},
		{Kind: task.Delete, ID: id},
	}
	for _, c := range life[:1+random.IntN(len(life))] {
		r, err := s.Write(ctx, c)
		if err != nil {
			return err
		}
		mu.Lock()
		_, err = fmt.Println(id, r.Position.Seq)
		mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// TestKill repeatedly runs three processes that create and write one database, kills
// them, and checks the database: every acknowledged write exists once, and log and
// tasks agree.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "tasks.db")
	acknowledged := map[string]string{} // id by seq
	epoch := ""
	for round := range 3 {
		var mu sync.Mutex
		var processes sync.WaitGroup
		for range 3 {
			processes.Go(func() {
				killAfter(t, path, 10+rand.IntN(200), func(id, seq string) {
					mu.Lock()
					defer mu.Unlock()
					if other, twice := acknowledged[seq]; twice {
						t.Errorf("%s was acknowledged for %s and for %s", seq, other, id)
					}
					acknowledged[seq] = id
				})
			})
		}
		processes.Wait()

		s := open(t, Options{Path: path})
		at := head(t, s)
		if epoch == "" {
			epoch = at.Epoch
		}
		if at.Epoch != epoch {
			t.Fatalf("round %d: a new epoch", round)
		}
		checkWhole(t, s, acknowledged)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if fit, err := inspect(t.Context(), path, countersVersion); err != nil || !fit {
			t.Fatalf("round %d: %v, %v", round, fit, err)
		}
	}
}

// killAfter runs a process that writes to path, reports its output, and kills it after
// a number of writes.
func killAfter(t *testing.T, path string, writes int, report func(id, seq string)) {
	exe, err := os.Executable()
	if err != nil {
		t.Error(err)
		return
	}
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), crashPath+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if id, seq, whole := strings.Cut(lines.Text(), " "); whole && seq != "" {
			report(id, seq)
		}
		if writes--; writes == 0 {
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		t.Errorf("the writer ended by itself: %v", err)
	}
}

// checkWhole replays the log and compares it with the tasks and with the acknowledged
// writes.
func checkWhole(t *testing.T, s *Store, acknowledged map[string]string) {
	t.Helper()
	folded := map[string]string{}
	bySeq := map[string]string{}
	for _, e := range readLog(t, s) {
		bySeq[fmt.Sprint(e.Seq)] = e.TaskID
		folded[e.TaskID] = string(e.Task)
		if e.Type == task.Deleted {
			delete(folded, e.TaskID)
		}
		if !json.Valid(e.Task) {
			t.Fatalf("event %d: %q", e.Seq, e.Task)
		}
	}
	for seq, id := range acknowledged {
		if bySeq[seq] != id {
			t.Fatalf("%s was acknowledged as %s, where the log has %q", id, seq, bySeq[seq])
		}
	}
	tasks := map[string]string{}
	for q := (task.Query{Limit: 1000}); ; {
		p, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Records {
			tasks[decoded(t, r).ID] = string(r.JSON)
		}
		if q.Cursor = p.Next; q.Cursor == "" {
			break
		}
	}
	if diff := cmp.Diff(folded, tasks); diff != "" {
		t.Fatalf("tasks that are not the folded log (-log +tasks):\n%s", diff)
	}
}
