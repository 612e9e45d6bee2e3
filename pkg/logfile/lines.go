package logfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const (
	readSize = 64 << 10

	// maxText bounds what a foreign file can make a reader hold: a longer line
	// comes in pieces. Our own files have none.
	maxText = 1 << 20
)

// errEmptied: what has been read of a file is no longer in it.
var errEmptied = errors.New("the file was emptied")

// lines reads a file line by line.
type lines struct {
	in   io.Reader
	data []byte
	at   int // data before it has been taken
}

// next returns the next line, without its newline and valid until the next call,
// or the error of in: after io.EOF it may be called again. more says that the
// line goes on.
func (l *lines) next() (line []byte, more bool, err error) {
	for {
		if i := bytes.IndexByte(l.data[l.at:], '\n'); i >= 0 {
			line = l.data[l.at : l.at+i]
			l.at += i + 1
			return line, false, nil
		}
		if len(l.data)-l.at >= maxText {
			return l.rest(), true, nil
		}
		l.data = slices.Grow(append(l.data[:0], l.data[l.at:]...), readSize)
		l.at = 0
		n, err := l.in.Read(l.data[len(l.data):cap(l.data)])
		l.data = l.data[:len(l.data)+n]
		if n == 0 && err != nil {
			return nil, false, err
		}
	}
}

// rest takes what has been read of a line without an end.
func (l *lines) rest() []byte {
	rest := l.data[l.at:]
	l.at = len(l.data)
	return rest
}

// live reads a file that is being written, and may be emptied at any time.
type live struct {
	file   *os.File
	offset int64  // how much has been read
	mark   []byte // what the file begins with: a time, so that no two beginnings are alike
}

// Read returns io.EOF where there is no more for now, and errEmptied.
func (l *live) Read(p []byte) (int, error) {
	n, err := l.file.ReadAt(p, l.offset)
	if same, e := l.unchanged(); e != nil {
		return 0, e
	} else if !same {
		return 0, errEmptied
	}
	l.offset += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// unchanged reports whether the file still holds what has been read of it.
func (l *live) unchanged() (bool, error) {
	info, err := l.file.Stat()
	if err != nil || info.Size() < l.offset {
		return false, err
	}
	head := make([]byte, len(stampFmt))
	n, err := l.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if !bytes.HasPrefix(head[:n], l.mark) {
		return false, nil
	}
	l.mark = head[:n]
	return true, nil
}

// tail returns where the last n lines of a file begin, and how many there are.
func tail(file *os.File, n int) (offset int64, found int, err error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, 0, err
	}
	chunk := make([]byte, readSize)
	newlines := 0 // one more than lines, for each line begins after one
	for end > 0 {
		part := chunk[:min(end, readSize)]
		end -= int64(len(part))
		if _, err := file.ReadAt(part, end); err != nil && !errors.Is(err, io.EOF) {
			return 0, 0, err
		}
		for i := len(part); i > 0; {
			if i = bytes.LastIndexByte(part[:i], '\n'); i < 0 {
				break
			}
			if newlines == n {
				return end + int64(i) + 1, n, nil
			}
			newlines++
		}
	}
	return 0, newlines, nil
}

// openRotated opens a rotated file for reading, compressed or not. It may have
// been compressed since it was listed, or deleted: fs.ErrNotExist.
func openRotated(dir string, f fileName) (io.ReadCloser, error) {
	plain, err := os.Open(filepath.Join(dir, f.base()))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return plain, err
	}
	file, err := os.Open(filepath.Join(dir, f.base()+gzSuffix))
	if err != nil {
		return nil, err
	}
	unpacker, err := gzip.NewReader(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", file.Name(), err), file.Close())
	}
	return unpacked{unpacker, file}, nil
}

// unpacked is a compressed file being read.
type unpacked struct {
	packed *gzip.Reader
	file   *os.File
}

func (u unpacked) Read(p []byte) (int, error) {
	n, err := u.packed.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("read %s: %w", u.file.Name(), err)
	}
	return n, err
}

func (u unpacked) Close() error { return u.file.Close() }

// countLines returns how many lines a rotated file has; none if it is gone or
// damaged.
func countLines(dir string, f fileName) (n int) {
	in, err := openRotated(dir, f)
	if err != nil {
		return 0
	}
	defer func() { _ = in.Close() }() // only read
	chunk := make([]byte, readSize)
	for err == nil {
		var size int
		size, err = in.Read(chunk)
		n += bytes.Count(chunk[:size], newline)
	}
	return n
}
