package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// joiners is how many connections are opened at the same time.
const joiners = 32

// audience is many receivers.
type audience struct {
	receivers []*receiver
	desks     *desks
	receiving sync.WaitGroup
	joined    atomic.Uint64
}

func newAudience(n int, epoch time.Time, sample uint64) *audience {
	a := &audience{desks: newDesks(), receivers: make([]*receiver, n)}
	for i := range a.receivers {
		a.receivers[i] = &receiver{desks: a.desks, epoch: epoch, sample: sample}
	}
	return a
}

// join connects every receiver at the path and has it read. When one cannot, all
// leave again.
func (a *audience) join(ctx context.Context, e *endpoint, path string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		next    atomic.Int64
		joining sync.WaitGroup
	)
	for range min(joiners, len(a.receivers)) {
		joining.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(a.receivers) && ctx.Err() == nil; i = next.Add(1) - 1 {
				r := a.receivers[i]
				if err := r.join(ctx, e, path); err != nil {
					cancel(err)
					return
				}
				a.joined.Add(1)
				a.receiving.Go(r.receive)
			}
		})
	}
	joining.Wait()
	if err := context.Cause(ctx); err != nil {
		a.leave()
		return err
	}
	return nil
}

// leave closes every connection and waits until nobody reads any more.
func (a *audience) leave() {
	for _, r := range a.receivers {
		if r.conn != nil {
			_ = r.conn.Close() // a client may go as it likes
		}
	}
	a.receiving.Wait()
}

// pollEvery is how often an audience is looked at; what it measures is taken from
// the receivers' own times.
const pollEvery = 5 * time.Millisecond

// await waits until every receiver that is still there has seen the event seq, or
// nothing has come for patience, or ctx ends.
func (a *audience) await(ctx context.Context, seq uint64, patience time.Duration) {
	var before uint64
	for quiet := time.Now(); ; {
		behind, sum := 0, uint64(0)
		for _, r := range a.receivers {
			last := r.last.Load()
			sum += last
			if last < seq && !r.gone.Load() {
				behind++
			}
		}
		if sum != before {
			before, quiet = sum, time.Now()
		}
		if behind == 0 || time.Since(quiet) > patience || !sleep(ctx, pollEvery) {
			return
		}
	}
}

// received is how many events have arrived, as far as the desks have counted.
func (a *audience) received() (n uint64) {
	for range a.desks.all { // whoever borrows all of them may look at all of them
		defer func(d *desk) { a.desks.free <- d }(<-a.desks.free)
	}
	for _, d := range a.desks.all {
		n += d.events
	}
	return n
}

// seen is how many events have passed all receivers together.
func (a *audience) seen() uint64 {
	var sum uint64
	for _, r := range a.receivers {
		sum += r.last.Load()
	}
	return sum
}

// Delivery is what reached many clients.
type Delivery struct {
	Clients      int     `json:"clients"`
	Deliveries   uint64  `json:"deliveries"`
	Seconds      float64 `json:"seconds"` // from the first event sent to the last received
	PerSecond    float64 `json:"per_second"`
	MessageBytes float64 `json:"message_bytes"` // the mean of the JSON
	Latency      Latency `json:"latency"`       // from the request that made the event to its arrival
	Lost         uint64  `json:"lost"`
	Repeated     uint64  `json:"repeated"`
	Resets       uint64  `json:"resets"`
	Disconnected int     `json:"disconnected"`
	ErrorSample  string  `json:"error_sample,omitempty"`
	ClientCPU    float64 `json:"client_cpu_us_per"` // of this process, for each delivery
}

// report says what arrived of everything up to the event seq, since began. The
// audience has left.
func (a *audience) report(seq uint64, began time.Time, cpu time.Duration) Delivery {
	d := Delivery{Clients: len(a.receivers)}
	ended := began
	for _, r := range a.receivers {
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
	for _, desk := range a.desks.all {
		latency.merge(&desk.latency)
		bytes += desk.bytes
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
