//go:build unix

package launcher

import "golang.org/x/sys/unix"

// fileLimit is how many descriptors a process of ours may have: the hard limit,
// to which Go raises the soft one at its start.
func fileLimit() (limit uint64, known bool) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, false
	}
	return uint64(l.Max), true //nolint:unconvert // signed on some systems
}
