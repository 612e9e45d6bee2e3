package wsserver

import (
	"bytes"
	"net"
	"slices"
	"sync"
	"testing"

	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/task"
)

func frameOf(seq uint64) []byte {
	e := eventlogtest.Event(seq)
	return appendFrame(nil, opText, e.AppendJSON(nil))
}

func events(from, to uint64) []task.Event {
	var all []task.Event
	for seq := from; seq <= to; seq++ {
		all = append(all, eventlogtest.Event(seq))
	}
	return all
}

// The events in the ring can be read from any position while more are added, and the
// memory stays within the limit.
func TestRing(t *testing.T) {
	const limit, last = 64 << 10, 3000
	r := newRing(limit, 10)
	if r.first() != 11 || r.find(11) != nil || r.find(10) != nil {
		t.Error("an empty ring holds something")
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for at := uint64(10); at < last; {
				seg := r.find(at + 1)
				if seg == nil {
					at = max(at, r.first()-1) // overtaken, or not there yet
					continue
				}
				found := seg.from(at + 1)
				var want []byte
				for seq := found.first; seq <= found.last(); seq++ {
					want = append(want, frameOf(seq)...)
				}
				if found.first != at+1 || !bytes.Equal(found.frames(), want) {
					t.Errorf("from %d: other frames than were added", at+1)
					return
				}
				at = found.last()
			}
		})
	}
	go func() {
		defer close(done)
		for seq := uint64(11); seq <= last; seq += 7 {
			r.append(events(seq, min(seq+6, last)))
			if size := r.size.Load(); size > limit {
				t.Errorf("the ring takes %d bytes of %d", size, limit)
			}
		}
	}()
	<-done
	readers.Wait()
	if r.head.Load() != last || last-r.first() < 50 {
		t.Errorf("the ring holds %d to %d", r.first(), r.head.Load())
	}
}

// An event larger than a segment, even than the ring, is still one frame.
func TestRingWithLargeEvents(t *testing.T) {
	r := newRing(16<<10, 0)
	for seq := uint64(1); seq <= 5; seq++ {
		e := eventlogtest.Event(seq)
		e.Task = append(bytes.Repeat([]byte(" "), 100_000), e.Task...)
		r.append([]task.Event{e, eventlogtest.Event(seq + 1000)}[:1])
		seg := r.find(seq)
		if seg == nil {
			t.Fatal("the newest event is not there")
		}
		if got := seg.from(seq).frames(); len(got) < 100_000 || !bytes.HasSuffix(payloadOf(got), e.AppendJSON(nil)) {
			t.Errorf("event %d has %d bytes", seq, len(got))
		}
	}
}

func TestCut(t *testing.T) {
	s := segmentOf(events(1, 20))
	r := s.from(5)
	all := r.frames()
	for n := 1; n <= len(all); n++ {
		i, rest := r.split(n)
		var upTo []byte
		for k := range i + 1 {
			upTo = append(upTo, r.frame(k)...)
		}
		if !bytes.Equal(upTo, slices.Concat(all[:n], rest)) || len(rest) >= len(r.frame(i)) {
			t.Fatalf("cut at %d: frame %d and %d bytes", n, i, len(rest))
		}
	}
}

func TestSegmentCacheIsBounded(t *testing.T) {
	one := segmentOf(events(1, 10))
	h := &segmentCache{limit: 3 * one.bytes()}
	for first := uint64(1); first < 200; first += 10 {
		h.add(segmentOf(events(first, first+9)))
		if h.find(1) == nil { // kept by being used
			t.Fatal("the segment used last was forgotten")
		}
		if h.bytes() > h.limit+one.bytes()/2 {
			t.Fatalf("%d bytes of %d", h.bytes(), h.limit)
		}
	}
	h.sweep()
	if h.find(1) == nil {
		t.Error("forgotten while in use")
	}
	h.sweep()
	h.sweep()
	if h.find(1) != nil || h.bytes() != 0 {
		t.Error("kept while nobody asks")
	}
}

func TestCloseFrame(t *testing.T) {
	long := string(bytes.Repeat([]byte("ñ"), 100))
	f := appendClose(nil, closeGoingAway, long)
	if len(f) > 2+maxControl || len(f) < 2+maxControl-1 || !bytes.HasPrefix([]byte(long), f[4:]) || (len(f)-4)%2 != 0 {
		t.Errorf("a long reason became %d bytes: %q", len(f), f[4:])
	}
}

func TestRetryReason(t *testing.T) {
	for nth, want := range map[int]string{0: "retry=0", 2: "retry=0", 1000: "retry=250", 9999: "retry=2499"} {
		if got := retryReason(nth); got != want {
			t.Errorf("client %d: %s; want %s", nth, got, want)
		}
	}
}

// A connection without a descriptor is served with blocking writes.
func TestPlainSocket(t *testing.T) {
	ours, theirs := net.Pipe()
	defer func() { _, _ = ours.Close(), theirs.Close() }()
	s := &plainSocket{conn: ours}
	data := bytes.Repeat([]byte("0123456789"), 10_000)
	received := make(chan []byte)
	go func() {
		var got []byte
		buf := make([]byte, 7000)
		for len(got) < len(data) {
			n, err := theirs.Read(buf)
			if err != nil {
				break
			}
			got = append(got, buf[:n]...)
		}
		received <- got
	}()
	for left := data; len(left) > 0; {
		n, full, err := s.tryWrite(left)
		if err != nil || !full {
			t.Fatalf("try: %d, %v, %v", n, full, err)
		}
		left = left[n:]
		if err := s.waitWritable(); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-received; !bytes.Equal(got, data) {
		t.Errorf("%d bytes arrived of %d", len(got), len(data))
	}
	if n, full, _ := s.tryWrite(nil); n != 0 || !full {
		t.Errorf("try of nothing: %d, %v", n, full)
	}
}
