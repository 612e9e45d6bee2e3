package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/taskctl/taskctl/pkg/task"
)

// A witness is the small file beside the database that says how far its log had
// come. A database that is put back from a backup would go on under the same
// epoch with other events behind the same numbers; it stands behind its witness,
// which the backup did not bring along, and that gives it away.
//
// The witness is written after each commit and is not synced, so it may lag
// behind the log, which says nothing, and is never ahead of it.
type witness struct{ file *os.File }

func witnessPath(path string) string { return path + "-witness" }

// openWitness opens the witness of the database at path, creating an empty one.
func openWitness(path string) (*witness, error) {
	file, err := os.OpenFile(witnessPath(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &witness{file: file}, nil
}

// readWitness returns what the witness of the database at path says; the zero
// Position where there is none or it cannot be understood.
func readWitness(path string) (task.Position, error) {
	text, err := readSettled(witnessPath(path))
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return task.Position{}, nil
		}
		return task.Position{}, err
	}
	line, ok := strings.CutSuffix(text, "\n")
	if !ok {
		return task.Position{}, nil
	}
	position, err := task.ParsePosition(strings.Replace(line, " ", ":", 1))
	if err != nil {
		return task.Position{}, nil //nolint:nilerr // not understood is an answer
	}
	return position, nil
}

// readSettled reads a small file until two reads agree: one that runs while
// another process writes may see half of what it wrote.
func readSettled(path string) (string, error) {
	text, err := os.ReadFile(path)
	for err == nil {
		before := text
		if text, err = os.ReadFile(path); bytes.Equal(before, text) {
			break
		}
	}
	return string(text), err
}

// agrees reports whether a log that stands at head can be the one whose witness
// said w, read before head was.
func agrees(w, head task.Position) bool {
	return w.Epoch != "" && w.Epoch == head.Epoch && w.Seq <= head.Seq
}

// record writes the position. Its length is fixed, so that one write call
// replaces it whole whenever the process is killed.
func (w *witness) record(p task.Position) error {
	_, err := w.file.WriteAt(line(p), 0)
	return err
}

func line(p task.Position) []byte { return fmt.Appendf(nil, "%s %019d\n", p.Epoch, p.Seq) }

// establish writes the first position of an epoch and makes the file, its
// length and its name last. Once is enough: later writes replace bytes in place.
func (w *witness) establish(p task.Position) error {
	if err := w.record(p); err != nil {
		return err
	}
	if err := w.file.Truncate(int64(len(line(p)))); err != nil {
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
