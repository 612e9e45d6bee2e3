package launcher

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// filePages returns how much of this process's memory are pages of files, in kB.
func filePages(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(status), "RssFile:")
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		t.Skip("this kernel does not tell the pages of files apart")
	}
	kB, err := strconv.Atoi(fields[0])
	if err != nil {
		t.Fatal(err)
	}
	return kB
}

func TestDropStartCode(t *testing.T) {
	before := filePages(t)
	if err := dropStartCode(); err != nil {
		t.Fatal(err)
	}
	if after := filePages(t); after >= before {
		t.Errorf("pages of files: %d kB before, %d kB after", before, after)
	}
}
