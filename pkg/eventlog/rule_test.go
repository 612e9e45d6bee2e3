package eventlog

import (
	"testing"

	"taskctl/pkg/task"
)

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		name            string
		last, prev, seq uint64
		want            Class
	}{
		{"the next", 5, 5, 6, Next},
		{"the first of all", 0, 0, 1, Next},
		{"the same again", 5, 4, 5, Duplicate},
		{"an old one", 5, 1, 2, Duplicate},
		{"one is missing", 5, 6, 7, Gap},
		{"filtered: what is between was not for us", 5, 5, 9, Next},
		{"filtered: something for us is between", 5, 7, 9, Gap},
		{"filtered: sent before we were told more", 8, 5, 9, Next},
		{"filtered: the same again", 9, 5, 9, Duplicate},
		{"at the end of numbers", task.MaxSeq - 1, task.MaxSeq - 1, task.MaxSeq, Next},
	} {
		if got := Classify(c.last, c.prev, c.seq); got != c.want {
			t.Errorf("%s: Classify(%d, %d, %d) is %d; want %d", c.name, c.last, c.prev, c.seq, got, c.want)
		}
	}
}

// FuzzCut checks that for any input the applied events begin at last+1 and have no
// gaps, and that no applicable event is left.
func FuzzCut(f *testing.F) {
	f.Add(uint8(3), []byte{2, 3, 4, 5, 5, 6, 9, 7})
	f.Add(uint8(0), []byte{1})
	f.Fuzz(func(t *testing.T, from uint8, seqs []byte) {
		last := uint64(from)
		rest := make([]task.Event, len(seqs))
		for i, seq := range seqs {
			rest[i].Seq = uint64(seq) + 1
		}
		for len(rest) > 0 {
			before := len(rest)
			var next []task.Event
			next, rest = Cut(last, rest)
			for _, e := range next {
				if e.Seq != last+1 {
					t.Fatalf("event %d was applied after %d", e.Seq, last)
				}
				last = e.Seq
			}
			if len(next) > 0 {
				continue
			}
			if len(rest) > 0 && rest[0].Seq <= last+1 {
				t.Fatalf("event %d was left after %d", rest[0].Seq, last)
			}
			if len(rest) == before && before > 0 { // a gap, which the caller has to fill
				last = rest[0].Seq - 1
			}
		}
	})
}
