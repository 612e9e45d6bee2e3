package bench

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHistogramQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		durations := rapid.SliceOfN(rapid.Int64Range(0, 1<<valueBits-1), 1, 500).Draw(t, "durations")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		var whole, left, right histogram
		for i, d := range durations {
			whole.record(time.Duration(d))
			if i%2 == 0 {
				left.record(time.Duration(d))
			} else {
				right.record(time.Duration(d))
			}
		}
		slices.Sort(durations)
		rank := max(int(math.Ceil(q*float64(len(durations)))), 1)
		exact := durations[rank-1]
		got := int64(whole.quantile(q))
		if got < exact || got > exact+exact/128 {
			t.Fatalf("quantile %v is %d, want %d and at most 1/128 more", q, got, exact)
		}
		left.merge(&right)
		if left != whole {
			t.Fatal("two halves merged are not the whole")
		}
	})
}

func TestHistogramBuckets(t *testing.T) {
	for i := range buckets {
		if got := bucketOf(upperBound(i)); got != i {
			t.Fatalf("the upper bound of bucket %d lies in bucket %d", i, got)
		}
		if i+1 < buckets && bucketOf(upperBound(i)+1) != i+1 {
			t.Fatalf("bucket %d is not followed by the next", i)
		}
	}
}

func TestHistogramExtremes(t *testing.T) {
	var h histogram
	if h.latency() != (Latency{}) {
		t.Error("nothing recorded has a latency")
	}
	h.record(-time.Second)
	h.record(time.Hour)
	if got := h.quantile(0.5); got != 0 {
		t.Errorf("a negative duration counts as %v", got)
	}
	if got := h.latency().Max; got != 3600e6 {
		t.Errorf("max is %v µs", got)
	}
	if allocs := testing.AllocsPerRun(100, func() { h.record(time.Millisecond) }); allocs != 0 {
		t.Errorf("%v allocations to record", allocs)
	}
}
