package bench

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

const someID = "01890000-0000-7000-8000-000000000001"

func TestAnswers(t *testing.T) {
	var location id
	copy(location[:], someID)
	for _, test := range []struct {
		name, text string
		want       answer
		rest       string
	}{
		{
			"created", "HTTP/1.1 201 Created\r\nLocation: /tasks/" + someID + "\r\nTaskctl-Position: abc:42\r\nContent-Length: 2\r\n\r\n{}rest",
			answer{status: 201, seq: 42, location: location, body: 2},
			"rest",
		},
		{"any case", "HTTP/1.1 200 OK\r\nCONTENT-LENGTH:3\r\ncOnNection: Close\r\n\r\nabc", answer{status: 200, close: true, body: 3}, ""},
		{"bare position", "HTTP/1.1 200 OK\r\ntaskctl-position: 7\r\ncontent-length: 0\r\n\r\n", answer{status: 200, seq: 7}, ""},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", answer{status: 204}, ""},
		{"upgrade", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00", answer{status: 101}, "\x81\x00"},
		{"after an interim one", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", answer{status: 404}, ""},
		{
			"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1F;x=y\r\n" + strings.Repeat("y", 31) + "\r\n0\r\nTrailer: a\r\n\r\nrest",
			answer{status: 200, body: 36},
			"rest",
		},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", answer{status: 200, close: true, body: 1}, ""},
		{"larger than the buffer", "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + strings.Repeat("z", 50000), answer{status: 200, body: 50000}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, src := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
				r := newAnswerReader(src)
				var got answer
				if err := r.read(&got); err != nil {
					t.Fatal(err)
				}
				if got != test.want {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
				rest, _ := io.ReadAll(io.MultiReader(bytes.NewReader(bytes.Clone(r.rest())), src))
				if string(rest) != test.rest {
					t.Errorf("%q is left, want %q", rest, test.rest)
				}
			}
		})
	}
}

func TestMalformedAnswers(t *testing.T) {
	for _, text := range []string{
		"SSH-2.0-OpenSSH\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 xyz OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n", // without a length it would not end
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 2*maxLine) + "\r\n\r\n",
	} {
		err := newAnswerReader(strings.NewReader(text)).read(new(answer))
		if !errors.Is(err, errAnswer) {
			t.Errorf("%.60q: %v", text, err)
		}
	}
	for _, text := range []string{"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"} {
		if err := newAnswerReader(strings.NewReader(text)).read(new(answer)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzAnswer checks that it makes no difference how an answer is cut into reads,
// and that net/http, where it too accepts the answer, reads the same.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nLocation: /tasks/"+someID+"\r\n\r\n{}"), uint8(3))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), uint8(1))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), uint8(200))
	f.Fuzz(func(t *testing.T, text []byte, piece uint8) {
		var whole, cut answer
		reader := newAnswerReader(bytes.NewReader(text))
		wholeErr := reader.read(&whole)
		cutErr := newAnswerReader(&pieces{text, int(piece) + 1}).read(&cut)
		if (wholeErr == nil) != (cutErr == nil) || wholeErr == nil && whole != cut {
			t.Fatalf("whole: %+v %v; cut: %+v %v", whole, wholeErr, cut, cutErr)
		}
		if wholeErr != nil || text[9] == '1' { // http.ReadResponse returns interim answers too
			return
		}
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
		if err != nil {
			return
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err == nil && (res.StatusCode != whole.status || int64(len(body)) != whole.body) {
			t.Fatalf("net/http reads %d with %d bytes, we %+v", res.StatusCode, len(body), whole)
		}
	})
}

// pieces is read in pieces of one size.
type pieces struct {
	rest []byte
	size int
}

func (p *pieces) Read(dst []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(dst, p.rest[:min(p.size, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}
