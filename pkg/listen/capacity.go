package listen

import (
	"fmt"
	"math"
)

const (
	// reservedFiles are the descriptors that a component needs besides its
	// connections: database, logs, listeners, pipes.
	reservedFiles = 64
	// maxPending bounds the connections that have not sent a whole request. Each
	// costs a goroutine and its buffers, and with TLS a handshake's memory.
	maxPending = 1024
	minPending = 16
	// MinOpenFiles is the lowest limit of open files that a component starts with.
	MinOpenFiles = 128
)

// capacity is how many connections a server keeps open at once.
type capacity struct {
	total       int // all
	established int // those that have sent a whole request; the others may use the rest
}

// pending is how many connections without a whole request there may be beside the
// established ones.
func (c capacity) pending(established int) int {
	return min(maxPending, c.total-established)
}

// capacityOf divides a limit of open files; 0: there is none.
func capacityOf(files int) capacity {
	if files == 0 {
		return capacity{math.MaxInt, math.MaxInt - maxPending}
	}
	pending := min(maxPending, max(minPending, files/8))
	total := max(files-reservedFiles, pending+1)
	return capacity{total, total - pending}
}

// MaxConns returns how many connections this process can serve at once, besides
// those that have not sent a whole request.
func MaxConns() int { return capacityOf(MaxOpenFiles()).established }

// TooFewFilesError says that this process may not open enough files to serve.
type TooFewFilesError struct{ Limit int }

func (e *TooFewFilesError) Error() string {
	return fmt.Sprintf("this process may open %d files, and needs at least %d", e.Limit, MinOpenFiles)
}

// CheckOpenFiles returns a *TooFewFilesError if the limit of open files is too low.
func CheckOpenFiles() error {
	if limit := MaxOpenFiles(); limit != 0 && limit < MinOpenFiles {
		return &TooFewFilesError{limit}
	}
	return nil
}
