package bench

import (
	"cmp"
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"taskctl/pkg/wait"
)

// load sends requests over a fixed number of connections. Each connection waits
// for an answer before it sends the next request.
type load struct {
	endpoint    *endpoint
	connections int
	template    request
	ids         []id          // for a template with an id; used in turn
	count       uint64        // maximum number of requests
	limit       time.Duration // maximum duration
	rate        float64       // requests per second; 0: as fast as answers arrive
	measured    bool          // false while tasks are only prepared or deleted
	epoch       time.Time     // reference for the time stamps in requests
	taken       atomic.Uint64 // next index in ids
	done        atomic.Uint64 // requests answered so far
}

// outcome is the result of a load.
type outcome struct {
	latency        histogram // of requests answered with 2xx
	late           histogram // with a rate: how late each request was sent
	errors         map[string]uint64
	sample         string // text of one error
	created        []id
	seq            uint64 // highest seq in the answers
	began          time.Time
	ended          time.Time // when the last answer arrived
	cpu            time.Duration
	batchScheduled bool
}

// run opens the connections and sends the load. When ctx ends it returns the
// outcome so far. An error means that the load could not start.
func (l *load) run(ctx context.Context) (*outcome, error) {
	workers := make([]*worker, l.connections)
	for i := range workers {
		w, err := l.newWorker(ctx)
		if err != nil {
			for _, w := range workers[:i] {
				w.close()
			}
			return nil, err
		}
		workers[i] = w
	}
	batchScheduled := l.measured && l.rate == 0 && l.connections > runtime.NumCPU() && useBatchScheduling()
	out := &outcome{batchScheduled: batchScheduled, errors: map[string]uint64{}, cpu: -ownCPU(), began: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, l.limit)
	defer cancel()
	var pacing, running sync.WaitGroup
	next := l.unpaced(ctx)
	if l.rate > 0 {
		next = l.paced(ctx, &pacing, &out.late)
	}
	for _, w := range workers {
		running.Go(func() { w.work(ctx, next) })
	}
	running.Wait()
	cancel()
	pacing.Wait()

	out.cpu += ownCPU()
	out.ended = out.began
	for _, w := range workers {
		w.close()
		out.add(w)
	}
	return out, nil
}

// unpaced allows requests until the maximum number is reached.
func (l *load) unpaced(ctx context.Context) func() bool {
	var sent atomic.Uint64
	return func() bool { return ctx.Err() == nil && sent.Add(1) <= l.count }
}

// paced allows requests at a fixed rate, independent of earlier answers, as long
// as a connection is free.
func (l *load) paced(ctx context.Context, pacing *sync.WaitGroup, late *histogram) func() bool {
	tickets := make(chan struct{})
	pacing.Go(func() {
		defer close(tickets)
		began := time.Now()
		for i := range l.count {
			due := time.Duration(float64(i) / l.rate * float64(time.Second))
			if !wait.Sleep(ctx, due-time.Since(began)) {
				return
			}
			select {
			case tickets <- struct{}{}:
				late.record(time.Since(began) - due)
			case <-ctx.Done():
				return
			}
		}
	})
	return func() bool {
		_, open := <-tickets
		return open
	}
}

func (o *outcome) add(w *worker) {
	o.latency.merge(&w.latency)
	for kind, n := range w.errors {
		o.errors[kind] += n
	}
	o.sample = cmp.Or(o.sample, w.sample)
	o.created = append(o.created, w.created...)
	o.seq = max(o.seq, w.seq)
	if w.ended.After(o.ended) {
		o.ended = w.ended
	}
}

func (o *outcome) seconds() float64 { return o.ended.Sub(o.began).Seconds() }
