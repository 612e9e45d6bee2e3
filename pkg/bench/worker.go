package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"taskctl/pkg/wait"
)

const (
	// answerTimeout bounds the wait for the last answer when a load ends.
	answerTimeout = 10 * time.Second
	// reconnectDelay is the pause after a failed attempt to reconnect.
	reconnectDelay = 20 * time.Millisecond
)

// worker is one connection of a load.
type worker struct {
	load           *load
	request        request
	conn           net.Conn
	reader         *answerReader
	answer         answer
	cancelDeadline func() bool // undoes setDeadlineOnCancel

	latency histogram
	errors  map[string]uint64
	sample  string
	created []id
	seq     uint64
	ended   time.Time
}

func (l *load) newWorker(ctx context.Context) (*worker, error) {
	w := &worker{load: l, request: l.template.clone(), reader: newAnswerReader(nil), errors: map[string]uint64{}}
	return w, w.connect(ctx)
}

func (w *worker) connect(ctx context.Context) error {
	conn, err := w.load.endpoint.dial(ctx)
	if err != nil {
		return err
	}
	w.conn = conn
	w.reader.reset(conn)
	return nil
}

func (w *worker) close() {
	if w.cancelDeadline != nil {
		w.cancelDeadline()
	}
	if w.conn != nil {
		_ = w.conn.Close() // no answer is expected any more
		w.conn = nil
	}
}

// work sends requests while next returns true.
func (w *worker) work(ctx context.Context, next func() bool) {
	w.setDeadlineOnCancel(ctx)
	for next() {
		if w.conn == nil && !w.reconnect(ctx) {
			continue
		}
		if w.load.ids != nil {
			w.request.setID(w.load.ids[(w.load.taken.Add(1)-1)%uint64(len(w.load.ids))])
		}
		began := time.Now()
		if w.request.stamp >= 0 {
			w.request.setStamp(began.Sub(w.load.epoch))
		}
		err := w.exchange()
		w.ended = time.Now()
		switch {
		case err != nil:
			w.fail(kindOf(err), err.Error())
			w.close()
		case w.answer.status < 200 || w.answer.status > 299:
			w.fail(fmt.Sprint("status ", w.answer.status), problemText(w.reader.bodyStart))
		default:
			w.latency.record(w.ended.Sub(began))
			w.seq = max(w.seq, w.answer.seq)
			if w.answer.status == 201 && w.answer.location != (id{}) {
				w.created = append(w.created, w.answer.location)
			}
			w.load.done.Add(1)
		}
		if err == nil && w.answer.close {
			w.close()
		}
	}
}

func (w *worker) exchange() error {
	if _, err := w.conn.Write(w.request.text); err != nil {
		return err
	}
	return w.reader.read(&w.answer)
}

// setDeadlineOnCancel bounds the wait for the last answer after ctx has ended.
func (w *worker) setDeadlineOnCancel(ctx context.Context) {
	conn := w.conn
	w.cancelDeadline = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now().Add(answerTimeout)) })
}

// reconnect replaces a lost connection. A failure does not count as a request.
func (w *worker) reconnect(ctx context.Context) bool {
	err := w.connect(ctx)
	if err == nil {
		w.setDeadlineOnCancel(ctx)
		return true
	}
	if ctx.Err() == nil {
		w.fail(kindOf(err), err.Error())
		wait.Sleep(ctx, reconnectDelay)
	}
	return false
}

func (w *worker) fail(kind, sample string) {
	w.errors[kind]++
	w.sample = sample
}

// problemText returns the detail of a problem document (RFC 9457), or the body itself.
func problemText(body []byte) string {
	var problem struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(body, &problem) == nil && problem.Detail != "" {
		return problem.Detail
	}
	return string(body)
}

// kindOf classifies an error for counting.
func kindOf(err error) string {
	var connect *ConnectError
	switch {
	case errors.As(err, &connect):
		return "connect"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed"
	case errors.Is(err, errAnswer):
		return "malformed answer"
	}
	return "other"
}
