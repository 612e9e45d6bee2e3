package wsserver

import (
	"bytes"
	"sort"
	"sync"

	"github.com/taskctl/taskctl/pkg/task"
)

// filteredChunk is about how much of a filtered stream is made at a time, in bytes.
const filteredChunk = 64 << 10

// scratch is where the frames of a filtered stream are put together.
type scratch struct {
	buf   []byte
	marks []mark
}

// mark is the end of a frame in buf, and the event in it.
type mark struct {
	end int
	seq uint64
}

type scratchPool struct{ sync.Pool }

func (p *scratchPool) get() *scratch {
	if s, ok := p.Get().(*scratch); ok {
		return s
	}
	return new(scratch)
}

func (p *scratchPool) put(s *scratch) {
	if cap(s.buf) <= 2*filteredChunk {
		p.Put(s)
	}
}

// fill puts together what the filter chooses of r, each event with the seq that
// the client was told before it, and returns how far in r it came.
func (s *scratch) fill(r run, f *filter, told uint64) (last uint64) {
	s.buf, s.marks = s.buf[:0], s.marks[:0]
	for i := range r.entries {
		if !f.match(&r.entries[i]) {
			continue
		}
		seq := r.first + uint64(i)
		s.buf = appendWithPrev(s.buf, payloadOf(r.frame(i)), told)
		s.marks = append(s.marks, mark{len(s.buf), seq})
		told = seq
		if len(s.buf) >= filteredChunk {
			return seq
		}
	}
	return r.last()
}

// appendWithPrev appends the frame of an event with a "prev" member spliced in
// before its closing brace.
func appendWithPrev(dst, event []byte, prev uint64) []byte {
	var digits [32]byte
	member := task.AppendPrev(digits[:0], prev)
	dst = appendHeader(dst, opText, len(event)+len(member))
	dst = append(dst, event[:len(event)-1]...)
	dst = append(dst, member...)
	return append(dst, '}')
}

func (c *client) sendFiltered(r run) (full bool, err error) {
	s := c.hub.scratch.get()
	defer c.hub.scratch.put(s)
	last := s.fill(r, c.filter, c.told)
	if len(s.marks) == 0 {
		c.cursor = last
		return false, nil
	}
	n, full, err := c.sock.try(s.buf)
	c.took(n)
	if n == len(s.buf) {
		c.cursor, c.told = last, s.marks[len(s.marks)-1].seq
		c.delivered(len(s.marks))
		return full, err
	}
	if n > 0 {
		i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].end >= n })
		c.cursor, c.told = s.marks[i].seq, s.marks[i].seq
		c.out = bytes.Clone(s.buf[n:s.marks[i].end])
		c.delivered(i + 1)
	}
	return full, err
}
