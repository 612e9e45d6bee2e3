package sqlite

import (
	"os"

	"golang.org/x/sys/unix"
)

// created returns the creation time of the file in nanoseconds; 0 if the file system
// does not know it.
func createdAt(file *os.File) int64 {
	var s unix.Statx_t
	err := unix.Statx(int(file.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &s)
	if err != nil || s.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return s.Btime.Sec*1e9 + int64(s.Btime.Nsec)
}
