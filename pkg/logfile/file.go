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

const (
	blockSize    = 64 << 10             // lines are written in blocks of about this size
	retryLost    = time.Second          // how often a disk that refused is tried without a new line
	retryRotate  = time.Minute          // how long a file that cannot be rotated is left growing
	rotateApart  = 2 * time.Millisecond // lumberjack's names of rotated files tell no less apart
	rotateBehind = 50 * time.Millisecond
)

var errNotRegular = errors.New("it is not a regular file")

// File is the log file of one component. There is one for the life of the
// process, because lumberjack never ends the goroutine that it starts for each.
type File struct {
	set  *Set
	name string
	path string
	out  *lumberjack.Logger

	turn    sync.Mutex // held by the patient stream that writes, before mu
	mu      sync.Mutex
	streams map[*Stream]struct{}
	closed  bool

	now   time.Time // of the lines being added, and the same as stampFmt
	clock []byte
	block []byte // lines not written yet

	opened os.FileInfo // the file that out has open; nil: none
	size   int64
	born   time.Time // when its first line was written
	torn   bool      // its last line has no newline

	rotateAfter time.Time // no rotation is tried before

	lost    loss        // not told in the file yet
	lostAll loss        // told or not
	retry   *time.Timer // set while there is something to tell
}

// loss is what could not be written, and why not at first.
type loss struct {
	lines, bytes int64
	cause        error
}

