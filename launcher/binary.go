package launcher

import (
	"io/fs"
	"os"
	"runtime"

	"taskctl/launcher/control"
)

// binary is the program file of this launcher, which may be replaced while it runs.
type binary struct {
	path string
	info fs.FileInfo // nil: unknown
}

func runningBinary() binary {
	path, err := os.Executable()
	if err != nil {
		return binary{}
	}
	running := path
	if runtime.GOOS == "linux" {
		running = "/proc/self/exe" // right even if the file at path has been replaced already
	}
	info, err := os.Stat(running)
	if err != nil {
		return binary{}
	}
	return binary{path: path, info: info}
}

// replaced returns the file that has replaced the program; nil if it was not replaced
// or was deleted, as under `go run`.
func (b binary) replaced() *control.ReplacedBinary {
	if b.info == nil {
		return nil
	}
	now, err := os.Stat(b.path)
	if err != nil || os.SameFile(b.info, now) || b.info.ModTime().Equal(now.ModTime()) && b.info.Size() == now.Size() {
		return nil
	}
	return &control.ReplacedBinary{Path: b.path, ModifiedAt: now.ModTime().UTC()}
}
