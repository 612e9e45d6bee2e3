package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/taskctl/taskctl/pkg/task"
)

// A witness is the small file beside the database that says how far its log had
// come. A database that is put back from a backup would go on under the same
// epoch, with other events behind the same numbers; but it stands behind its
// witness. A witness that was put back along with it is a new file, and says
// when the file was made that it was written to.
//
// It is written after each commit and is not synced, so it may lag behind the
// log, which says nothing, and is never ahead of it.
type witness struct {
	file  *os.File
	birth int64
}

// testimony is what a witness says.
type testimony struct {
	task.Position
	genuine bool // it is the file that was written to
}

func witnessPath(path string) string { return path + "-witness" }

// openWitness opens the witness of the database at path, creating an empty one.
func openWitness(path string) (*witness, error) {
	file, err := os.OpenFile(witnessPath(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &witness{file: file, birth: birth(file)}, nil
}

// question returns what the witness of the database at path says; nothing where
// there is none or it cannot be understood.
func question(path string) (testimony, error) {
	file, err := os.Open(witnessPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return testimony{}, nil
	}
	if err != nil {
		return testimony{}, err
	}
	text := readSettled(file)
	var said testimony
	var born int64
	if _, err := fmt.Sscanf(text, "%s %d %d\n", &said.Epoch, &said.Seq, &born); err == nil {
		said.genuine = born == birth(file)
	}
	return said, file.Close()
}

// witnessLine has a fixed length, so that one write call replaces it whole
// whenever the process is killed: epoch, seq, birth.
const witnessLine = "%16s %019d %019d\n"

// readSettled reads a small file until two reads agree: one that runs while
// another process writes may see half of what it wrote.
func readSettled(file *os.File) string {
	var now, before [len(witnessLine) * 8]byte
	for {
		n, err := file.ReadAt(now[:], 0)
		if err != nil && n == 0 {
			return "" // empty
		}
		if now == before {
			return string(now[:n])
		}
		before = now
	}
}

// vouches reports whether a log that stands at head can be the one that the
// witness saw. The witness was asked before the log.
func (t testimony) vouches(head task.Position) bool {
	return t.genuine && t.Epoch != "" && t.Epoch == head.Epoch && t.Seq <= head.Seq
}

// record writes the position.
func (w *witness) record(p task.Position) error {
	_, err := w.file.WriteAt(w.line(p), 0)
	return err
}

func (w *witness) line(p task.Position) []byte {
	return fmt.Appendf(nil, witnessLine, p.Epoch, p.Seq, w.birth)
}

// establish writes the first position of an epoch and makes the file, its
// length and its name last. Once is enough: later writes replace bytes in place.
func (w *witness) establish(p task.Position) error {
	if err := w.record(p); err != nil {
		return err
	}
	if err := w.file.Truncate(int64(len(w.line(p)))); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(w.file.Name()))
	if err != nil {
		return err
	}
	_ = dir.Sync() // a directory cannot be synced on every system
	return dir.Close()
}

func (w *witness) close() error { return w.file.Close() }
