//go:build !linux

package supervisor

// tags does nothing: on other systems there is no inherited value that other processes
// can read.
type tags struct{}

func newTags(string) *tags { return nil }

func (*tags) start(fork func() error) (tag uint64, err error) { return 0, fork() }

func tagOf(int) uint64 { return 0 }

func tagIsOf(uint64, string) bool { return false }
