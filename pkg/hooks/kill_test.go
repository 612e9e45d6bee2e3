package hooks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/client"
	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/hooks"
	"taskctl/pkg/wait/waittest"
)

// childVariable makes the test binary run hooks, so that they can be killed.
const childVariable = "TASKCTL_TEST_HOOKS"

// child is what a process with hooks is given.
type child struct {
	URL, Dir string
	Hooks    []hooks.Hook
}

func runChild(text string) {
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		panic(err)
	}
	cl, err := client.New(client.Config{WebSocketURL: c.URL})
	if err != nil {
		panic(err)
	}
	h, err := hooks.New(c.Hooks, hooks.Deps{
		Client: cl, Dir: c.Dir, Version: "test", Logger: slog.New(slog.DiscardHandler), Stdout: io.Discard, Stderr: io.Discard,
	})
	if err == nil {
		err = h.Run(context.Background())
	}
	if err != nil {
		panic(err)
	}
}

// Whatever is killed when, every event reaches its receiver, in order, or its
// dead-letter file, once.
func TestNothingIsLostWhateverIsKilled(t *testing.T) {
	const events = 400
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			s, dir := clienttest.New(t), t.TempDir()
			dice := rand.New(rand.NewPCG(seed, 0))
			dies := func(seq uint64) bool { return seq%7 == 0 }
			r := receive(t, func(w http.ResponseWriter, _ *http.Request, seq uint64, _ int) bool {
				if dies(seq) {
					w.WriteHeader(http.StatusGone)
				}
				return !dies(seq)
			})
			fromTheBeginning(t, dir, s, "a")
			text, err := json.Marshal(child{URL: s.WebSocketURL(), Dir: dir, Hooks: []hooks.Hook{r.hook("a")}})
			if err != nil {
				t.Fatal(err)
			}
			spawn := func() (kill func()) {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), childVariable+"="+string(text))
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				return func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
			}
			for range 12 {
				kill := spawn()
				s.Add(events / 12)
				<-time.After(time.Duration(20+dice.IntN(150)) * time.Millisecond)
				kill()
			}
			kill := spawn()
			defer kill()
			head := s.Add(1)
			waittest.For(t, "the end of the log", func() bool { return statusOf(t, dir, "a", head).Position == head.String() })

			var first []uint64 // of each event
			for _, seq := range r.got() {
				if !slices.Contains(first, seq) {
					first = append(first, seq)
				}
			}
			want := slices.DeleteFunc(sequence(1, head.Seq), dies)
			if !slices.Equal(first, want) {
				t.Errorf("first deliveries: %v", first)
			}
			letters, err := os.ReadFile(filepath.Join(dir, "a.dead.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			for seq := range head.Seq {
				if n := strings.Count(string(letters), fmt.Sprintf(`{"id":"evt_%s_%d"`, head.Epoch, seq+1)); n > 1 || (n == 1) != dies(seq+1) {
					t.Errorf("event %d is %d times in the dead-letter file", seq+1, n)
				}
			}
		})
	}
}
