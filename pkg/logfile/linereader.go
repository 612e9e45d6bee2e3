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

	// maxPiece bounds the memory for one line: a longer line is returned in pieces.
	// Only files of other programs have such lines.
	maxPiece = 1 << 20
)

// errEmptied says that a file no longer holds what was read from it.
var errEmptied = errors.New("the file was emptied")

// lineReader reads a file line by line.
type lineReader struct {
	in   io.Reader
	data []byte
	at   int // start of the data that next has not returned yet
}

// next returns the next line, valid until the next call, or the error of in: after
// io.EOF it may be called again.
func (l *lineReader) next() (piece, error) {
	for {
		if i := bytes.IndexByte(l.data[l.at:], '\n'); i >= 0 {
			line := piece{text: l.data[l.at : l.at+i]}
			l.at += i + 1
			return line, nil
		}
		if l.unreturned() >= maxPiece {
			return piece{text: l.remainder(), more: true}, nil
		}
		l.data = slices.Grow(append(l.data[:0], l.data[l.at:]...), readSize)
		l.at = 0
		n, err := l.in.Read(l.data[len(l.data):cap(l.data)])
		l.data = l.data[:len(l.data)+n]
		if n == 0 && err != nil {
			return piece{}, err
		}
	}
}

// unreturned is the number of bytes that were read from in, but not returned yet.
func (l *lineReader) unreturned() int { return len(l.data) - l.at }

// remainder takes the unfinished line that has been read.
func (l *lineReader) remainder() []byte {
	rest := l.data[l.at:]
	l.at = len(l.data)
	return rest
}

// growingFile reads a file that is being written, and may be emptied at any time.
type growingFile struct {
	file   *os.File
	offset int64  // bytes read
	prefix []byte // the beginning of the file, which is a time and so differs between files
}

// Read returns io.EOF if there is no more now, and errEmptied if the file was emptied.
func (g *growingFile) Read(p []byte) (int, error) {
	n, err := g.file.ReadAt(p, g.offset)
	if same, e := g.unchanged(); e != nil {
		return 0, e
	} else if !same {
		return 0, errEmptied
	}
	g.offset += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// unchanged reports whether the file still holds what has been read of it.
func (g *growingFile) unchanged() (bool, error) {
	info, err := g.file.Stat()
	if err != nil || info.Size() < g.offset {
		return false, err
	}
	head := make([]byte, len(stampFmt))
	n, err := g.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if !bytes.HasPrefix(head[:n], g.prefix) {
		return false, nil
	}
	g.prefix = head[:n]
	return true, nil
}

// tail returns the offset of the last n lines of a file, and how many were found.
func tail(file *os.File, n int) (offset int64, found int, err error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, 0, err
	}
	chunk := make([]byte, readSize)
	newlines := 0 // one more than the lines, because each begins after a newline
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

// openRotated opens a rotated file for reading, compressed or not. It may have been
// compressed since it was listed. If it was deleted, the error is fs.ErrNotExist.
func openRotated(dir string, f fileName) (io.ReadCloser, error) {
	plain, err := openRegular(filepath.Join(dir, f.base()), os.O_RDONLY)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return plain, err
	}
	file, err := openRegular(filepath.Join(dir, f.base()+gzSuffix), os.O_RDONLY)
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

// countLines returns the number of lines of a rotated file; 0 if it is missing or
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
