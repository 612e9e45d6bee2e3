//go:build unix

package listen

import "golang.org/x/sys/unix"

// OpenFiles returns how many descriptors this process may have; 0: unknown.
func OpenFiles() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(limit.Cur, 1<<30))
}
