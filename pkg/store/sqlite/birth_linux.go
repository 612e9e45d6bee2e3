package sqlite

import (
	"os"

	"golang.org/x/sys/unix"
)

// birth returns when the file was made, in nanoseconds; 0 where the file system
// does not know.
func birth(file *os.File) int64 {
	var s unix.Statx_t
	err := unix.Statx(int(file.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &s)
	if err != nil || s.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return s.Btime.Sec*1e9 + int64(s.Btime.Nsec)
}
