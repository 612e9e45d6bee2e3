package logfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"
)

// flushSize is the number of bytes of lines that are buffered before a write.
const flushSize = 64 << 10

// File is the log file of one component. It lives as long as the process, because
// lumberjack never ends the goroutine that it starts for each file.
type File struct {
	set  *Set
	name string
	path string
	out  *lumberjack.Logger

	mu      sync.Mutex
	streams map[*Stream]struct{}
	closed  bool

	// Blocking streams write one after the other: blockedWrite is true while one of
	// them writes, even while it has released mu to wait for free space.
	blockedWrite bool
	unblocked    sync.Cond // uses mu; signalled when blockedWrite becomes false

	stampTime time.Time // time of the lines that are added next
	stampText []byte    // stampTime, formatted
	buffer    []byte    // lines that are not written yet

	openInfo    os.FileInfo // of the file that out has open; nil: none
	size        int64
	firstLineAt time.Time // when its first line was written
	midLine     bool      // the last line has no newline

	rotateAfter time.Time // the earliest time of the next rotation

	dropped      drops       // not reported in the file yet
	droppedTotal drops       // reported or not
	retry        *time.Timer // calls reportDropped; nil until lines are dropped for the first time
}

func newFile(s *Set, name string) *File {
	path := filepath.Join(s.dir, name+suffix)
	f := &File{
		set: s, name: name, path: path,
		// This package itself decides when to rotate, compress and delete. Lumberjack
		// must not compress: it removes the original before the compressed copy is
		// synced.
		out:     &lumberjack.Logger{Filename: path, MaxSize: math.MaxInt32},
		streams: make(map[*Stream]struct{}),
	}
	f.unblocked.L = &f.mu
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.open() // retried at the first write, which counts an error
	return f
}

// Stream returns a new source of lines. name is one word of small letters, such as Out.
// Several streams of one name may be open, as during a rolling restart.
func (f *File) Stream(name string) *Stream {
	return f.add(&Stream{file: f, name: name})
}

// BlockingStream is a Stream that drops nothing: if a line cannot be written, as on a
// full disk, its Write blocks until it can. It is for a component whose log must be
// complete, and which may wait meanwhile.
func (f *File) BlockingStream(name string) *Stream {
	return f.add(&Stream{file: f, name: name, blocking: true})
}

func (f *File) add(s *Stream) *Stream {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.lines.max = f.set.opts.MaxLine
	s.closed = f.closed
	if !f.closed {
		f.streams[s] = struct{}{}
	}
	return s
}

// stamp sets the time of the lines that are added next.
func (f *File) stamp() {
	f.stampTime = f.set.opts.Now().UTC()
	f.stampText = f.stampTime.AppendFormat(f.stampText[:0], stampFmt)
}

// appendLine appends a line with the current stamp.
func (f *File) appendLine(dst []byte, stream string, p piece) []byte {
	return fileLine{stamp: f.stampText, stream: stream, piece: p}.appendTo(dst)
}

// addLine puts one line into the buffer.
func (f *File) addLine(stream string, p piece) {
	f.buffer = f.appendLine(f.buffer, stream, p)
	if len(f.buffer) >= flushSize {
		f.flush()
	}
}

// flush writes the buffer, or drops and counts it.
func (f *File) flush() {
	if len(f.buffer) == 0 {
		return
	}
	if err := f.prepare(len(f.buffer)); err != nil {
		f.drop(f.buffer, err)
	} else if n, err := f.write(f.buffer); err != nil {
		f.drop(f.buffer[n:], err)
	}
	f.buffer = f.buffer[:0]
}

// writeLines writes whole lines and removes them from lines. After an error the
// unwritten lines stay in lines, and no part of them is in the file, if that can be
// undone.
func (f *File) writeLines(lines *[]byte) error {
	if len(*lines) == 0 {
		return nil
	}
	if err := f.prepare(len(*lines)); err != nil {
		return err
	}
	n, err := f.write(*lines)
	if err == nil {
		*lines = (*lines)[:0]
		return nil
	}
	whole := bytes.LastIndexByte((*lines)[:n], '\n') + 1
	if partial := int64(n - whole); partial > 0 && os.Truncate(f.path, f.size-partial) == nil {
		f.size, f.midLine = f.size-partial, false
	}
	*lines = slices.Delete(*lines, 0, whole)
	return err
}

