package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

// FanoutConfig is events that go to many clients.
type FanoutConfig struct {
	Clients   int
	Events    uint64        // tasks to create
	Rate      float64       // events per second; 0: as fast as the API takes them
	Posters   int           // connections that create them, 1–1000
	Duration  time.Duration // at most, of the creating
	BodyBytes int           // of a task's JSON, about
	CatchUp   bool          // create the events first, then connect and resume from before them
	Keep      bool          // leave the tasks that were made
}

// FanoutReport is the result of [Fanout].
type FanoutReport struct {
	Machine     Machine    `json:"machine"`
	Mode        string     `json:"mode"` // "fast", "rate" or "catchup"
	Rate        float64    `json:"rate,omitempty"`
	Connect     Connect    `json:"connect"`
	Created     Load       `json:"created"`
	Late        *Latency   `json:"late,omitempty"` // with a rate: how long after its time an event was sent
	Delivered   Delivery   `json:"delivered"`
	Servers     []Usage    `json:"servers,omitempty"` // for each delivery
	Limit       *RawReport `json:"limit,omitempty"`   // of raw writes of twenty such messages
	Ratio       float64    `json:"ratio,omitempty"`   // to it
	Disk        *Disk      `json:"disk,omitempty"`    // with a rate
	Made        int        `json:"tasks_made"`
	Cleaned     int        `json:"tasks_cleaned"`
	Interrupted bool       `json:"interrupted"`
}

// The modes of a [FanoutReport].
const (
	ModeFast    = "fast"
	ModeRate    = "rate"
	ModeCatchUp = "catchup"
)

// Connect is how the clients came, and what they take while nothing happens.
type Connect struct {
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	Idle      []Idle  `json:"idle,omitempty"`
}

// Idle is what idle connections take of one process.
type Idle struct {
	Name      string  `json:"name"`
	Before    uint64  `json:"rss_before_bytes"`
	Connected uint64  `json:"rss_connected_bytes"`
	Each      float64 `json:"bytes_per_connection"`
}

const (
	deliverPatience     = 10 * time.Second // without any event, before what is missing counts as lost
	interruptedPatience = 2 * time.Second
	sampleFast          = 16 // of the events, one in so many has its stamp read when there are millions
	batch               = 20 // messages in each raw write of the limit
	limitTime           = 2 * time.Second
)

// Fanout creates tasks and measures their notifications. When ctx ends it returns
// what was measured so far. The tasks it made are deleted again, by their ids.
func Fanout(ctx context.Context, target Target, cfg FanoutConfig, opts Options) (*FanoutReport, error) {
	api, err := newEndpoint(ctx, target.API, target.Token)
	if err != nil {
		return nil, err
	}
	ws, err := newEndpoint(ctx, target.WebSocket, target.Token)
	if err != nil {
		return nil, err
	}
	f := &fanout{cfg: cfg, opts: opts, processes: target.Processes, api: api, ws: ws, epoch: time.Now()}
	f.report = &FanoutReport{Machine: thisMachine(), Mode: cfg.mode(), Rate: cfg.Rate}
	f.report.Delivered.Clients = cfg.Clients
	made := &tasks{endpoint: api, opts: opts}
	if cfg.CatchUp {
		made.made, err = f.catchUp(ctx)
	} else {
		made.made, err = f.live(ctx)
	}
	f.report.Made = len(made.made)
	if ctx.Err() != nil {
		err = nil // whatever could not be done could not be done for that
	}
	if !cfg.Keep {
		var cleanErr error
		f.report.Cleaned, cleanErr = made.clean(ctx)
		err = errors.Join(err, cleanErr)
	}
	if err == nil && ctx.Err() == nil {
		err = f.compare(ctx)
	}
	f.report.Interrupted = ctx.Err() != nil
	return f.report, err
}

func (cfg FanoutConfig) mode() string {
	switch {
	case cfg.CatchUp:
		return ModeCatchUp
	case cfg.Rate > 0:
		return ModeRate
	}
	return ModeFast
}

// fanout is one measurement.
type fanout struct {
	cfg       FanoutConfig
	opts      Options
	processes []Process
	api, ws   *endpoint
	epoch     time.Time
	report    *FanoutReport
}

// live connects the clients first.
func (f *fanout) live(ctx context.Context) ([]id, error) {
	before := startUsage(f.processes)
	a, err := f.gather(ctx, f.ws.path("/"))
	if err != nil {
		return nil, err
	}
	defer a.leave()
	if len(f.processes) > 0 {
		f.report.Connect.Idle = f.settle(ctx, before)
	}
	usage, cpu := startUsage(f.processes), ownCPU()
	out, err := f.publish(ctx)
	if err != nil {
		return nil, err
	}
	f.deliver(ctx, a, out.seq)
	f.finish(a, usage, out.seq, out.began, ownCPU()-cpu)
	return out.created, nil
}

