package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// answer is the part of an HTTP/1.1 response that the load client needs.
type answer struct {
	status   int
	close    bool   // the server closes the connection after it
	seq      uint64 // of Taskctl-Position; 0: no such header
	location id     // the end of the Location header
	body     int64  // its size in bytes
}

// maxLine bounds a header line, and answerBuffer one read call.
const (
	maxLine      = 8 << 10
	answerBuffer = 16 << 10
)

var errAnswer = errors.New("malformed HTTP answer")

// answerReader reads one answer after another from a connection. It skips bodies,
// except the first bytes, which bodyStart keeps for error messages.
type answerReader struct {
	src  io.Reader
	buf  []byte
	r, w int

	length    int64 // of the current answer's body; -1: unknown
	chunked   bool
	bodyStart []byte
}

// maxErrorBody bounds how much of a body is kept for error messages.
const maxErrorBody = 300

func newAnswerReader(src io.Reader) *answerReader {
	return &answerReader{src: src, buf: make([]byte, answerBuffer), bodyStart: make([]byte, 0, maxErrorBody)}
}

// reset switches to another connection.
func (r *answerReader) reset(src io.Reader) { r.src, r.r, r.w = src, 0, 0 }

// rest returns what was read beyond the last answer.
func (r *answerReader) rest() []byte { return r.buf[r.r:r.w] }

// read reads the next final answer into a.
func (r *answerReader) read(a *answer) error {
	for {
		if err := r.head(a); err != nil {
			return err
		}
		if a.status >= 200 || a.status == 101 {
			break
		}
	}
	r.bodyStart = r.bodyStart[:0]
	switch {
	case a.status == 101, a.status == 204, a.status == 304: // RFC 9112 §6.3
		return nil
	case r.chunked:
		return r.skipChunks(a)
	case r.length < 0:
		return fmt.Errorf("%w: no Content-Length and not chunked", errAnswer)
	}
	a.body = r.length
	return r.skip(r.length)
}

func (r *answerReader) head(a *answer) error {
	*a = answer{}
	r.length, r.chunked = -1, false
	line, err := r.line()
	if err != nil {
		return err
	}
	// "HTTP/1.1 201 Created"
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return fmt.Errorf("%w: %.40q", errAnswer, line)
	}
	status, ok := parseUint(line[9:12])
	if !ok || status < 100 {
		return fmt.Errorf("%w: %.40q", errAnswer, line)
	}
	a.status = int(status)
	a.close = line[7] == '0'
	for {
		line, err := r.line()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		if err := r.field(a, line); err != nil {
			return err
		}
	}
}

// field reads one header line.
func (r *answerReader) field(a *answer, line []byte) error {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return fmt.Errorf("%w: header %.40q", errAnswer, line)
	}
	name, value := line[:colon], bytes.Trim(line[colon+1:], " \t")
	switch {
	case equalFold(name, "content-length"):
		n, ok := parseUint(value)
		if !ok || n >= 1<<62 || r.length >= 0 && r.length != int64(n) {
			return fmt.Errorf("%w: header %.40q", errAnswer, line)
		}
		r.length = int64(n)
	case equalFold(name, "transfer-encoding"):
		if !equalFold(value, "chunked") {
			return fmt.Errorf("%w: header %.40q", errAnswer, line)
		}
		r.chunked = true
	case equalFold(name, "connection"):
		a.close = a.close || equalFold(value, "close")
	case equalFold(name, "location"):
		if len(value) >= len(a.location) {
			copy(a.location[:], value[len(value)-len(a.location):])
		}
	case equalFold(name, "taskctl-position"):
		a.seq, _ = parseUint(value[bytes.IndexByte(value, ':')+1:])
	}
	return nil
}

func (r *answerReader) skipChunks(a *answer) error {
	for {
		line, err := r.line()
		if err != nil {
			return err
		}
		if semicolon := bytes.IndexByte(line, ';'); semicolon >= 0 {
			line = line[:semicolon]
		}
		size, ok := parseHex(bytes.TrimRight(line, " \t"))
		if !ok {
			return fmt.Errorf("%w: chunk %.40q", errAnswer, line)
		}
		if size == 0 {
			break
		}
		a.body += size
		if err := r.skip(size); err != nil {
			return err
		}
		if line, err = r.line(); err != nil {
			return err
		}
		if len(line) != 0 {
			return fmt.Errorf("%w: chunk ends with %.40q", errAnswer, line)
		}
	}
	for { // the trailer
		line, err := r.line()
		if err != nil || len(line) == 0 {
			return err
		}
	}
}

// line returns the next line without its end, valid until the next read.
func (r *answerReader) line() ([]byte, error) {
	scanned := 0
	for {
		if i := bytes.IndexByte(r.buf[r.r+scanned:r.w], '\n'); i >= 0 {
			line := r.buf[r.r : r.r+scanned+i]
			r.r += scanned + i + 1
			return bytes.TrimSuffix(line, []byte{'\r'}), nil
		}
		scanned = r.w - r.r
		if scanned > maxLine {
			return nil, fmt.Errorf("%w: a header line of more than %d bytes", errAnswer, maxLine)
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

func (r *answerReader) skip(n int64) error {
	for {
		have := min(int64(r.w-r.r), n)
		if room := maxErrorBody - len(r.bodyStart); room > 0 {
			r.bodyStart = append(r.bodyStart, r.buf[r.r:r.r+min(int(have), room)]...)
		}
		r.r += int(have)
		if n -= have; n == 0 {
			return nil
		}
		if err := r.fill(); err != nil {
			return err
		}
	}
}

func (r *answerReader) fill() error {
	if r.r > 0 {
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	n, err := r.src.Read(r.buf[r.w:])
	r.w += n
	switch {
	case n > 0:
		return nil
	case err == nil:
		return io.ErrNoProgress
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

// equalFold compares ASCII text with lower-case text, ignoring case.
func equalFold(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func parseUint(digits []byte) (n uint64, ok bool) {
	if len(digits) == 0 || len(digits) > 19 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

func parseHex(digits []byte) (n int64, ok bool) {
	if len(digits) == 0 || len(digits) > 15 {
		return 0, false
	}
	for _, c := range digits {
		switch {
		case '0' <= c && c <= '9':
			n = n<<4 | int64(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			n = n<<4 | int64(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}
