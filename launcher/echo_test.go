package launcher

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// nopCloser is a log.
type nopCloser struct{ bytes.Buffer }

func (*nopCloser) Close() error { return nil }

func TestEchoShowsWholeLines(t *testing.T) {
	var log nopCloser
	var shown []string
	e := newEcho(&log, func(line []byte) { shown = append(shown, string(line)) })
	long := strings.Repeat("x", maxEchoedLine+1)
	for _, piece := range []string{"on", "e\ntwo\n\n", "thr", "ee\n", long + "\n", "no end"} {
		if n, err := e.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"one", "two", "", "three", long[:maxEchoedLine], "x", "no end"}
	if !slices.Equal(shown, want) {
		t.Errorf("shown: %q", shown)
	}
	if got := log.String(); got != "one\ntwo\n\nthree\n"+long+"\nno end" {
		t.Errorf("the log has %q", got)
	}
}