// catchUp creates the events first.
func (f *fanout) catchUp(ctx context.Context) ([]id, error) {
	since, err := f.position(ctx)
	if err != nil {
		return nil, err
	}
	out, err := f.publish(ctx)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return out.created, nil
	}
	usage, cpu, began := startUsage(f.processes), ownCPU(), time.Now()
	a, err := f.gather(ctx, f.ws.path(fmt.Sprint("/?since=", since)))
	if err != nil {
		return out.created, err
	}
	defer a.leave()
	f.deliver(ctx, a, out.seq)
	f.finish(a, usage, out.seq, began, ownCPU()-cpu)
	f.report.Delivered.Latency = Latency{} // the age of old events says nothing
	return out.created, nil
}

func (f *fanout) gather(ctx context.Context, path string) (*audience, error) {
	sample := uint64(1)
	if f.cfg.Rate == 0 {
		sample = sampleFast
	}
	began := time.Now()
	a := newAudience(f.cfg.Clients, f.epoch, sample)
	stop := f.opts.watch(StageConnect, uint64(f.cfg.Clients), a.joined.Load)
	err := a.join(ctx, f.ws, path)
	stop()
	if err != nil {
		return nil, err
	}
	seconds := time.Since(began).Seconds()
	f.report.Connect.Seconds, f.report.Connect.PerSecond = seconds, float64(f.cfg.Clients)/seconds
	return a, nil
}

func (f *fanout) publish(ctx context.Context) (*outcome, error) {
	l := &load{
		endpoint: f.api, connections: f.cfg.Posters, count: f.cfg.Events, limit: f.cfg.Duration,
		rate: f.cfg.Rate, measured: true, epoch: f.epoch,
	}
	l.template = newRequest(f.api, http.MethodPost, "/tasks", "application/json", taskBody(f.cfg.BodyBytes))
	defer f.opts.watch(StageLoad, f.cfg.Events, l.done.Load)()
	out, err := l.run(ctx)
	if err != nil {
		return nil, err
	}
	f.report.Created = out.report(l)
	if out.late.n > 0 {
		late := out.late.latency()
		f.report.Late = &late
	}
	if len(out.created) == 0 && ctx.Err() == nil {
		return nil, fmt.Errorf("no task could be made: %s", out.sample)
	}
	return out, nil
}

// deliver waits for what is still on its way; after an interrupt not for long.
func (f *fanout) deliver(ctx context.Context, a *audience, seq uint64) {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), interruptedPatience)
		defer cancel()
	}
	begin := a.seen()
	defer f.opts.watch(StageDeliver, seq*uint64(f.cfg.Clients)-begin, func() uint64 { return a.seen() - begin })()
	a.await(ctx, seq, deliverPatience)
}

func (f *fanout) finish(a *audience, usage usageSince, seq uint64, began time.Time, cpu time.Duration) {
	received := a.received()
	f.report.Servers = usage.end(received)
	a.leave()
	f.report.Delivered = a.report(seq, began, cpu)
}

// position is where the log stands now.
func (f *fanout) position(ctx context.Context) (task.Position, error) {
	l := &load{endpoint: f.api, connections: 1, count: 1, limit: answerTimeout}
	l.template = newRequest(f.api, http.MethodGet, "/tasks?limit=1", "", "")
	out, err := l.run(ctx)
	if err != nil {
		return task.Position{}, err
	}
	if out.latency.n == 0 && ctx.Err() == nil {
		return task.Position{}, fmt.Errorf("read the position: %s", out.sample)
	}
	return task.Position{Seq: out.seq}, nil
}

// compare measures what the machine can do in the same respect.
func (f *fanout) compare(ctx context.Context) (err error) {
	if f.cfg.Rate > 0 {
		if f.opts.DataDir != "" {
			f.report.Disk, err = measureDisk(ctx, f.opts, diskAppend, limitTime)
		}
		return err
	}
	if f.opts.Peer == nil || f.report.Delivered.Deliveries == 0 {
		return nil
	}
	size := int(f.report.Delivered.MessageBytes)
	raw, err := measureRaw(ctx, f.opts, f.cfg.Clients, size, limitTime, batch)
	if err != nil || len(raw) == 0 {
		return err
	}
	f.report.Limit = &raw[0]
	f.report.Ratio = f.report.Delivered.PerSecond / raw[0].PerSecond
	return nil
}