// prepare makes the file ready for size more bytes of whole lines: it opens the file,
// rotates it if it is due, ends an unfinished line, and reports dropped lines.
func (f *File) prepare(size int) error {
	if err := f.check(); err != nil {
		return err
	}
	head := f.rotateIfDue(size)
	if f.openInfo == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	if f.midLine {
		if _, err := f.write(newline); err != nil {
			return err
		}
	}
	if f.dropped.lines > 0 {
		head = f.note(head, fmt.Sprintf("%s lines (%s bytes) dropped: %v",
			grouped(f.dropped.lines), grouped(f.dropped.bytes), cause(f.dropped.cause)))
	}
	if len(head) > 0 {
		if _, err := f.write(head); err != nil {
			return err
		}
	}
	f.dropped = drops{}
	return nil
}

// note appends a message of this package as a line.
func (f *File) note(dst []byte, text string) []byte {
	return f.appendLine(dst, Log, piece{text: []byte("[taskctl] " + text)})
}

func (f *File) write(p []byte) (int, error) {
	n, err := f.out.Write(p)
	f.size += int64(n)
	if n > 0 {
		f.midLine = p[n-1] != '\n'
	}
	return n, err
}

// check reopens the file if it was deleted, replaced or emptied from outside. Writes to
// such a file succeed, so lines would be lost without an error. The check costs a
// microsecond per write.
func (f *File) check() error {
	if f.openInfo != nil {
		info, err := os.Lstat(f.path)
		if err == nil && os.SameFile(info, f.openInfo) && info.Size() == f.size {
			return nil
		}
	}
	return f.open()
}

// open creates the file if it is missing, makes lumberjack open it for append, and
// finds out how it ends.
func (f *File) open() error {
	f.openInfo = nil
	if err := f.out.Close(); err != nil {
		return err
	}
	file, err := openRegular(f.path, os.O_CREATE|os.O_APPEND|os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(f.set.dir, 0o755); err != nil { //nolint:gosec // as in Open
			return err
		}
		file, err = openRegular(f.path, os.O_CREATE|os.O_APPEND|os.O_RDWR)
	}
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil {
		f.openInfo, f.size = info, info.Size()
		f.firstLineAt, f.midLine, err = inspect(file, info, f.set.opts.Now())
	}
	if err == nil {
		_, err = f.out.Write(nil) // makes lumberjack open it; from now on its inode cannot be reused
	}
	if err = errors.Join(err, file.Close()); err != nil {
		f.openInfo = nil
	}
	return err
}

// inspect returns when a file's first line was written, and whether its last line has
// no newline, because the writer was killed during a write.
func inspect(file *os.File, info os.FileInfo, now time.Time) (firstLineAt time.Time, midLine bool, err error) {
	if info.Size() == 0 {
		return now, false, nil
	}
	first, last := make([]byte, len(stampFmt)), make([]byte, 1)
	if _, err := file.ReadAt(last, info.Size()-1); err != nil {
		return now, false, err
	}
	n, _ := file.ReadAt(first, 0)
	firstLineAt, ok := parseStamp(first[:n])
	if !ok {
		firstLineAt = info.ModTime()
	}
	return firstLineAt, last[0] != '\n', nil
}

// EndsMidLine reports whether the last line of a log in dir has no newline, because the
// writer was killed during a write. For a log that does not exist it is false.
func EndsMidLine(dir, name string) (midLine bool, err error) {
	file, err := openRegular(filepath.Join(dir, fileName{name: name}.String()), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	_, midLine, err = inspect(file, info, time.Time{})
	return midLine, err
}

func (f *File) empty() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	freed, err := truncate(f.path)
	if err == nil && !f.closed {
		err = f.open()
	}
	return freed, err
}

// close writes the buffer and syncs the file.
func (f *File) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.stamp()
	for s := range f.streams {
		s.end()
	}
	clear(f.streams)
	f.flush()
	if f.retry != nil {
		f.retry.Stop()
	}
	var unwritten error
	if f.dropped.lines > 0 && f.prepare(0) != nil {
		unwritten = fmt.Errorf("log of %s: %s lines dropped: %w", f.name, grouped(f.dropped.lines), f.dropped.cause)
	}
	f.openInfo = nil
	return errors.Join(unwritten, f.out.Close(), syncFile(f.path))
}

// syncFile syncs a file to the disk. Lumberjack does not give access to its descriptor,
// but syncing any descriptor syncs the file.
func syncFile(path string) error {
	file, err := openRegular(path, os.O_WRONLY)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotRegular) {
		return nil // a write error has been reported already
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// cause is the error without the path of the file, which a reader of the file knows.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
