package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"taskctl/pkg/task"
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
	Keep      bool          // do not delete the created tasks
}

// FanoutReport is the result of [Fanout].
type FanoutReport struct {
	Machine     Machine    `json:"machine"`
	Mode        string     `json:"mode"` // "fast", "rate" or "catchup"
	Rate        float64    `json:"rate,omitempty"`
	Connect     Connect    `json:"connect"`
	Created     Load       `json:"created"`
	Late        *Latency   `json:"late,omitempty"` // with a rate: how late each event was sent
	Delivered   Delivery   `json:"delivered"`
	Servers     []Usage    `json:"servers,omitempty"` // per delivery
	Limit       *RawReport `json:"limit,omitempty"`   // raw writes of twenty such messages
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

// Connect is how fast the clients connected, and the memory they need when idle.
type Connect struct {
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	Idle      []Idle  `json:"idle,omitempty"`
}

// Idle is the memory of one process that idle connections need.
type Idle struct {
	Name      string  `json:"name"`
	Before    uint64  `json:"rss_before_bytes"`
	Connected uint64  `json:"rss_connected_bytes"`
	Each      float64 `json:"bytes_per_connection"`
}

const (
	deliveryTimeout       = 10 * time.Second // without any event; then missing events count as lost
	interruptedTimeout    = 2 * time.Second
	latencySampleInterval = 16 // without a rate, the latency of one in 16 events is recorded
	messagesPerWrite      = 20 // for the limit
	limitDuration         = 2 * time.Second
)

// Fanout creates tasks and measures their notifications. When ctx ends it returns
// the results so far. It deletes the tasks it created, by their ids.
func Fanout(ctx context.Context, target Target, cfg FanoutConfig, opts Options) (*FanoutReport, error) {
	api, err := newEndpoint(ctx, target.API, credentials{target.Token, target.TLS})
	if err != nil {
		return nil, err
	}
	ws, err := newEndpoint(ctx, target.WebSocket, credentials{target.Token, target.TLS})
	if err != nil {
		return nil, err
	}
	f := &fanout{cfg: cfg, opts: opts, processes: target.Processes, api: api, ws: ws, epoch: time.Now()}
	f.report = &FanoutReport{Machine: thisMachine(), Mode: cfg.mode(), Rate: cfg.Rate}
	f.report.Delivered.Clients = cfg.Clients
	created := &tasks{endpoint: api, opts: opts}
	if cfg.CatchUp {
		created.created, err = f.catchUp(ctx)
	} else {
		created.created, err = f.live(ctx)
	}
	f.report.Made = len(created.created)
	if ctx.Err() != nil {
		err = nil // an interrupt explains every other error
	}
	if !cfg.Keep {
		var cleanErr error
		f.report.Cleaned, cleanErr = created.clean(ctx)
		err = errors.Join(err, cleanErr)
	}
	if err == nil && ctx.Err() == nil {
		err = f.measureLimit(ctx)
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
	a, err := f.connectSubscribers(ctx, f.ws.path("/"))
	if err != nil {
		return nil, err
	}
	defer a.close()
	if len(f.processes) > 0 {
		f.report.Connect.Idle = f.measureIdle(ctx, before)
	}
	usage, cpu := startUsage(f.processes), ownCPU()
	out, err := f.publish(ctx)
	if err != nil {
		return nil, err
	}
	f.waitForDelivery(ctx, a, out.seq)
	f.finish(a, period{began: out.began, lastSeq: out.seq, usage: usage, cpu: ownCPU() - cpu})
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
	a, err := f.connectSubscribers(ctx, f.ws.path(fmt.Sprint("/?since=", since)))
	if err != nil {
		return out.created, err
	}
	defer a.close()
	f.waitForDelivery(ctx, a, out.seq)
	f.finish(a, period{began: began, lastSeq: out.seq, usage: usage, cpu: ownCPU() - cpu})
	f.report.Delivered.Latency = Latency{} // the age of old events is not a latency
	return out.created, nil
}

func (f *fanout) connectSubscribers(ctx context.Context, path string) (*subscribers, error) {
	sample := uint64(1)
	if f.cfg.Rate == 0 {
		sample = latencySampleInterval
	}
	began := time.Now()
	a := newSubscribers(f.cfg.Clients, f.epoch, sample)
	stop := f.opts.reportProgress(StageConnect, uint64(f.cfg.Clients), a.connected.Load)
	err := a.connect(ctx, f.ws, path)
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
	l.template = newRequest(f.api, call{method: http.MethodPost, path: "/tasks", contentType: "application/json", body: taskBody(f.cfg.BodyBytes)})
	defer f.opts.reportProgress(StageLoad, f.cfg.Events, l.done.Load)()
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
		return nil, fmt.Errorf("create tasks: none was accepted: %s", out.sample)
	}
	return out, nil
}

// waitForDelivery waits for events in flight; after an interrupt for a short time.
func (f *fanout) waitForDelivery(ctx context.Context, a *subscribers, seq uint64) {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), interruptedTimeout)
		defer cancel()
	}
	begin := a.lastSeqSum()
	defer f.opts.reportProgress(StageDeliver, seq*uint64(f.cfg.Clients)-begin, func() uint64 { return a.lastSeqSum() - begin })()
	a.waitFor(ctx, seq, deliveryTimeout)
}

// finish closes the clients and reports the deliveries of a period.
func (f *fanout) finish(a *subscribers, p period) {
	received := a.received()
	f.report.Servers = p.usage.end(received)
	a.close()
	f.report.Delivered = a.report(p.lastSeq, p.began, p.cpu)
}

// period is the time in which events were delivered.
type period struct {
	began   time.Time
	lastSeq uint64        // of the last event
	usage   usageSince    // of the servers
	cpu     time.Duration // of this process
}

// position returns the current position of the log.
func (f *fanout) position(ctx context.Context) (task.Position, error) {
	l := &load{endpoint: f.api, connections: 1, count: 1, limit: answerTimeout}
	l.template = newRequest(f.api, call{method: http.MethodGet, path: "/tasks?limit=1"})
	out, err := l.run(ctx)
	if err != nil {
		return task.Position{}, err
	}
	if out.latency.n == 0 && ctx.Err() == nil {
		return task.Position{}, fmt.Errorf("read the position: %s", out.sample)
	}
	return task.Position{Seq: out.seq}, nil
}

// measureLimit measures the corresponding limit of the machine.
func (f *fanout) measureLimit(ctx context.Context) (err error) {
	if f.cfg.Rate > 0 {
		if f.opts.DataDir != "" {
			f.report.Disk, err = measureDisk(ctx, f.opts, diskAppend, limitDuration)
		}
		return err
	}
	if f.opts.Peer == nil || f.report.Delivered.Deliveries == 0 {
		return nil
	}
	b := burst{Messages: messagesPerWrite, Size: int(f.report.Delivered.MessageBytes), Seconds: limitDuration.Seconds()}
	raw, err := measureRaw(ctx, f.opts, f.cfg.Clients, b)
	if err != nil || len(raw) == 0 {
		return err
	}
	f.report.Limit = &raw[0]
	f.report.Ratio = f.report.Delivered.PerSecond / raw[0].PerSecond
	return nil
}
