package wsserver

// stream holds the events of one log: the newest in a ring, older ones in a cache.
// When the log is replaced, clients move to a new stream, so that reads of the old
// log that are still in progress cannot be mixed in.
type stream struct {
	epoch string
	ring  *ring
	cache *segmentCache
}

// find returns a segment that holds the event seq. missing means that the event
// exists but has to be read from the log.
func (s *stream) find(seq uint64) (seg *segment, missing bool) {
	if seg = s.ring.find(seq); seg != nil {
		return seg, false
	}
	if seg = s.cache.find(seq); seg != nil {
		return seg, false
	}
	return nil, seq <= s.ring.head.Load()
}
