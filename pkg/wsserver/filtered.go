package wsserver

import (
	"bytes"
	"sort"
	"sync"

	"taskctl/pkg/task"
)

// filteredChunk is roughly how much of a filtered stream is encoded at a time, in
// bytes.
const filteredChunk = 64 << 10

// scratch is a buffer for the frames of a filtered stream.
type scratch struct {
	buf  []byte
	ends []frameEnd
}

// frameEnd is the end of a frame in buf, and the seq of its event.
type frameEnd struct {
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

// fill encodes the events of r that the filter selects, each with the seq that was
// sent before it, and returns the seq of the last event of r that it has examined.
func (s *scratch) fill(r frameRange, f *filter, prev uint64) (last uint64) {
	s.buf, s.ends = s.buf[:0], s.ends[:0]
	for i := range r.entries {
		if !f.match(&r.entries[i]) {
			continue
		}
		seq := r.first + uint64(i)
		s.buf = appendWithPrev(s.buf, payloadOf(r.frame(i)), prev)
		s.ends = append(s.ends, frameEnd{len(s.buf), seq})
		prev = seq
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

func (c *client) sendFiltered(r frameRange) (full bool, err error) {
	s := c.hub.scratch.get()
	defer c.hub.scratch.put(s)
	last := s.fill(r, c.filter, c.prevSeq)
	if len(s.ends) == 0 {
		c.cursor = last
		return false, nil
	}
	n, full, err := c.sock.tryWrite(s.buf)
	c.noteAccepted(n)
	if n == len(s.buf) {
		c.cursor, c.prevSeq = last, s.ends[len(s.ends)-1].seq
		c.delivered(len(s.ends))
		return full, err
	}
	if n > 0 {
		i := sort.Search(len(s.ends), func(i int) bool { return s.ends[i].end >= n })
		c.cursor, c.prevSeq = s.ends[i].seq, s.ends[i].seq
		c.out = bytes.Clone(s.buf[n:s.ends[i].end])
		c.delivered(i + 1)
	}
	return full, err
}
