package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// scratch is memory that requests use one after another.
type scratch struct {
	body    []byte
	answer  []byte
	text    []byte
	reader  bytes.Buffer
	decoder jsontext.Decoder
}

// keepAtMost bounds the buffers that wait for the next request, in bytes.
const keepAtMost = 64 << 10

func (s *Server) takeScratch() *scratch { return s.scratch.Get().(*scratch) }

func (s *Server) giveScratch(sc *scratch) {
	if cap(sc.body) > keepAtMost || cap(sc.answer) > keepAtMost || cap(sc.text) > keepAtMost {
		return
	}
	s.scratch.Put(sc)
}

// checkMediaType accepts JSON under one of the names given. Without a
// Content-Type the body is taken for JSON (RFC 9110 §8.3 leaves it to us): a
// browser, which could be made to leave it out, still sends its Origin.
func checkMediaType(header http.Header, names ...string) error {
	for _, encoding := range header["Content-Encoding"] {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return errMediaType
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
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return errMediaType
	}
	return nil
}

// read takes in the whole body. Memory grows with what has arrived, not with
// what was announced.
func (sc *scratch) read(x *exchange) error {
	if x.r.ContentLength > MaxBody {
		return errTooLarge
	}
	body := http.MaxBytesReader(x.w, x.r.Body, MaxBody)
	sc.body = sc.body[:0]
	for {
		sc.body = slices.Grow(sc.body, 1<<10)
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
