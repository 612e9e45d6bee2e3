package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"taskctl/pkg/message"
)

// A failed write comes with a hint, if one is known.
func TestExplainNamesTheWayOut(t *testing.T) {
	at := func(path string, errno syscall.Errno) error {
		return fmt.Errorf("open the logs: %w", &fs.PathError{Op: "open", Path: path, Err: errno})
	}
	for _, tt := range []struct {
		name string
		err  error
		want string // the second line
	}{
		{"full disk", at("/srv/tasks/data/x", syscall.ENOSPC), "free space on that disk; `taskctl doctor` shows how much is needed"},
		{"full disk, of the user's choice", at("/mnt/events", syscall.ENOSPC), "free space on that disk; `taskctl doctor` shows how much is needed"},
		{"read-only", at("/srv/tasks/data", syscall.EROFS), "make /srv/tasks writable, or choose another directory with --dir"},
		{"not ours", at("/srv/tasks/data", syscall.EACCES), "make /srv/tasks writable, or choose another directory with --dir"},
		{"not ours, elsewhere", at("/mnt/events", syscall.EACCES), ""},
		{"another", errors.New("broken"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first, second, _ := strings.Cut(explain(tt.err, message.English, "/srv/tasks"), "\n")
			if first != tt.err.Error() || second != tt.want {
				t.Errorf("%q, then %q; want %q", first, second, tt.want)
			}
		})
	}
}
