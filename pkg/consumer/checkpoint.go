package consumer

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
	"github.com/taskctl/taskctl/pkg/task"
)

// checkpoint is all that a consumer remembers.
type checkpoint struct {
	Position task.Position // of the last event that is done with
	Since    string        // the --since that the run began with, if any
	Output   string        // the output file, relative to the checkpoint's directory; empty: none
	Length   int64         // of the output, with the line of the event at Position
}

// A checkpoint file is two slots of one page, written in turn and in place. Each
// holds one line of JSON, numbered and with a checksum of itself, and the newest
// whole one counts. So a write cut short by a crash of the machine leaves the one
// before, with no sync per event to slow down the disk that the store is on.
const (
	slotSize = 4096
	fileSize = 2 * slotSize
	lockWait = 5 * time.Second // a consumer that is being stopped has 2 s to drain
)

// slot is one line of the file.
type slot struct {
	Write    uint64 `json:"write"` // rises by one with each write
	Position string `json:"position"`
	Since    string `json:"since,omitzero"`
	Output   string `json:"output,omitzero"`
	Length   int64  `json:"length,omitzero"`
}

var errLocked = errors.New("another consumer is using it")

// markFile is an open checkpoint file. Only one process has it at a time.
type markFile struct {
	file   *os.File
	write  uint64 // of the newest slot
	synced bool
}

// PutBack takes the checkpoint at path back to seq where it is further on, so that
// the events after that come again: for whoever has lost lines of them on their
// way to where they are kept. It leaves a missing checkpoint missing.
func PutBack(ctx context.Context, path string, seq uint64) (err error) {
	mark, err := openMark(ctx, path, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mark.close()) }()
	state, found, err := mark.load()
	if err != nil || !found || state.Position.Seq <= seq {
		return err
	}
	state.Position.Seq = seq
	return mark.save(state)
}

// openMark opens a checkpoint file and locks it. Where it is missing, that is an
// fs.ErrNotExist, or with the flag os.O_CREATE it is made.
func openMark(ctx context.Context, path string, flag int) (*markFile, error) {
	file, err := os.OpenFile(path, os.O_RDWR|flag, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	deadline := time.Now().Add(lockWait)
	for {
		err := lock(file)
		if err == nil {
			return &markFile{file: file}, nil
		}
		if !errors.Is(err, errLocked) || time.Now().After(deadline) || !pause(ctx, 50*time.Millisecond) {
			return nil, errors.Join(fmt.Errorf("lock checkpoint %s: %w", path, err), file.Close())
		}
	}
}

// load reads the newest checkpoint; found is false in a new file.
func (m *markFile) load() (_ checkpoint, found bool, _ error) {
	data, err := io.ReadAll(io.NewSectionReader(m.file, 0, fileSize+1))
	if err != nil {
		return checkpoint{}, false, fmt.Errorf("read checkpoint: %w", err)
	}
	if len(data) == 0 {
		return checkpoint{}, false, nil
	}
	cp, write, err := decodeCheckpoint(data)
	if err != nil {
		return checkpoint{}, false, fmt.Errorf("read checkpoint %s: %w; remove it to begin with what happens from now on",
			m.file.Name(), err)
	}
	m.write = write
	return cp, true, nil
}

// save makes cp the newest checkpoint.
func (m *markFile) save(cp checkpoint) error {
	data, err := encodeSlot(cp, m.write+1)
	if err != nil {
		return err
	}
	if _, err := m.file.WriteAt(data, int64((m.write+1)%2*slotSize)); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	m.write++
	if !m.synced { // from here on the file exists and has its size
		if err := m.file.Sync(); err != nil {
			return fmt.Errorf("sync checkpoint: %w", err)
		}
		m.synced = true
	}
	return nil
}

func (m *markFile) close() error { return m.file.Close() }

// encodeSlot makes the page of one slot: checksum, JSON, blanks, end of line.
func encodeSlot(cp checkpoint, write uint64) ([]byte, error) {
	text, err := json.Marshal(slot{write, cp.Position.String(), cp.Since, cp.Output, cp.Length})
	if err != nil {
		return nil, fmt.Errorf("encode checkpoint: %w", err)
	}
	line := fmt.Appendf(nil, "%08x %s", crc32.ChecksumIEEE(text), text)
	if len(line) >= slotSize {
		return nil, fmt.Errorf("encode checkpoint: the output's name is too long")
	}
	page := bytes.Repeat([]byte{' '}, slotSize)
	copy(page, line)
	page[slotSize-1] = '\n'
	return page, nil
}

// decodeCheckpoint returns the newest whole slot.
func decodeCheckpoint(data []byte) (cp checkpoint, write uint64, err error) {
	found := false
	for ; len(data) > 0 && len(data) <= fileSize; data = data[min(slotSize, len(data)):] {
		c, w, ok := decodeSlot(data[:min(slotSize, len(data))])
		if ok && (!found || w > write) {
			cp, write, found = c, w, true
		}
	}
	if !found {
		return checkpoint{}, 0, errors.New("it is not a checkpoint, or a damaged one")
	}
	return cp, write, nil
}

func decodeSlot(page []byte) (checkpoint, uint64, bool) {
	sum, text, ok := strings.Cut(strings.TrimRight(string(page), " \n"), " ")
	if !ok || sum != fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) {
		return checkpoint{}, 0, false
	}
	var s slot
	if json.Unmarshal([]byte(text), &s, json.RejectUnknownMembers(true)) != nil || s.Length < 0 || s.Write == 0 {
		return checkpoint{}, 0, false
	}
	position, err := task.ParsePosition(s.Position)
	if err != nil {
		return checkpoint{}, 0, false
	}
	return checkpoint{position, s.Since, s.Output, s.Length}, s.Write, true
}

// pause waits, and reports whether ctx is still alive afterwards.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
