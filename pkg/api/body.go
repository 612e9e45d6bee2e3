package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
)

// scratch holds buffers that requests reuse.
type scratch struct {
	body    []byte
	answer  []byte
	members members
}

// maxPooled bounds the buffers that are kept for the next request, in bytes.
const maxPooled = 64 << 10

func (s *Server) takeScratch() *scratch { return s.scratch.Get().(*scratch) }

func (s *Server) giveScratch(sc *scratch) {
	if cap(sc.body) > maxPooled || cap(sc.answer) > maxPooled { // members are smaller than the body
		return
	}
	s.scratch.Put(sc)
}

// checkMediaType accepts the given media types. A body without a Content-Type is read
// as JSON, which RFC 9110 §8.3 allows. A page of another site could make a browser send
// such a body, but then the request has an Origin, which is checked.
func checkMediaType(header http.Header, names ...string) error {
	for _, encoding := range header["Content-Encoding"] {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return errCoding
		}
	}
	lines := header["Content-Type"]
	if len(lines) == 0 || (len(lines) == 1 && slices.Contains(names, lines[0])) {
		return nil
	}
	mediaType, parameters, err := mime.ParseMediaType(strings.Join(lines, ","))
	if err != nil || !slices.Contains(names, mediaType) {
		return errMediaType
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") {
		return errMediaType
	}
	return nil
}

// readBody reads the whole body. Memory grows with the bytes that have arrived, not
// with the announced length.
func (s *Server) readBody(x *exchange, sc *scratch) error {
	if x.r.ContentLength > MaxBody {
		return errTooLarge
	}
	body := http.MaxBytesReader(x.w, x.r.Body, MaxBody)
	sc.body = sc.body[:0]
	for {
		sc.body = slices.Grow(sc.body, 1<<10)
		if err := s.reserve(x, cap(sc.body)); err != nil {
			return err
		}
		n, err := body.Read(sc.body[len(sc.body):cap(sc.body)])
		sc.body = sc.body[:len(sc.body)+n]
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return readError(x, err)
		}
	}
}

func readError(x *exchange, err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		x.set("Connection", "close")
		return errSlowBody
	default:
		return &syntaxError{"the body is incomplete"}
	}
}
