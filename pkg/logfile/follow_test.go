package logfile_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"taskctl/pkg/logfile"
)

func TestFollowThroughEverythingThatHappensToAFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	f := follow(t, dir, logfile.ReadOptions{Names: []string{"api"}}) // nothing exists yet
	o := logfile.Options{MaxSize: 2000}
	set := openSet(t, dir, o)
	out := openStream(t, set, "api", logfile.Out)
	write(t, out, "first\nhal")
	f.want("first")
	write(t, out, "f\n")
	f.want("half")

	if _, err := set.Empty("api"); err != nil {
		t.Fatal(err)
	}
	write(t, out, "after emptying\n")
	f.want("after emptying")

	if err := os.Remove(filepath.Join(dir, "api.log")); err != nil {
		t.Fatal(err)
	}
	write(t, out, "after deleting\n")
	f.want("after deleting")

	closeSet(t, set)
	set = openSet(t, dir, o)
	write(t, openStream(t, set, "api", logfile.Out), "after a restart\n")
	f.want("after a restart")
}

// Files are rotated, and compressed, faster than the follower looks at them.
func TestFollowLosesNothingWhenFilesAreRotatedInARush(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{MaxSize: 5000})
	out := openStream(t, set, "api", logfile.Out)
	f := follow(t, dir, logfile.ReadOptions{})
	written := make(chan []string)
	go func() {
		var all []string
		for len(glob(t, dir, "api-*")) < 10 {
			texts := numbered(len(all), 150)
			write(t, out, block(texts))
			all = append(all, texts...)
		}
		written <- all
	}()
	f.want(<-written...)
	closeSet(t, set)
}

func TestFollowBeginsWhereItIsTold(t *testing.T) {
	for _, tt := range []struct {
		name string
		last int
		want []string
	}{
		{"at the end", 0, nil},
		{"before it", 3, []string{"b5", "a6", "b6"}},
		{"in a rotated file", 5, []string{"b4", "a5", "b5", "a6", "b6"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := twoComponents(t)
			f := follow(t, dir, logfile.ReadOptions{Last: tt.last})
			set := openSet(t, dir, logfile.Options{Keep: 1e6 * time.Hour})
			write(t, openStream(t, set, "b", logfile.Out), "new\n")
			f.want(append(tt.want, "new")...)
			// One that did not exist when the following began.
			write(t, openStream(t, set, "c", logfile.Out), "another\n")
			f.want("another")
		})
	}
}

func TestFollowWaitsForTheRestOfALine(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, at(1, "one")+"2026-01-02T03:00:02.000000Z out tw", dir, "api.log")
	f := follow(t, dir, logfile.ReadOptions{Last: logfile.All})
	f.want("one")
	if err := appendTo(filepath.Join(dir, "api.log"), "o\n"); err != nil {
		t.Fatal(err)
	}
	f.want("two")
}

// The size alone does not show that a file was emptied and has grown again.
func TestFollowNoticesAFileThatWasEmptiedAndHasGrownAgain(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{})
	out := openStream(t, set, "api", logfile.Out)
	write(t, out, "one\n")
	var got []string
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := logfile.ReadOptions{Last: logfile.All, Every: time.Millisecond}
	err := logfile.Follow(ctx, dir, o, func(e logfile.Entry) error {
		if got = append(got, e.Text); e.Text == "one" {
			if _, err := set.Empty(); err != nil {
				return err
			}
			write(t, out, "a longer line than the first\nand another\n")
		}
		if e.Text == "and another" {
			cancel()
		}
		return nil
	})
	if want := []string{"one", "a longer line than the first", "and another"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Follow = %q, %v, want %q", got, err, want)
	}
}

func TestFollowMergesByTime(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{})
	streams := []*logfile.Stream{
		openStream(t, set, "a", logfile.Out), openStream(t, set, "b", logfile.Out), openStream(t, set, "c", logfile.Out),
	}
	f := follow(t, dir, logfile.ReadOptions{Names: []string{"c", "b", "a"}})
	texts := numbered(0, 5000)
	go func() {
		for i, text := range texts {
			write(t, streams[i%len(streams)], text+"\n")
			for now := time.Now(); time.Since(now) < 2*time.Microsecond; { // the stamps tell microseconds apart
			}
		}
	}()
	f.want(texts...)
}

// Lines from before the clock was set back are not delayed until that time.
func TestFollowDoesNotWaitForTheFuture(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{Now: func() time.Time { return time.Now().Add(time.Hour) }})
	a, b := openStream(t, set, "a", logfile.Out), openStream(t, set, "b", logfile.Out)
	f := follow(t, dir, logfile.ReadOptions{})
	write(t, a, "one\n")
	f.want("one")
	write(t, b, "two\n")
	f.want("two")
}

func TestFollowLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithCancel(t.Context())
	o := everything()
	o.Flush = func() error { cancel(); return nil }
	if err := logfile.Follow(ctx, twoComponents(t), o, func(logfile.Entry) error { return nil }); err != nil {
		t.Error(err)
	}
}
