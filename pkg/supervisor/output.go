package supervisor

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"time"
)

// Output opens one stream of a generation's output, "stdout" or "stderr". The writer
// gets the bytes in order, from one goroutine, and is closed at the end of the stream;
// two generations never share one. A nil writer drops the stream. Write errors stop
// nothing, because a component must not wait for its log.
type Output func(stream string) io.WriteCloser

// The buffer of a stream is small until it is full once: most components write little,
// and there may be hundreds of streams.
const (
	minReadBuffer = 2 << 10
	maxReadBuffer = 32 << 10
)

// drain copies a pipe to its end: into the log, and line by line into lines. After a
// write error it continues with the next bytes. A read deadline on the pipe makes it
// return once the pipe is empty, even if another process still holds the other end.
func drain(pipe *os.File, to io.WriteCloser, lines lineSplitter, logger *slog.Logger) {
	failed := false
	pass := func(p []byte) {
		lines.write(p)
		if _, err := to.Write(p); err != nil && !failed {
			failed = true // logged once, because the log itself is failing
			logger.Warn("output not written", "stream", pipe.Name(), "error", err)
		}
	}
	buf := make([]byte, minReadBuffer)
	for {
		n, err := pipe.Read(buf)
		if n > 0 {
			pass(buf[:n])
		}
		if n == len(buf) && n < maxReadBuffer {
			buf = make([]byte, maxReadBuffer)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			drainBuffered(pipe, buf, pass)
		}
		if err != nil {
			break
		}
	}
	lines.close()
	if err := to.Close(); err != nil && !failed {
		logger.Warn("output not written", "stream", pipe.Name(), "error", err)
	}
	_ = pipe.Close()
}

// maxPipeSize bounds what is read after the deadline. A pipe holds no more (Linux:
// pipe-max-size), so any further bytes were written later, by a process that is not
// ours.
const maxPipeSize = 1 << 20

// drainBuffered reads what is in the pipe without waiting for more.
func drainBuffered(pipe *os.File, buf []byte, pass func([]byte)) {
	_ = pipe.SetReadDeadline(time.Time{})
	raw, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	for rest := maxPipeSize; rest > 0; {
		n := 0
		if err := raw.Read(func(fd uintptr) bool { n = readNow(fd, buf); return true }); err != nil || n <= 0 {
			return
		}
		pass(buf[:n])
		rest -= n
	}
}

// awaitFlush waits, for a bounded time, until the last output of an ended generation is
// in its log. A log that accepts no bytes would block it forever.
func awaitFlush(logger *slog.Logger, flush func()) {
	done := make(chan struct{})
	go func() { flush(); close(done) }()
	bound := time.NewTimer(flushTimeout)
	defer bound.Stop()
	select {
	case <-done:
	case <-bound.C:
		logger.Error("the log does not take the last output")
	}
}

// open returns the writer of a stream, or one that drops everything.
func (o Output) open(stream string) io.WriteCloser {
	if o != nil {
		if w := o(stream); w != nil {
			return w
		}
	}
	return discard{io.Discard}
}

type discard struct{ io.Writer }

func (discard) Close() error { return nil }
