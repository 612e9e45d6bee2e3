package launcher

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReplacedBinary(t *testing.T) {
	if b := runningBinary(); b.info == nil || b.replaced() != nil {
		t.Errorf("the test's own program is taken for replaced: %+v", b)
	}
	path := filepath.Join(t.TempDir(), "taskctl")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(path, "one")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	b := binary{path: path, info: info}
	if b.replaced() != nil {
		t.Error("it is replaced by itself")
	}
	write(path+".new", "another one")
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if found := b.replaced(); found == nil || found.Path != path {
		t.Errorf("replaced by %+v", found)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if b.replaced() != nil {
		t.Error("it is replaced by nothing")
	}
}
