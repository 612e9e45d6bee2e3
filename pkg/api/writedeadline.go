package api

import (
	"net/http"
	"sync"
	"syscall"
	"time"

	"taskctl/pkg/listen"
)

// The time that a client has to acknowledge bytes, as a multiple of the write timeout.
// A slow client may take long, because its kernel reopens the TCP window only when much
// of its buffer is free: on Linux, at 2,000 bytes a second, after 31 s at first and 66
// s later.
const (
	firstFactor   = 1.25
	readingFactor = 4 // if the client has acknowledged more after a pause, so it does read
	// progressChecks is the number of progress checks within one write timeout.
	progressChecks = 8
)

// streamSendBuffer bounds the kernel's send buffer of a stream, in bytes. Without a
// bound it grows to megabytes if the client does not read.
const streamSendBuffer = 256 << 10

// writeDeadline bounds a write in progress. It is extended while the client
// acknowledges bytes, however slowly, until the server stops.
type writeDeadline struct {
	control *http.ResponseController
	timeout time.Duration
	below   syscall.RawConn // of the TCP connection; nil: unknown
	timer   *time.Timer     // of the next check

	mu      sync.Mutex
	writing bool
	final   bool
	acked   uint64
	stalled bool // no byte was acknowledged between two checks of this write
	reading bool // bytes were acknowledged after such a pause
}

func (d *writeDeadline) init(x *exchange, timeout time.Duration) {
	d.control, d.timeout = http.NewResponseController(x.w), timeout
	if tcp := listen.RequestTransport(x.r); tcp != nil {
		d.below = listen.Raw(tcp)
		if x.r.ProtoMajor == 1 { // an HTTP/2 connection is shared with other requests
			_ = tcp.SetWriteBuffer(streamSendBuffer) // the kernel may ignore it
		}
	}
	d.timer = time.AfterFunc(timeout, d.check)
}

func (d *writeDeadline) close() { d.timer.Stop() }

// begin is called before a write.
func (d *writeDeadline) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writing, d.stalled = true, false
	d.extend()
	d.timer.Reset(d.timeout / progressChecks)
}

// end is called after a write.
func (d *writeDeadline) end() {
	d.timer.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writing = false
	d.reading = d.reading && d.stalled
}

// check extends the deadline of a write if the client has acknowledged more bytes.
func (d *writeDeadline) check() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.writing || d.final || d.below == nil {
		return
	}
	if _, acked := listen.Progress(d.below); acked != d.acked {
		d.acked, d.reading = acked, d.reading || d.stalled
		d.extend()
	} else {
		d.stalled = true
	}
	d.timer.Reset(d.timeout / progressChecks)
}

// extend sets the deadline; d.mu is held.
func (d *writeDeadline) extend() {
	if d.final {
		return
	}
	allowed := time.Duration(firstFactor * float64(d.timeout))
	if d.reading {
		allowed = readingFactor * d.timeout
	}
	_ = d.control.SetWriteDeadline(time.Now().Add(allowed)) // supported by every connection of net/http
}

func (d *writeDeadline) setFinal(deadline time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.final = true
	_ = d.control.SetWriteDeadline(deadline) // as in extend
}
