package hooks

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"taskctl/pkg/filelock"
	"taskctl/pkg/ownfile"
	"taskctl/pkg/wait"
)

const lockPollInterval = 50 * time.Millisecond

// Letter is an event that could not be delivered: one line of the dead-letter file.
type Letter struct {
	ID       string         `json:"id"`
	FailedAt time.Time      `json:"failed_at"`
	Attempts int            `json:"attempts"`
	Error    string         `json:"error"` // of the last attempt
	Event    jsontext.Value `json:"event"` // the body as sent
}

// deadLetters is the file of what a hook could not deliver. The component appends to
// it and a replay removes from it, both under a lock.
type deadLetters struct {
	path string
}

func deadLettersOf(dir, name string) deadLetters {
	return deadLetters{path: filepath.Join(dir, name+".dead.jsonl")}
}

// add appends a letter and returns when it is on disk. It does not repeat the last
// letter: a component that was killed before its checkpoint tries that event again.
func (d deadLetters) add(ctx context.Context, l Letter) error {
	unlock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	letters, whole, err := d.read()
	if err != nil {
		return err
	}
	if n := len(letters); n > 0 && letters[n-1].ID == l.ID {
		return nil
	}
	line, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode dead letter %s: %w", l.ID, err)
	}
	file, err := ownfile.Open(d.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open dead letters: %w", err)
	}
	err = file.Truncate(whole) // removes a line that a crash cut short
	if err == nil {
		_, err = file.WriteAt(append(line, '\n'), whole)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write dead letter %s: %w", l.ID, err)
	}
	return syncDir(filepath.Dir(d.path))
}

// read returns all letters and the size of their lines. The caller has the lock.
func (d deadLetters) read() (letters []Letter, whole int64, err error) {
	file, err := ownfile.Open(d.path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("open dead letters: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	lines := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return letters, whole, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("read dead letters: %w", err)
		}
		var l Letter
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, 0, fmt.Errorf("read line %d of %s: %w", n, d.path, err)
		}
		letters, whole = append(letters, l), whole+int64(len(line))
	}
}

// replace makes letters the whole content, on disk. The caller has the lock.
func (d deadLetters) replace(letters []Letter) error {
	if len(letters) == 0 {
		if err := os.Remove(d.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove dead letters: %w", err)
		}
		return syncDir(filepath.Dir(d.path))
	}
	var text bytes.Buffer
	for _, l := range letters {
		line, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("encode dead letter %s: %w", l.ID, err)
		}
		text.Write(append(line, '\n'))
	}
	file, err := os.CreateTemp(filepath.Dir(d.path), filepath.Base(d.path)+".*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	_, err = file.Write(text.Bytes())
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), d.path)
	}
	if err != nil {
		return fmt.Errorf("write dead letters: %w", errors.Join(err, os.Remove(file.Name())))
	}
	return syncDir(filepath.Dir(d.path))
}

// lock keeps other processes away from the file until unlock.
func (d deadLetters) lock(ctx context.Context) (unlock func(), err error) {
	file, err := ownfile.Open(d.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock dead letters: %w", err)
	}
	for {
		if err = filelock.TryLock(file); err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, filelock.ErrLocked) || !wait.Sleep(ctx, lockPollInterval) {
			return nil, errors.Join(fmt.Errorf("lock dead letters: %w", err), file.Close())
		}
	}
}

// count returns how many letters there are; without the lock, for the status.
func (d deadLetters) count() int {
	data, err := ownfile.Read(d.path)
	if err != nil {
		return 0
	}
	return bytes.Count(data, []byte{'\n'})
}
