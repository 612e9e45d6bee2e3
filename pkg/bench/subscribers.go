package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"taskctl/pkg/wait"
)

// connectConcurrency bounds how many connections are opened at the same time.
const connectConcurrency = 32

// subscribers is a group of receivers.
type subscribers struct {
	receivers      []*receiver
	readBufferPool *readBufferPool
	receiving      sync.WaitGroup
	connected      atomic.Uint64
}

func newSubscribers(n int, epoch time.Time, sample uint64) *subscribers {
	s := &subscribers{readBufferPool: newReadBufferPool(), receivers: make([]*receiver, n)}
	for i := range s.receivers {
		s.receivers[i] = &receiver{readBufferPool: s.readBufferPool, epoch: epoch, sample: sample}
	}
	return s
}

// connect connects every receiver to the path and starts reading. If one fails, all
// connections are closed.
func (s *subscribers) connect(ctx context.Context, e *endpoint, path string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		next       atomic.Int64
		connecting sync.WaitGroup
	)
	for range min(connectConcurrency, len(s.receivers)) {
		connecting.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(s.receivers) && ctx.Err() == nil; i = next.Add(1) - 1 {
				r := s.receivers[i]
				if err := r.connect(ctx, e, path); err != nil {
					cancel(err)
					return
				}
				s.connected.Add(1)
				s.receiving.Go(r.receive)
			}
		})
	}
	connecting.Wait()
	if err := context.Cause(ctx); err != nil {
		s.close()
		return err
	}
	return nil
}

// close closes every connection and waits until all receivers have ended.
func (s *subscribers) close() {
	for _, r := range s.receivers {
		if r.conn != nil {
			_ = r.conn.Close() // the connection is no longer needed
		}
	}
	s.receiving.Wait()
}

// pollInterval is the time between two checks for completion. It does not limit the
// precision: the figures come from the times that the receivers record.
const pollInterval = 5 * time.Millisecond

// waitFor waits until every connected receiver has received the event seq, or no
// receiver has received anything for timeout, or ctx ends.
func (s *subscribers) waitFor(ctx context.Context, seq uint64, timeout time.Duration) {
	var before uint64
	for quiet := time.Now(); ; {
		behind, sum := 0, uint64(0)
		for _, r := range s.receivers {
			last := r.last.Load()
			sum += last
			if last < seq && !r.closed.Load() {
				behind++
			}
		}
		if sum != before {
			before, quiet = sum, time.Now()
		}
		if behind == 0 || time.Since(quiet) > timeout || !wait.Sleep(ctx, pollInterval) {
			return
		}
	}
}

// received returns how many events all receivers have counted.
func (s *subscribers) received() (n uint64) {
	for range s.readBufferPool.all { // holding all buffers makes it safe to read their counters
		defer func(d *readBuffer) { s.readBufferPool.free <- d }(<-s.readBufferPool.free)
	}
	for _, d := range s.readBufferPool.all {
		n += d.events
	}
	return n
}

// lastSeqSum returns the sum of the last seq of every receiver.
func (s *subscribers) lastSeqSum() uint64 {
	var sum uint64
	for _, r := range s.receivers {
		sum += r.last.Load()
	}
	return sum
}

// Delivery is the result of delivering events to many clients.
type Delivery struct {
	Clients      int     `json:"clients"`
	Deliveries   uint64  `json:"deliveries"`
	Seconds      float64 `json:"seconds"` // from the first event sent to the last received
	PerSecond    float64 `json:"per_second"`
	MessageBytes float64 `json:"message_bytes"` // mean size of the JSON
	Latency      Latency `json:"latency"`       // from the request that made the event to its arrival
	Lost         uint64  `json:"lost"`
	Repeated     uint64  `json:"repeated"`
	Resets       uint64  `json:"resets"`
	Disconnected int     `json:"disconnected"`
	ErrorSample  string  `json:"error_sample,omitempty"`
	ClientCPU    float64 `json:"client_cpu_us_per"` // of this process, per delivery
}

// report summarises the deliveries up to the event seq, since began. Call it after
// close.
func (s *subscribers) report(seq uint64, began time.Time, cpu time.Duration) Delivery {
	d := Delivery{Clients: len(s.receivers)}
	ended := began
	for _, r := range s.receivers {
		d.Deliveries += r.received
		d.Repeated += r.repeated
		d.Resets += r.resets
		d.Lost += r.lost
		if r.seq < seq {
			d.Lost += seq - r.seq
		}
		if r.err != nil {
			d.Disconnected++
			d.ErrorSample = r.err.Error()
		}
		if r.lastAt.After(ended) {
			ended = r.lastAt
		}
	}
	var latency histogram
	var bytes uint64
	for _, readBuffer := range s.readBufferPool.all {
		latency.merge(&readBuffer.latency)
		bytes += readBuffer.bytes
	}
	d.Latency = latency.latency()
	d.Seconds = ended.Sub(began).Seconds()
	if d.Deliveries > 0 && d.Seconds > 0 {
		d.PerSecond = float64(d.Deliveries) / d.Seconds
		d.MessageBytes = float64(bytes) / float64(d.Deliveries)
		d.ClientCPU = micros(cpu) / float64(d.Deliveries)
	}
	return d
}
