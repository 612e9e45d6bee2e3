package logfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// cursor reads the log of one component: first rotated files, then the current file,
// and then each file that replaces it.
type cursor struct {
	dir, name string
	follow    bool // a last line without a newline is not complete yet

	known     map[time.Time]bool // rotated files that were queued or skipped
	queue     []fileName         // rotated files still to read, oldest first
	rotated   io.Closer          // the rotated file being read; nil: none
	current   *growingFile       // the current file; nil: there is none
	readLimit int64              // current is read up to here; negative: no limit
	replaced  bool               // current is no longer at the path, and is read a last time
	finished  os.FileInfo        // the previous current file, read to its end
	lines     *lineReader        // of the file being read, rotated or current; nil: none

	last       time.Time // of the previous entry
	pending    Entry     // the next entry, if hasPending
	hasPending bool
	exhausted  bool // no more entries in this round
}

func (c *cursor) path() string { return filepath.Join(c.dir, c.name+suffix) }

// start places the cursor so that the newest last lines follow, and perhaps some more.
// With a negative last, it begins with the first file that does not end before since.
// readLimit becomes the present end of the log.
func (c *cursor) start(last int, since time.Time) error {
	c.known = make(map[time.Time]bool)
	c.readLimit = -1
	if err := c.openCurrent(); err != nil {
		return err
	}
	c.queue = slices.DeleteFunc(c.queue, func(f fileName) bool { return f.rotated.Before(since) })
	if c.current != nil {
		at, lines, err := tail(c.current.file, max(0, last))
		if err != nil {
			return err
		}
		if last >= 0 {
			c.current.offset = at
			last -= lines
		}
		if c.readLimit, err = c.current.file.Seek(0, io.SeekEnd); err != nil {
			return err
		}
	}
	for i, f := range slices.Backward(c.queue) {
		if last == 0 {
			c.queue = c.queue[i+1:]
			break
		}
		if last > 0 {
			last = max(0, last-countLines(c.dir, f))
		}
	}
	return nil
}

func (c *cursor) close() {
	if c.rotated != nil {
		_ = c.rotated.Close() // only read
	}
	if c.current != nil {
		_ = c.current.file.Close()
	}
}

// openCurrent opens the current file, if there is one, and queues the rotated
// ones that appeared since it was last called.
func (c *cursor) openCurrent() error {
	for {
		file, err := openRegular(c.path(), os.O_RDONLY)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		files, err := rotatedOf(c.dir, c.name)
		if err != nil {
			return errors.Join(err, closeOpen(file))
		}
		if file != nil && !c.isCurrent(file) {
			_ = file.Close() // rotated since it was opened, so the list may miss it
			continue
		}
		files = slices.DeleteFunc(files, func(f fileName) bool { return c.known[f.rotated] })
		for _, f := range files {
			c.known[f.rotated] = true
		}
		c.queue = append(c.queue, c.withoutFinished(files)...)
		c.finished = nil
		if file != nil {
			c.current = &growingFile{file: file}
		}
		return nil
	}
}

func closeOpen(file *os.File) error {
	if file == nil {
		return nil
	}
	return file.Close()
}

// withoutFinished removes the file that has just been read to its end. If that file is
// compressed already, it is the first of the list, because the others are newer.
func (c *cursor) withoutFinished(files []fileName) []fileName {
	if c.finished == nil {
		return files
	}
	for i, f := range files {
		info, err := os.Stat(filepath.Join(c.dir, f.base()))
		if errors.Is(err, fs.ErrNotExist) || err == nil && os.SameFile(info, c.finished) {
			return slices.Delete(files, i, i+1)
		}
	}
	return files
}

// isCurrent reports whether file is still the one at the path.
func (c *cursor) isCurrent(file *os.File) bool {
	there, err1 := os.Stat(c.path())
	here, err2 := file.Stat()
	return err1 == nil && err2 == nil && os.SameFile(there, here)
}

// peek reads the next entry into pending, and reports whether there is one now.
func (c *cursor) peek() (bool, error) {
	for !c.hasPending && !c.exhausted {
		if c.lines == nil {
			if err := c.openNext(); err != nil {
				return false, err
			}
			if c.lines == nil {
				c.exhausted = true
				break
			}
		}
		if c.atLimit() {
			c.exhausted = true
			break
		}
		line, err := c.lines.next()
		if err == nil {
			c.setPending(line)
		} else if err = c.end(err); err != nil {
			return false, err
		}
	}
	return c.hasPending, nil
}

// atLimit reports whether current has been returned up to readLimit.
func (c *cursor) atLimit() bool {
	return c.rotated == nil && c.readLimit >= 0 && c.current.offset-int64(c.lines.unreturned()) >= c.readLimit
}

// take returns the entry that peek has found.
func (c *cursor) take() Entry {
	c.hasPending = false
	return c.pending
}

func (c *cursor) setPending(line piece) {
	c.pending = parseLine(line.text)
	c.pending.Name = c.name
	c.pending.More = c.pending.More || line.more
	if c.pending.Time.IsZero() {
		c.pending.Time = c.last
	}
	c.last = c.pending.Time
	c.hasPending = true
}

// openNext opens the next rotated file, or else the current one, for reading.
func (c *cursor) openNext() error {
	if len(c.queue) == 0 && c.current == nil {
		if err := c.openCurrent(); err != nil {
			return err
		}
	}
	for len(c.queue) > 0 {
		f := c.queue[0]
		c.queue = c.queue[1:]
		file, err := openRotated(c.dir, f)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		c.last = f.rotated // the time of lines without one, as in stray files
		if err != nil {
			c.damaged(err)
		} else {
			c.lines, c.rotated = &lineReader{in: file}, file
		}
		return nil
	}
	if c.current != nil {
		c.lines = &lineReader{in: c.current}
		if info, err := c.current.file.Stat(); err == nil && c.last.IsZero() {
			c.last = info.ModTime()
		}
	}
	return nil
}

// end handles the end of the file being read; err is io.EOF or the error of the read.
func (c *cursor) end(err error) error {
	switch {
	case c.rotated != nil:
		c.lastLine()
		_ = c.rotated.Close() // only read
		c.lines, c.rotated = nil, nil
		if !errors.Is(err, io.EOF) {
			c.damaged(err)
		}
	case errors.Is(err, errEmptied):
		c.current.offset, c.current.prefix = 0, nil
		c.lines, c.readLimit = &lineReader{in: c.current}, -1
	case !errors.Is(err, io.EOF):
		return err
	case !c.follow:
		c.lastLine()
		c.exhausted = true
	case c.isCurrent(c.current.file):
		c.exhausted = true
	case !c.replaced: // more may have been written between the last read and isCurrent
		c.replaced = true
	default:
		c.replaced = false
		c.lastLine()
		if c.finished, err = c.current.file.Stat(); err != nil {
			return err
		}
		err = c.current.file.Close()
		c.lines, c.current = nil, nil
		return err
	}
	return nil
}

// damaged makes the cursor read a line that reports the error, in place of the
// unreadable part of a rotated file.
func (c *cursor) damaged(err error) {
	text := "[taskctl] some of the log cannot be read: " + err.Error() + "\n"
	c.lines, c.rotated = &lineReader{in: strings.NewReader(text)}, io.NopCloser(nil)
}

// lastLine makes an entry of a last line without a newline.
func (c *cursor) lastLine() {
	if rest := c.lines.remainder(); len(rest) > 0 {
		c.setPending(piece{text: rest})
	}
}
