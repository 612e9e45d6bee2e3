package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

// id is a task's UUID as text.
type id [36]byte

// stampSize is how many hexadecimal digits a time stamp has: enough for 36 years.
const stampSize = 15

// titlePrefix marks the tasks that a measurement makes; the stamp follows it.
const titlePrefix = "taskctl bench "

// request is an HTTP request as the bytes that are sent, with places that are
// overwritten for each: one request serves one connection at a time.
type request struct {
	text  []byte
	stamp int // where the time stamp goes; -1: nowhere
	id    int // where the task's id goes; -1: nowhere
}

// Placeholders for the places, as long as what they are replaced by.
var (
	stampSlot = strings.Repeat("#", stampSize)
	idSlot    = strings.Repeat("#", len(id{}))
)

// newRequest writes a request out. The path may hold idSlot and the body
// stampSlot, each once.
func newRequest(e *endpoint, method, path, contentType, body string) request {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, e.path(path), e.url.Host)
	if e.token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", e.token)
	}
	if body != "" || method == http.MethodPost {
		fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\n", contentType, len(body))
	}
	b.WriteString("\r\n")
	at := b.Len()
	b.WriteString(body)
	r := request{text: b.Bytes(), id: bytes.Index(b.Bytes()[:at], []byte(idSlot)), stamp: -1}
	if i := strings.Index(body, stampSlot); i >= 0 {
		r.stamp = at + i
	}
	return r
}

// clone returns a request for another connection.
func (r request) clone() request {
	r.text = bytes.Clone(r.text)
	return r
}

func (r request) setID(i id) { copy(r.text[r.id:], i[:]) }

func (r request) setStamp(at time.Duration) { putStamp(r.text[r.stamp:], at) }

func putStamp(dst []byte, at time.Duration) {
	const hex = "0123456789abcdef"
	v := uint64(at)
	for i := stampSize - 1; i >= 0; i-- {
		dst[i] = hex[v&0xF]
		v >>= 4
	}
}

// findStamp returns the time stamp in a task's JSON.
func findStamp(json []byte) (at time.Duration, ok bool) {
	i := bytes.Index(json, []byte(titlePrefix))
	if i < 0 || len(json) < i+len(titlePrefix)+stampSize {
		return 0, false
	}
	i += len(titlePrefix)
	n, ok := parseHex(json[i : i+stampSize])
	return time.Duration(n), ok
}

// taskBody is a task of about so many bytes of JSON, with a place for a stamp.
func taskBody(size int) string {
	body := `{"title":"` + titlePrefix + stampSlot + `","description":"`
	const end = `"}`
	return body + strings.Repeat("x", min(max(size-len(body)-len(end), 0), task.MaxDescription)) + end
}
