package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	"taskctl/pkg/task"
)

// id is a task's UUID as text.
type id [36]byte

// stampSize is how many hexadecimal digits a time stamp has: enough for 36 years.
const stampSize = 15

// titlePrefix marks the tasks that a measurement creates; a time stamp follows.
const titlePrefix = "taskctl bench "

// request is an encoded HTTP request with slots that are overwritten before each
// send. It belongs to one connection.
type request struct {
	text  []byte
	stamp int // offset of the time stamp; -1: none
	id    int // offset of the task's id; -1: none
}

// Placeholders, as long as the values that replace them.
var (
	stampSlot = strings.Repeat("#", stampSize)
	idSlot    = strings.Repeat("#", len(id{}))
)

// call is the content of a request. The path may contain idSlot and the body
// stampSlot, once each.
type call struct{ method, path, contentType, body string }

// newRequest encodes a request to an endpoint.
func newRequest(e *endpoint, c call) request {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", c.method, e.path(c.path), e.url.Host)
	if e.token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", e.token)
	}
	if c.body != "" || c.method == http.MethodPost {
		fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\n", c.contentType, len(c.body))
	}
	b.WriteString("\r\n")
	at := b.Len()
	b.WriteString(c.body)
	r := request{text: b.Bytes(), id: bytes.Index(b.Bytes()[:at], []byte(idSlot)), stamp: -1}
	if i := strings.Index(c.body, stampSlot); i >= 0 {
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

// taskBody returns a task of about size bytes of JSON, with a time stamp slot.
func taskBody(size int) string {
	body := `{"title":"` + titlePrefix + stampSlot + `","description":"`
	const end = `"}`
	return body + strings.Repeat("x", min(max(size-len(body)-len(end), 0), task.MaxDescription)) + end
}
