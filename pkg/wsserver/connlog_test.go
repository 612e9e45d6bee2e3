package wsserver

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestConnLogIsBounded(t *testing.T) {
	var out bytes.Buffer
	l := &connLog{logger: slog.New(slog.NewTextHandler(&out, nil))}
	for range 10 * connLogLines {
		l.info("client connected")
	}
	l.next()
	if n := strings.Count(out.String(), "\n"); n != connLogLines+1 {
		t.Errorf("%d lines, want %d and the number of those that were skipped", n, connLogLines)
	}
	if !strings.Contains(out.String(), "lines_skipped=900") {
		t.Error(out.String()[out.Len()-200:])
	}
	out.Reset()
	l.next()
	l.info("client left")
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("in the next interval: %s", out.String())
	}
}
