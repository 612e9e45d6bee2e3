// Package checkpoint keeps the position of a reader of events in a file, so that
// it continues after a crash where it was. Only one process uses a file at a time.
package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"taskctl/pkg/filelock"
	"taskctl/pkg/task"
	"taskctl/pkg/wait"
)

// State is everything that a reader remembers.
type State struct {
	Position task.Position // of the last event that is done
	Since    string        // the start position that the run was given, if any
	Output   string        // the output file, relative to the checkpoint's directory; empty: none
	Length   int64         // of the output, with the line of the event at Position
}

// A checkpoint file is two slots of one page, written in turn and in place. Each
// slot is one line of JSON with a number and a checksum, and the newest valid slot
// counts. So a write that a machine crash cuts short leaves the previous slot
// valid, and no sync per event slows down the disk that the store is on.
const (
	slotSize         = 4096
	fileSize         = 2 * slotSize
	lockTimeout      = 5 * time.Second // a consumer that is being stopped has 2 s to drain
	lockPollInterval = 50 * time.Millisecond
)

// slot is one line of the file.
type slot struct {
	Write    uint64 `json:"write"` // rises by one with each write
	Position string `json:"position"`
	Since    string `json:"since,omitzero"`
	Output   string `json:"output,omitzero"`
	Length   int64  `json:"length,omitzero"`
}

// ErrLocked means that another process uses the checkpoint.
var ErrLocked = errors.New("another consumer is using it")

// File is an open checkpoint file.
type File struct {
	file   *os.File
	write  uint64 // number of the newest slot
	synced bool
}

// Rewind moves the checkpoint at path back to seq if it is beyond it, so that the
// events after seq are delivered again. It is for events whose printed lines were lost.
// It does not create a missing checkpoint.
func Rewind(ctx context.Context, path string, seq uint64) (err error) {
	f, err := Open(ctx, path, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	state, found, err := f.Load()
	if err != nil || !found || state.Position.Seq <= seq {
		return err
	}
	state.Position.Seq = seq
	return f.Save(state)
}

// Read returns the state in the checkpoint at path, also while another process uses
// it. found is false for a missing or new file.
func Read(path string) (_ State, found bool, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, false, nil
	}
	if err != nil {
		return State{}, false, fmt.Errorf("open checkpoint: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	return (&File{file: file}).Load()
}

// Open opens a checkpoint file and locks it. A missing file is an fs.ErrNotExist,
// unless flag is os.O_CREATE. Close the file to unlock it.
func Open(ctx context.Context, path string, flag int) (*File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|flag, 0o644) //nolint:gosec // positions are not secret; the umask decides
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	deadline := time.Now().Add(lockTimeout)
	for {
		err := filelock.TryLock(file)
		if err == nil {
			return &File{file: file}, nil
		}
		if errors.Is(err, filelock.ErrLocked) {
			err = ErrLocked
		}
		if !errors.Is(err, ErrLocked) || time.Now().After(deadline) || !wait.Sleep(ctx, lockPollInterval) {
			return nil, errors.Join(fmt.Errorf("lock checkpoint %s: %w", path, err), file.Close())
		}
	}
}

// Load reads the newest state; found is false in a new file.
func (f *File) Load() (_ State, found bool, _ error) {
	data, err := io.ReadAll(io.NewSectionReader(f.file, 0, fileSize+1))
	if err != nil {
		return State{}, false, fmt.Errorf("read checkpoint: %w", err)
	}
	if len(data) == 0 {
		return State{}, false, nil
	}
	s, write, err := decode(data)
	if err != nil {
		return State{}, false, fmt.Errorf("read checkpoint %s: %w; remove it to start with new events only", f.file.Name(), err)
	}
	f.write = write
	return s, true, nil
}

// Save makes s the newest state. It survives a crash of the process at once, and a
// crash of the machine after the system has written it to disk: see Resync.
func (f *File) Save(s State) error {
	data, err := encodeSlot(s, f.write+1)
	if err != nil {
		return err
	}
	if _, err := f.file.WriteAt(data, int64((f.write+1)%2*slotSize)); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	f.write++
	if !f.synced { // the first sync makes the file itself and its size durable
		if err := f.file.Sync(); err != nil {
			return fmt.Errorf("sync checkpoint: %w", err)
		}
		f.synced = true
	}
	return nil
}

// Resync makes the next Save wait until its state is on disk.
func (f *File) Resync() { f.synced = false }

// Close unlocks and closes the file.
func (f *File) Close() error { return f.file.Close() }

// encodeSlot returns the page of one slot: checksum, JSON, spaces, newline.
func encodeSlot(s State, write uint64) ([]byte, error) {
	text, err := json.Marshal(slot{write, s.Position.String(), s.Since, s.Output, s.Length})
	if err != nil {
		return nil, fmt.Errorf("encode checkpoint: %w", err)
	}
	line := fmt.Appendf(nil, "%08x %s", crc32.ChecksumIEEE(text), text)
	if len(line) >= slotSize {
		return nil, errors.New("encode checkpoint: the output's name is too long")
	}
	page := bytes.Repeat([]byte{' '}, slotSize)
	copy(page, line)
	page[slotSize-1] = '\n'
	return page, nil
}

// decode returns the newest valid slot.
func decode(data []byte) (newest State, write uint64, err error) {
	found := false
	for ; len(data) > 0 && len(data) <= fileSize; data = data[min(slotSize, len(data)):] {
		s, w, ok := decodeSlot(data[:min(slotSize, len(data))])
		if ok && (!found || w > write) {
			newest, write, found = s, w, true
		}
	}
	if !found {
		return State{}, 0, errors.New("it is not a checkpoint, or it is damaged")
	}
	return newest, write, nil
}

func decodeSlot(page []byte) (State, uint64, bool) {
	sum, text, ok := strings.Cut(strings.TrimRight(string(page), " \n"), " ")
	if !ok || sum != fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) {
		return State{}, 0, false
	}
	var s slot
	if json.Unmarshal([]byte(text), &s, json.RejectUnknownMembers(true)) != nil || s.Length < 0 || s.Write == 0 {
		return State{}, 0, false
	}
	position, err := task.ParsePosition(s.Position)
	if err != nil {
		return State{}, 0, false
	}
	return State{position, s.Since, s.Output, s.Length}, s.Write, true
}
