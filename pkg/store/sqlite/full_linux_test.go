package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

// smallDisk mounts a disk of that number of bytes.
func smallDisk(t *testing.T, size int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk fills the disk, and then makes room.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t, 6<<20)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Path: filepath.Join(dir, "tasks.db")})
	epoch := head(t, s).Epoch
	acknowledged := map[string]string{}
	var mu sync.Mutex
	// write writes until it fails, at most so often.
	write := func(most int) error {
		for range most {
			r, err := s.Write(t.Context(), task.Change{
				Kind: task.Create, ID: storetest.NewID(t), Patch: storetest.Values("x", strings.Repeat("long ", 2000), false),
			})
			if err != nil {
				return err
			}
			mu.Lock()
			acknowledged[fmt.Sprint(r.Position.Seq)] = r.Task.ID
			mu.Unlock()
		}
		return nil
	}
	fillUp := func() {
		t.Helper()
		var writers sync.WaitGroup
		for range 8 {
			writers.Go(func() {
				if err := write(1000); !errors.Is(err, task.ErrUnavailable) {
					t.Errorf("Write to a full disk: %v", err)
				}
			})
		}
		writers.Wait()
	}
	fillUp()
	checkWhole(t, s, acknowledged)
	if len(acknowledged) == 0 {
		t.Fatal("nothing was written before the disk was full")
	}
	if _, err := Open(t.Context(), Options{Path: filepath.Join(dir, "second", "tasks.db")}); err == nil {
		t.Error("a second database was created on a full disk")
	} else {
		t.Log(err)
	}
	before := len(acknowledged)

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := write(10); err != nil {
		t.Fatalf("Write when there is room again: %v", err)
	}
	if len(acknowledged) != before+10 {
		t.Fatalf("%d writes, then %d", before, len(acknowledged))
	}
	fillUp()
	checkWhole(t, s, acknowledged)
	if at := head(t, s); at.Epoch != epoch || at.Seq != uint64(len(acknowledged)) {
		t.Fatalf("%d writes were acknowledged, and the log stands at %v", len(acknowledged), at)
	}
}

// TestFullDiskStaysFull has little space left after a write was refused: a test write of
// SQLite fits, and no task does.
func TestFullDiskStaysFull(t *testing.T) {
	dir := smallDisk(t, 8<<20)
	s := open(t, Options{Path: filepath.Join(dir, "tasks.db")})
	addTask(t, s, "before", "")
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 16<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	write := func() error {
		_, err := s.Write(t.Context(), task.Change{
			Kind: task.Create, ID: storetest.NewID(t), Patch: storetest.Values("x", strings.Repeat("long ", 2000), false),
		})
		return err
	}
	for range 20 { // SQLite's log may have room for some
		if err := write(); err != nil && !errors.Is(err, task.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if err := s.CheckWrite(t.Context()); err == nil {
		t.Fatal("writes are refused, and the store says that it takes them")
	}
	changed := func() time.Time {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	before := changed()
	waittest.For(t, "a test write", func() bool { return changed().After(before) })
	if err := s.CheckWrite(t.Context()); err == nil {
		t.Error("a test write fits, and the store says that it takes writes")
	}
	if err := write(); !errors.Is(err, task.ErrUnavailable) {
		t.Errorf("the disk is not full: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	waittest.For(t, "the store to notice the space", func() bool { return s.CheckWrite(t.Context()) == nil })
	if err := write(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".space-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
