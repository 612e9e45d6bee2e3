package supervisor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestTailKeepsTheLastLines(t *testing.T) {
	var kept tail
	stdout, stderr := kept.splitter(), kept.splitter()
	for i := range 40 {
		_, _ = fmt.Fprintf(writerFunc(stdout.write), "line %d\r\n", i)
	}
	stderr.write([]byte("half"))
	stdout.write([]byte("wh"))
	stdout.write([]byte("ole\n"))
	stdout.write([]byte(strings.Repeat("x", maxTailLine+10)))
	stderr.close()
	stdout.close()
	lines := kept.last()
	if len(lines) != MaxTailLines || lines[0] != "line 13" {
		t.Fatalf("%d lines: %q", len(lines), lines)
	}
	if got := lines[MaxTailLines-3 : MaxTailLines-1]; !slices.Equal(got, []string{"whole", "half"}) || len(lines[MaxTailLines-1]) != maxTailLine {
		t.Errorf("the end is %q", lines[MaxTailLines-3:])
	}
}

func TestTailFreezesWithTheLineUnderWay(t *testing.T) {
	var kept tail
	stdout := kept.splitter()
	stdout.write([]byte("one\ntwo"))
	kept.freeze()
	kept.freeze()
	stdout.write([]byte(" and more\ngoroutine 1\n"))
	stdout.close()
	if lines := kept.last(); !slices.Equal(lines, []string{"one", "two"}) {
		t.Errorf("kept %q", lines)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }
