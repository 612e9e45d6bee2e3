package bench

import (
	"math"
	"math/bits"
	"time"
)

// A histogram divides every power of two of nanoseconds into 128 buckets, so that
// a reported duration is at most 1/128 above the real one.
const (
	subBits   = 7
	valueBits = 37 // up to 137 s; longer durations count as 137 s
	buckets   = (valueBits-subBits-1)<<subBits + 1<<(subBits+1)
)

// histogram counts durations without allocating. One goroutine records.
type histogram struct {
	counts [buckets]uint32
	n      uint64
	sum    time.Duration
	max    time.Duration
}

func (h *histogram) record(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(d)]++
	h.n++
	h.sum += d
	h.max = max(h.max, d)
}

func (h *histogram) merge(other *histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.n += other.n
	h.sum += other.sum
	h.max = max(h.max, other.max)
}

// quantile returns a duration that a share q of all recorded ones do not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	rank := max(uint64(math.Ceil(q*float64(h.n))), 1)
	var lastSeqSum uint64
	for i, n := range h.counts {
		if lastSeqSum += uint64(n); lastSeqSum >= rank {
			return min(upperBound(i), h.max)
		}
	}
	return h.max
}

// bucketOf returns the bucket's index. Indexes rise with the duration: values
// below 256 have a bucket each, and every further doubling has 128.
func bucketOf(d time.Duration) int {
	v := min(uint64(d), 1<<valueBits-1)
	shift := max(bits.Len64(v)-subBits-1, 0)
	return shift<<subBits + int(v>>shift)
}

// upperBound returns the longest duration in bucket i.
func upperBound(i int) time.Duration {
	shift := max(i>>subBits-1, 0)
	mantissa := i - shift<<subBits
	return time.Duration((mantissa+1)<<shift - 1)
}

// Latency is a distribution of durations, in microseconds.
type Latency struct {
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean_us"`
	P50   float64 `json:"p50_us"`
	P90   float64 `json:"p90_us"`
	P99   float64 `json:"p99_us"`
	Max   float64 `json:"max_us"`
}

func (h *histogram) latency() Latency {
	if h.n == 0 {
		return Latency{}
	}
	return Latency{
		Count: h.n,
		Mean:  micros(h.sum) / float64(h.n),
		P50:   micros(h.quantile(0.50)),
		P90:   micros(h.quantile(0.90)),
		P99:   micros(h.quantile(0.99)),
		Max:   micros(h.max),
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
