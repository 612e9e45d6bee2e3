package bench

import "runtime"

// desk is what a receiver works with while it has something to read: there are a
// few for all of them, so that ten thousand idle ones cost no buffers.
type desk struct {
	chunk   []byte
	latency histogram
	events  uint64 // seen by whoever worked here
	bytes   uint64 // of their payload
}

const chunkSize = 64 << 10

// desks lends desks out.
type desks struct {
	free chan *desk
	all  []*desk
}

func newDesks() *desks {
	n := 2 * runtime.GOMAXPROCS(0)
	d := &desks{free: make(chan *desk, n)}
	for range n {
		one := &desk{chunk: make([]byte, chunkSize)}
		d.all = append(d.all, one)
		d.free <- one
	}
	return d
}
