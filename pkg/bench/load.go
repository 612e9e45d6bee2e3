package bench

import (
	"cmp"
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// load sends requests over a fixed number of connections. Each waits for its
// answer before it sends the next.
type load struct {
	endpoint    *endpoint
	connections int
	template    request
	ids         []id          // for a template with a place for one; taken in turn
	count       uint64        // requests at most
	limit       time.Duration // and for how long
	rate        float64       // requests per second; 0: as fast as they are answered
	measured    bool          // not only to make tasks or to delete them
	epoch       time.Time     // what stamps count from
	taken       atomic.Uint64 // of ids
	done        atomic.Uint64 // requests answered so far
}

// outcome is what came of a load.
type outcome struct {
	latency histogram // of requests answered with 2xx
	late    histogram // with a rate: how long after its time each was sent
	errors  map[string]uint64
	sample  string // one error in full
	created []id
	seq     uint64 // the highest that an answer named
	began   time.Time
	ended   time.Time // when the last answer was there
	cpu     time.Duration
	gaveWay bool
}

// run opens the connections and sends the load. It returns early, with what
// there is, when ctx ends; its error says that the load could not begin.
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
	gaveWay := l.measured && l.rate == 0 && l.connections > runtime.NumCPU() && giveWay()
	out := &outcome{gaveWay: gaveWay, errors: map[string]uint64{}, cpu: -ownCPU(), began: time.Now()}
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
		out.take(w)
	}
	return out, nil
}

// unpaced lets requests go until enough are sent.
func (l *load) unpaced(ctx context.Context) func() bool {
	var sent atomic.Uint64
	return func() bool { return ctx.Err() == nil && sent.Add(1) <= l.count }
}

// paced lets requests go at their times, whether or not earlier ones are
// answered, as far as there are connections.
func (l *load) paced(ctx context.Context, pacing *sync.WaitGroup, late *histogram) func() bool {
	tickets := make(chan struct{})
	pacing.Go(func() {
		defer close(tickets)
		began := time.Now()
		for i := range l.count {
			due := time.Duration(float64(i) / l.rate * float64(time.Second))
			if !sleep(ctx, due-time.Since(began)) {
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

func (o *outcome) take(w *worker) {
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

// sleep waits, and reports whether ctx has not ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
