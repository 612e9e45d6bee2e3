package supervisor

import (
	"os"
	"os/exec"
	"testing"
)

// TestWhatAComponentLeftIsNoOrphan has a component that left a process which cannot be
// killed. The launcher adopts it, but the receipt already lists it.
func TestWhatAComponentLeftIsNoOrphan(t *testing.T) {
	left := exec.Command("sleep", "600")
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = left.Process.Kill()
		_ = left.Wait()
	})
	sup, err := New([]Spec{{Name: "api", Runner: &stage{}}}, Options{ChildDied: make(chan os.Signal)})
	if err != nil {
		t.Fatal(err)
	}
	sup.component("api").record.leftBehind = []Instance{&actor{gen: Generation{Number: uint64(left.Process.Pid)}}}
	sup.endOrphans()
	if receipt := sup.Receipt(); len(receipt) != 1 || len(receipt[0].Left) != 1 {
		t.Errorf("the receipt lists %+v", receipt)
	}
	if p, state, ok := readStat(left.Process.Pid); !ok || state == 'Z' {
		t.Errorf("it was signalled again: %+v", p)
	}
}
