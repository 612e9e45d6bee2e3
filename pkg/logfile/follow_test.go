package logfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/taskctl/taskctl/pkg/logfile"
)

func TestFollowThroughEverythingThatHappensToAFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	f := follow(t, dir, logfile.ReadOptions{Names: []string{"api"}, Last: 0}) // nothing exists yet
	o := logfile.Options{MaxSize: 2000}
	set := openSet(t, dir, o)
	out := openStream(t, set, "api", logfile.Out)
	write(t, out, "first\nhal")
	f.want("first")
	write(t, out, "f\n")
	f.want("half")

	for i := range 20 { // rotations, several between two looks
		texts := numbered(i*1000, 1000)
		write(t, out, block(texts))
		f.want(texts...)
	}
	if len(glob(t, dir, "api-*")) == 0 {
		t.Error("nothing was rotated")
	}

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
