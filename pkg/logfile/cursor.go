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

// cursor reads the log of one component: the rotated files that are wanted, then
// the current file, and whatever takes its place.
type cursor struct {
	dir, name string

	known    map[time.Time]bool // rotated files that were queued, or are not wanted
	queue    []fileName         // rotated files still to read, oldest first
	rotated  io.Closer          // the rotated file being read; nil: none
	current  *live              // the current file; nil: there is none
	until    int64              // current is read up to here; negative: without end
	leaving  bool               // current is at the path no more, and read once again
	finished os.FileInfo        // the file that was current until just now
	from     *lines             // what is being read; nil: nothing

	last time.Time // of the entry before
	head Entry     // the next entry, where full
	full bool
	dry  bool // there is no more for this round
}

func (c *cursor) path() string { return filepath.Join(c.dir, c.name+suffix) }

// start puts the cursor where the newest last lines begin, or somewhat before;
// where last is negative, at the beginning of the first file that does not end
// before since. It reads no further than to where the log is now, until released.
func (c *cursor) start(last int, since time.Time) error {
	c.known = make(map[time.Time]bool)
	c.until = -1
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
		if c.until, err = c.current.file.Seek(0, io.SeekEnd); err != nil {
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
		file, err := os.Open(c.path())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		files, err := rotatedOf(c.dir, c.name)
		if err != nil {
			return errors.Join(err, closeOpen(file))
		}
		if file != nil && !c.isCurrent(file) {
			_ = file.Close() // rotated since it was opened, perhaps after the listing
			continue
		}
		files = slices.DeleteFunc(files, func(f fileName) bool { return c.known[f.rotated] })
		for _, f := range files {
			c.known[f.rotated] = true
		}
		c.queue = append(c.queue, c.withoutFinished(files)...)
		c.finished = nil
		if file != nil {
			c.current = &live{file: file}
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

// withoutFinished leaves out the file that has just been read to its end. Where
// it has been compressed already, it is the first: the others are younger.
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

// isCurrent reports whether file is the one at the path.
func (c *cursor) isCurrent(file *os.File) bool {
	there, err1 := os.Stat(c.path())
	here, err2 := file.Stat()
	return err1 == nil && err2 == nil && os.SameFile(there, here)
}

// peek makes head the next entry, and reports whether there is one for now. final
// says that nobody waits for the rest of a last line without a newline.
func (c *cursor) peek(final bool) (bool, error) {
	for !c.full && !c.dry {
		if c.from == nil {
			if err := c.openNext(); err != nil {
				return false, err
			}
			if c.from == nil {
				c.dry = true
				break
			}
		}
		if c.rotated == nil && c.until >= 0 && c.current.offset-int64(len(c.from.data)-c.from.at) >= c.until {
			c.dry = true
			break
		}
		line, more, err := c.from.next()
		if err == nil {
			c.entry(line, more)
		} else if err = c.end(err, final); err != nil {
			return false, err
		}
	}
	return c.full, nil
}

// take returns the entry that peek has found.
func (c *cursor) take() Entry {
	c.full = false
	return c.head
}

func (c *cursor) entry(line []byte, more bool) {
	c.head = parseLine(line)
	c.head.Name = c.name
	c.head.More = c.head.More || more
	if c.head.Time.IsZero() {
		c.head.Time = c.last
	}
	c.last = c.head.Time
	c.full = true
}

// openNext makes the next rotated file, or else the current one, what is read.
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
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // deleted: it was too old, or there was too much
		}
		c.last = f.rotated // for lines without a time, as strays have
		if err != nil {
			c.damaged(err)
		} else {
			c.from, c.rotated = &lines{in: file}, file
		}
		return nil
	}
	if c.current != nil {
		c.from = &lines{in: c.current}
		if info, err := c.current.file.Stat(); err == nil && c.last.IsZero() {
			c.last = info.ModTime()
		}
	}
	return nil
}

// end deals with what is being read having no more, for the reason err.
func (c *cursor) end(err error, final bool) error {
	switch {
	case c.rotated != nil:
		c.lastLine()
		_ = c.rotated.Close() // only read
		c.from, c.rotated = nil, nil
		if !errors.Is(err, io.EOF) {
			c.damaged(err)
		}
	case errors.Is(err, errEmptied):
		c.current.offset, c.current.mark = 0, nil
		c.from, c.until = &lines{in: c.current}, -1
	case !errors.Is(err, io.EOF):
		return err
	case final:
		c.lastLine()
		c.dry = true
	case c.isCurrent(c.current.file):
		c.dry = true
	case !c.leaving: // something may have been written between the read and the look
		c.leaving = true
	default:
		c.leaving = false
		c.lastLine()
		if c.finished, err = c.current.file.Stat(); err != nil {
			return err
		}
		err = c.current.file.Close()
		c.from, c.current = nil, nil
		return err
	}
	return nil
}

// damaged puts a line in the place of what cannot be read of a rotated file.
func (c *cursor) damaged(err error) {
	text := "[taskctl] some of the log cannot be read: " + err.Error() + "\n"
	c.from, c.rotated = &lines{in: strings.NewReader(text)}, io.NopCloser(nil)
}

// lastLine takes what there is of a line without a newline.
func (c *cursor) lastLine() {
	if rest := c.from.rest(); len(rest) > 0 {
		c.entry(rest, false)
	}
}
