package bench

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncData is what SQLite does at a commit.
func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
