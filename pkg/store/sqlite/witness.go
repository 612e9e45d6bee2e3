package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"taskctl/pkg/ownfile"
	"taskctl/pkg/task"
)

// A witness is the small file beside the database that records the database's epoch
// and the head of its log. It reveals that a database was restored from a backup, or
// has lost its last commits: the head of its log is then behind the recorded one. A
// witness that was restored with its database is a new file, whose record has the
// creation time of the old one. See docs/adr.
//
// It is written after each commit and is not synced, so it may be behind the log,
// and is never ahead of it.
type witness struct {
	file    *os.File
	created int64
}

// witnessRecord is what a witness contains.
type witnessRecord struct {
	task.Position
	original bool  // it is not a copy of the file
	loss     *Loss // the last one found; nil: none
}

// Loss describes the events that a database had lost when it was opened.
type Loss struct {
	Had  task.Position // the head that the witness had recorded
	Has  task.Position // the head of the log that was found; its epoch is the new one
	When time.Time
}

// LastLoss returns the last loss that was found in the database at path, or nil.
func LastLoss(path string) (*Loss, error) {
	record, err := readWitness(path)
	return record.loss, err
}

func witnessPath(path string) string { return path + "-witness" }

// openWitness opens the witness of the database at path, creating an empty one.
func openWitness(path string) (*witness, error) {
	file, err := ownfile.Open(witnessPath(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &witness{file: file, created: createdAt(file)}, nil
}

// readWitness returns the record of the witness of the database at path; an empty one
// if there is no witness or it is damaged.
func readWitness(path string) (record witnessRecord, err error) {
	file, err := ownfile.Open(witnessPath(path), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return record, nil
	}
	if err != nil {
		return record, err
	}
	first, second, _ := strings.Cut(readStable(file), "\n")
	var created int64
	if _, err := fmt.Sscanf(first, "%s %d %d", &record.Epoch, &record.Seq, &created); err == nil {
		record.original = created == createdAt(file)
	}
	var loss Loss
	var when int64
	if _, err := fmt.Sscanf(second, lossFormat, &loss.Had.Epoch, &loss.Had.Seq, &loss.Has.Epoch, &loss.Has.Seq, &when); err == nil {
		loss.When = time.Unix(when, 0)
		record.loss = &loss
	}
	return record, file.Close()
}

const (
	// witnessFormat has a fixed length, so that one write call replaces the line
	// whole whenever the process is killed: epoch, seq, creation time of the file.
	witnessFormat = "%16s %019d %019d\n"
	lossFormat    = "lost %s %d %s %d %d\n"
	// maxWitness bounds the size of both lines in bytes.
	maxWitness = 512
)

// readStable reads a small file until two reads agree, because a read beside a write of
// another process may see half of it.
func readStable(file *os.File) string {
	var now, before [maxWitness]byte
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

// matches reports whether a log that ends at head can be the one that the witness
// recorded. The witness was read before the log.
func (r witnessRecord) matches(head task.Position) bool {
	return r.original && r.Epoch != "" && r.Epoch == head.Epoch && r.Seq <= head.Seq
}

// lossAt returns the loss if the log ends at head; nil: none that the witness shows.
func (r witnessRecord) lossAt(head task.Position, now time.Time) *Loss {
	if !r.original || r.Epoch == "" || r.Epoch == head.Epoch && r.Seq <= head.Seq {
		return nil
	}
	if r.Seq == 0 { // there were no events
		return nil
	}
	return &Loss{Had: r.Position, Has: head, When: now}
}

// record writes the position.
func (w *witness) record(p task.Position) error {
	_, err := w.file.WriteAt(w.line(p), 0)
	return err
}

func (w *witness) line(p task.Position) []byte {
	return fmt.Appendf(nil, witnessFormat, p.Epoch, p.Seq, w.created)
}

// establish writes the first position of an epoch, and the loss that caused it, and
// syncs the file and its directory. Once is enough: later writes replace bytes in
// place.
func (w *witness) establish(p task.Position, loss *Loss) error {
	text := w.line(p)
	if loss != nil {
		text = fmt.Appendf(text, lossFormat, loss.Had.Epoch, loss.Had.Seq, p.Epoch, loss.Has.Seq, loss.When.Unix())
	}
	if _, err := w.file.WriteAt(text, 0); err != nil {
		return err
	}
	if err := w.file.Truncate(int64(len(text))); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(w.file.Name()))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = dir.Sync() // a directory cannot be synced on every system
	return dir.Close()
}

// discard makes the witness match no log, so that the next open of the database begins a
// new epoch.
func (w *witness) discard(seq uint64) error {
	return w.record(task.Position{Epoch: overwrittenEpoch, Seq: seq})
}

// overwrittenEpoch is not the epoch of any database.
const overwrittenEpoch = "replaced"

func (w *witness) close() error { return w.file.Close() }
