package supervisor

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"time"
)

// Output opens one stream of a generation's output, "stdout" or "stderr". What
// it returns gets the bytes in order, from one goroutine, and is closed at the
// end of the stream; two generations never share one. Its errors stop nothing:
// a component must not be held up by its log.
type Output func(stream string) io.WriteCloser

// drain copies a pipe to its end: into the log, and line by line into lines. A
// writer that fails is tried again with what follows. Setting the pipe's read
// deadline ends it once the pipe is empty, whoever still holds the other end.
func drain(pipe *os.File, to io.WriteCloser, lines lineSplitter, logger *slog.Logger) {
	failed := false
	pass := func(p []byte) {
		lines.write(p)
		if _, err := to.Write(p); err != nil && !failed {
			failed = true // once: its own log is what is failing
			logger.Warn("output not written", "stream", pipe.Name(), "error", err)
		}
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := pipe.Read(buf)
		if n > 0 {
			pass(buf[:n])
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			drainRest(pipe, buf, pass)
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

// maxRest bounds what is read after the deadline: a pipe holds no more (Linux:
// pipe-max-size), so what exceeds it is new, by somebody who is not ours.
const maxRest = 1 << 20

// drainRest reads what is in the pipe without waiting for more.
func drainRest(pipe *os.File, buf []byte, pass func([]byte)) {
	_ = pipe.SetReadDeadline(time.Time{})
	raw, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	for rest := maxRest; rest > 0; {
		n := 0
		if err := raw.Read(func(fd uintptr) bool { n = readNow(fd, buf); return true }); err != nil || n <= 0 {
			return
		}
		pass(buf[:n])
		rest -= n
	}
}

// flushed waits for the last output of a generation that has ended to be in its
// log, but not without end: a log may take nothing.
func flushed(logger *slog.Logger, flush func()) {
	done := make(chan struct{})
	go func() { flush(); close(done) }()
	bound := time.NewTimer(flushTime)
	defer bound.Stop()
	select {
	case <-done:
	case <-bound.C:
		logger.Error("the log does not take the last output")
	}
}

// open returns the writer of a stream, one that drops all where there is no output.
func (o Output) open(stream string) io.WriteCloser {
	if o == nil {
		return discard{}
	}
	return o(stream)
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }
