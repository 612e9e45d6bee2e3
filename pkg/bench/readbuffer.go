package bench

import "runtime"

// readBuffer is what a receiver needs while it reads: a buffer, and counters that
// only one goroutine changes at a time. All receivers share a few of them, so that
// ten thousand idle connections need no buffers.
type readBuffer struct {
	chunk   []byte
	latency histogram
	events  uint64 // read with this buffer
	bytes   uint64 // of payload in these events
}

const chunkSize = 64 << 10

// readBufferPool shares the read buffers among the receivers.
type readBufferPool struct {
	free chan *readBuffer
	all  []*readBuffer
}

func newReadBufferPool() *readBufferPool {
	n := 2 * runtime.GOMAXPROCS(0)
	d := &readBufferPool{free: make(chan *readBuffer, n)}
	for range n {
		one := &readBuffer{chunk: make([]byte, chunkSize)}
		d.all = append(d.all, one)
		d.free <- one
	}
	return d
}
