//go:build linux

package chaos

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// recorder records the messages of one consumer. Only its consumer calls it, except for
// the counts.
type recorder struct {
	name string
	path string
	file *os.File
	out  *bufio.Writer

	at          atomic.Uint64 // the last seq received
	connections atomic.Int64
}

func newRecorder(t testing.TB, dir, name string) *recorder {
	t.Helper()
	path := filepath.Join(dir, name)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return &recorder{name: name, path: path, file: file, out: bufio.NewWriterSize(file, 64<<10)}
}

// message records a message and its seq, which is then the consumer's position.
func (r *recorder) message(raw []byte, seq uint64) {
	_, _ = r.out.Write(raw)
	_ = r.out.WriteByte('\n')
	r.at.Store(seq)
}

func (r *recorder) connected() {
	r.connections.Add(1)
	r.notef("connected; last told %d", r.at.Load())
}

func (r *recorder) notef(format string, args ...any) {
	fmt.Fprintf(r.out, note+"%s %s\n", time.Now().UTC().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

// alarmf records a broken promise that the messages alone do not show.
func (r *recorder) alarmf(format string, args ...any) {
	fmt.Fprintf(r.out, alarm+"%s\n", fmt.Sprintf(format, args...))
}

// close writes the buffer, and returns the first error.
func (r *recorder) close() error {
	err := r.out.Flush()
	if closeErr := r.file.Close(); err == nil {
		err = closeErr
	}
	return err
}