func newFile(s *Set, name string) *File {
	path := filepath.Join(s.dir, name+suffix)
	f := &File{
		set: s, name: name, path: path,
		// We rotate, sweep and compress; lumberjack must never do so by itself.
		// Its compressing removes the original before the copy is on the disk.
		out:     &lumberjack.Logger{Filename: path, MaxSize: math.MaxInt32},
		streams: make(map[*Stream]struct{}),
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.open() // tried again at the first write, where a failure is counted
	return f
}

// Stream returns a new source of lines. name is one word of small letters, as
// Out and Err; streams of one name may be open at once, as while the process of
// a component is replaced by the next.
func (f *File) Stream(name string) *Stream { return f.stream(name, false) }

// PatientStream is a Stream that drops nothing: where a line cannot be written, as
// on a full disk, its Write waits until it can. For a component that may stand
// still meanwhile, and of which each line counts.
func (f *File) PatientStream(name string) *Stream { return f.stream(name, true) }

func (f *File) stream(name string, patient bool) *Stream {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &Stream{file: f, name: name, lines: splitter{max: f.set.opts.MaxLine}, closed: f.closed, patient: patient}
	if !f.closed {
		f.streams[s] = struct{}{}
	}
	return s
}

// stamp sets the time of the lines that are added next.
func (f *File) stamp() {
	f.now = f.set.opts.Now().UTC()
	f.clock = f.now.AppendFormat(f.clock[:0], stampFmt)
}

// add puts one line into the block.
func (f *File) add(stream string, text []byte, more bool) {
	f.block = appendLine(f.block, f.clock, stream, text, more)
	if len(f.block) >= blockSize {
		f.flush()
	}
}

// flush writes the block, or drops and counts it.
func (f *File) flush() {
	if len(f.block) == 0 {
		return
	}
	if err := f.ready(len(f.block)); err != nil {
		f.lose(f.block, err)
	} else if n, err := f.write(f.block); err != nil {
		f.lose(f.block[n:], err)
	}
	f.block = f.block[:0]
}

// put writes whole lines and takes them away from lines. With an error the rest
// stays there, and nothing of it in the file, as far as that can be helped.
func (f *File) put(lines *[]byte) error {
	if len(*lines) == 0 {
		return nil
	}
	if err := f.ready(len(*lines)); err != nil {
		return err
	}
	n, err := f.write(*lines)
	if err == nil {
		*lines = (*lines)[:0]
		return nil
	}
	whole := bytes.LastIndexByte((*lines)[:n], '\n') + 1
	if torn := int64(n - whole); torn > 0 && os.Truncate(f.path, f.size-torn) == nil {
		f.size, f.torn = f.size-torn, false
	}
	*lines = slices.Delete(*lines, 0, whole)
	return err
}

// ready brings the file to where a block of size bytes may follow: it exists, has
// room, ends in a newline, and says what was lost before.
func (f *File) ready(size int) error {
	if err := f.check(); err != nil {
		return err
	}
	head := f.rotateIfDue(size)
	if f.opened == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	if f.torn {
		if _, err := f.write(newline); err != nil {
			return err
		}
	}
	if f.lost.lines > 0 {
		head = f.note(head, fmt.Sprintf("%s lines (%s bytes) lost: %v",
			grouped(f.lost.lines), grouped(f.lost.bytes), cause(f.lost.cause)))
	}
	if len(head) > 0 {
		if _, err := f.write(head); err != nil {
			return err
		}
	}
	f.lost = loss{}
	return nil
}

func (f *File) note(dst []byte, text string) []byte {
	return appendLine(dst, f.clock, Log, []byte("[taskctl] "+text), false)
}

func (f *File) write(p []byte) (int, error) {
	n, err := f.out.Write(p)
	f.size += int64(n)
	if n > 0 {
		f.torn = p[n-1] != '\n'
	}
	return n, err
}

// check makes sure that out has open what stands at the path. A file that was
// deleted, replaced or emptied from outside takes writes without an error, so it
// is looked at before each block: that costs a microsecond, and no line.
func (f *File) check() error {
	if f.opened != nil {
		info, err := os.Stat(f.path)
		if err == nil && os.SameFile(info, f.opened) && info.Size() == f.size {
			return nil
		}
	}
	return f.open()
}

// open makes the file if it is missing, has lumberjack open it, for append as it
// does with any file that exists, and learns where it stands.
func (f *File) open() error {
	f.opened = nil
	if err := f.out.Close(); err != nil {
		return err
	}
	// lumberjack would rename what it cannot open, and wait for ever on a pipe.
	info, err := os.Stat(f.path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return errNotRegular
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(f.set.dir, 0o755); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o640)
	if err != nil {
		return err
	}
	info, err = file.Stat()
	if err == nil {
		f.opened, f.size = info, info.Size()
		f.born, f.torn, err = inspect(file, info, f.set.opts.Now())
	}
	if err == nil {
		_, err = f.out.Write(nil) // from now on nothing else can have its inode
	}
	if err = errors.Join(err, file.Close()); err != nil {
		f.opened = nil
	}
	return err
}

// Torn reports whether the last line of a log in dir has no newline, as when the
// writer was killed in mid-write. A log that is not there is not torn.
func Torn(dir, name string) (torn bool, err error) {
	file, err := os.Open(filepath.Join(dir, fileName{name: name}.String()))
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
	_, torn, err = inspect(file, info, time.Time{})
	return torn, err
}

// inspect returns when a file's first line was written, and whether its last one
// has no newline, as when the writer was killed in mid-write.
func inspect(file *os.File, info os.FileInfo, now time.Time) (born time.Time, torn bool, err error) {
	if info.Size() == 0 {
		return now, false, nil
	}
	first, last := make([]byte, len(stampFmt)), make([]byte, 1)
	if _, err := file.ReadAt(last, info.Size()-1); err != nil {
		return now, false, err
	}
	n, _ := file.ReadAt(first, 0)
	born, ok := parseStamp(first[:n])
	if !ok {
		born = info.ModTime()
	}
	return born, last[0] != '\n', nil
}

// lose counts the lines of p as dropped. Of a torn line the end is counted.
func (f *File) lose(p []byte, err error) {
	lines, size := int64(bytes.Count(p, newline)), int64(len(p))
	if f.lost.lines == 0 {
		f.lost.cause = err
	}
	f.lost.lines, f.lost.bytes = f.lost.lines+lines, f.lost.bytes+size
	f.lostAll.lines, f.lostAll.bytes = f.lostAll.lines+lines, f.lostAll.bytes+size
	if f.retry == nil {
		f.retry = time.AfterFunc(retryLost, f.tell)
	} else {
		f.retry.Reset(retryLost)
	}
}

// tell says in the file what was lost, once the disk takes writes again, also
// when the component has nothing more to say.
func (f *File) tell() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.lost.lines == 0 {
		return
	}
	f.stamp()
	if f.ready(0) != nil {
		f.retry.Reset(retryLost)
	}
}

func (f *File) lostInAll() (lines, bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lostAll.lines, f.lostAll.bytes
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

// close writes what is held and waits for the disk to have it.
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
	if f.lost.lines > 0 && f.ready(0) != nil {
		unwritten = fmt.Errorf("log of %s: %s lines lost: %w", f.name, grouped(f.lost.lines), f.lost.cause)
	}
	f.opened = nil
	return errors.Join(unwritten, f.out.Close(), syncFile(f.path))
}

// syncFile brings a file to the disk. lumberjack keeps its own descriptor to itself,
// but what is synced is the file, through whichever one.
func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// cause leaves out what a reader of the file knows: which file it is.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// grouped renders n with commas between the thousands.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
