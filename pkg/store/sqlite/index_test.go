package sqlite

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
	"taskctl/pkg/task/searchtext"
)

// awaitIndex waits until the index has come to the end of the log.
func awaitIndex(t testing.TB, s *Store) {
	t.Helper()
	deadline := time.NewTimer(5 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		done := false
		err := s.searches.snapshot(t.Context(), "test", func(r *reader) error {
			ctx := t.Context()
			state, err := s.indexer.stateOn(ctx, r)
			if err != nil {
				return err
			}
			_, head, err := r.logBounds(ctx)
			done = state.Position == head && state.covered == int64(head.Seq)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if done {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("the index does not come to the end of the log")
		}
	}
}

// find returns the titles of all pages.
func find(t testing.TB, s *Store, q task.Query) (titles []string) {
	t.Helper()
	titles = []string{}
	for {
		p, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Records {
			titles = append(titles, decoded(t, r).Title)
		}
		if p.Next == "" {
			return titles
		}
		q.Cursor = p.Next
	}
}

// TestSearchIndexed searches for pieces of random texts from a small alphabet,
// so many tasks back that only the index finds them, while it is up to date,
// behind, missing and of another log, and compares with a plain look.
func TestSearchIndexed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	s := open(t, Options{Path: path})
	random := rand.New(rand.NewPCG(3, 4))
	alphabet := []rune("aAbBcdéÉß 日%_\"'*-\u212A")
	text := func(most int) string {
		var b strings.Builder
		for range random.IntN(most) {
			b.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		return b.String()
	}
	made := map[string]task.Task{}
	var ids []string
	make := func(count int) {
		for range count {
			r := addTask(t, s, "t"+text(8), text(16))
			made[r.Task.ID] = r.Task
			ids = append(ids, r.Task.ID)
		}
	}
	change := func(count int) {
		for range count {
			id := ids[random.IntN(len(ids))]
			if _, there := made[id]; !there {
				continue
			}
			c := task.Change{Kind: task.Delete, ID: id}
			if random.IntN(3) > 0 {
				c.Kind, c.Patch = task.Replace, storetest.Values("t"+text(8), text(16), random.IntN(2) == 0)
			}
			r, err := s.Write(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if made[id] = r.Task; c.Kind == task.Delete {
				delete(made, id)
			}
		}
	}
	compare := func(what string) {
		t.Helper()
		for range 25 {
			q := task.Query{Limit: 20 + random.IntN(400), Contains: text(5)}
			if random.IntN(3) == 0 {
				done := random.IntN(2) == 0
				q.Completed = &done
			}
			want := []string{}
			for _, id := range slices.Backward(ids) {
				task, there := made[id]
				if there && searchtext.Contains(&task, searchtext.Key(q.Contains)) && (q.Completed == nil || *q.Completed == task.Completed) {
					want = append(want, task.Title)
				}
			}
			if diff := cmp.Diff(want, find(t, s, q)); diff != "" {
				t.Fatalf("%s: search for %q (-want +got):\n%s", what, q.Contains, diff)
			}
		}
	}

	make(firstScan + 700)
	compare("behind from the start")
	change(300)
	awaitIndex(t, s)
	compare("up to date")
	make(300)
	change(300)
	compare("behind")
	awaitIndex(t, s)
	compare("up to date again")

	reopen := func() {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, Options{Path: path})
	}
	reopen()
	compare("opened again")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(indexPath(path), []byte("this is no index at all, but long enough to be read as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	reopen()
	compare("while it is made again")
	awaitIndex(t, s)
	change(20)
	compare("made again")
}

func FuzzGrams(f *testing.F) {
	f.Add("Straße", "日本 語", 2, 5)
	f.Add("a", "b", 0, 1)
	f.Fuzz(func(t *testing.T, title, description string, from, to int) {
		title, description = strings.ToValidUTF8(title, ""), strings.ToValidUTF8(description, "")
		words := strings.Split(string(gramsOf(nil, task.Task{Title: title, Description: description}, map[gram]struct{}{})), " ")
		runes := []rune(description)
		if from < 0 || from >= to || to > len(runes) {
			t.Skip()
		}
		for _, want := range strings.Split(strings.TrimSuffix(gramQuery(searchtext.Key(string(runes[from:to]))), " "), " ") {
			want, prefix := strings.CutSuffix(want, "*")
			want = strings.Trim(want, `"`)
			if !slices.ContainsFunc(words, func(word string) bool {
				return word == want || prefix && strings.HasPrefix(word, want)
			}) {
				t.Fatalf("no word %q in %q", want, words)
			}
		}
	})
}

// TestIndexDamaged damages the index while it is in use: searches continue without it,
// and the next open creates it again.
func TestIndexDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	s := open(t, Options{Path: path})
	addTask(t, s, "the one", "that is far back")
	fill(t, s, firstScan+500)
	awaitIndex(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.Stat(indexPath(path))
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, indexPath(path), 3*4096, slices.Repeat([]byte{0xA5}, int(whole.Size())-3*4096))
	for range 2 {
		s = open(t, Options{Path: path})
		if got := find(t, s, task.Query{Limit: 10, Contains: "FAR BACK"}); !slices.Equal(got, []string{"the one"}) {
			t.Fatalf("found %q", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if s = open(t, Options{Path: path}); !s.indexer.usable() {
		t.Fatal("the index was not made again")
	}
	awaitIndex(t, s)
}

func TestPauseAfter(t *testing.T) {
	const took = 4 * time.Millisecond
	for _, test := range []struct {
		written, read int64
		since         time.Duration
		want          time.Duration
	}{
		{0, 0, time.Second, 0},
		{0, -1, time.Second, 0}, // it did not come to reading
		{0, 1, time.Second, 9 * took},
		{0, 1_000_000, 40 * time.Millisecond, 9 * took},
		{10, 0, 40 * time.Millisecond, 9 * took},
		{indexStep, 0, 40 * time.Millisecond, 9 * took},        // just keeps pace
		{indexStep + 1, 0, 40 * time.Millisecond, time.Second}, // loses
		{14_000, 5, time.Second, time.Second},
		{6_000, 0, time.Second, 9 * took}, // they have eased
	} {
		if got := pauseAfter(took, test.written, test.read, test.since); got != test.want {
			t.Errorf("%d events and %d reads in %v: %v, want %v", test.written, test.read, test.since, got, test.want)
		}
	}
	if got := pauseAfter(time.Second, 1_000_000, 0, time.Second); got != 9*time.Second {
		t.Errorf("a slow machine: %v", got)
	}
}
