package supervisor

import (
	"bytes"
	"hash/fnv"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// tags marks the processes of each generation with a number that they always inherit:
// the soft RLIMIT_LOCKS. Linux has ignored this limit since 2.4.25, but passes it on
// through fork, exec, setsid and a cleared environment, and every user may read it.
// docs/adr/0006 gives the reasons.
type tags struct {
	run uint64 // the upper bits

	mu   sync.Mutex // held while this process itself has a tag, for a child to inherit
	last uint64
}

// tagBits is how many of the lower bits count the generations of one run.
const tagBits = 20

func newTags(runID string) *tags { return &tags{run: tagRun(runID)} }

// tagRun is the part of the tag that all processes of a run share.
func tagRun(runID string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(runID)) // never fails
	return hash.Sum64() >> 2 &^ (1<<tagBits - 1)
}

// tagIsOf reports whether a tag belongs to a run.
func tagIsOf(tag uint64, runID string) bool { return tag&^(1<<tagBits-1) == tagRun(runID) }

// start calls fork while this process has a new tag, and returns the tag; 0 if the
// limit cannot be set.
func (t *tags) start(fork func() error) (tag uint64, err error) {
	if t == nil {
		return 0, fork()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var before unix.Rlimit
	if unix.Prlimit(0, unix.RLIMIT_LOCKS, nil, &before) != nil {
		return 0, fork()
	}
	t.last++
	tagged := unix.Rlimit{Cur: t.run | t.last%(1<<tagBits), Max: before.Max}
	if unix.Prlimit(0, unix.RLIMIT_LOCKS, &tagged, nil) != nil {
		return 0, fork()
	}
	err = fork()
	_ = unix.Prlimit(0, unix.RLIMIT_LOCKS, &before, nil) // cannot fail, because it is the previous value
	return tagged.Cur, err
}

// tagOf returns the tag of a process; 0 if it has none.
func tagOf(pid int) uint64 {
	text, err := os.ReadFile(procFile(pid, "limits"))
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(text, []byte("\nMax file locks"))
	fields := bytes.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	tag, _ := strconv.ParseUint(string(fields[0]), 10, 64) // "unlimited" gives 0
	return tag
}
