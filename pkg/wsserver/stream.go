package wsserver

// stream is the events of one log: the latest in a ring, the older ones by way
// of a cache. When the log turns out to be another one, clients move to another
// stream, so that what is still being read of the old one harms nobody.
type stream struct {
	epoch   string
	ring    *ring
	history *history
}

// find returns a segment that holds the event seq. missing says that there is
// such an event, and that it has to be read from the log first.
func (s *stream) find(seq uint64) (seg *segment, missing bool) {
	if seg = s.ring.find(seq); seg != nil {
		return seg, false
	}
	if seg = s.history.find(seq); seg != nil {
		return seg, false
	}
	return nil, seq <= s.ring.head.Load()
}
