package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// The methods of a [RestConfig].
const (
	MethodPost   = "post"   // create a task
	MethodGet    = "get"    // read one task, each of RestConfig.Tasks in turn
	MethodList   = "list"   // read a page
	MethodPut    = "put"    // replace a task
	MethodPatch  = "patch"  // change a task's title
	MethodDelete = "delete" // delete a task, each once
)

// Methods returns all methods.
func Methods() []string {
	return []string{MethodPost, MethodGet, MethodList, MethodPut, MethodPatch, MethodDelete}
}

// RestConfig is a load of requests.
type RestConfig struct {
	Method      string
	Path        string        // with MethodGet: this path instead of tasks
	Connections int           // 1–1000
	Requests    uint64        // maximum; 0: bounded by Duration only
	Duration    time.Duration // maximum
	BodyBytes   int           // approximate size of a task's JSON
	PageSize    int           // of MethodList, 1–1000
	Tasks       int           // how many to create first; 0: as the method needs
	Keep        bool          // do not delete the created tasks
}

// Load is the result of many requests.
type Load struct {
	Connections     int               `json:"connections"`
	Requests        uint64            `json:"requests"` // answered with 2xx
	Seconds         float64           `json:"seconds"`
	PerSecond       float64           `json:"per_second"`
	Latency         Latency           `json:"latency"`
	Errors          map[string]uint64 `json:"errors,omitempty"` // all other requests, by kind
	ErrorSample     string            `json:"error_sample,omitempty"`
	ClientCPU       float64           `json:"client_cpu_us_per"`         // of this process, per request
	PeerCPU         float64           `json:"peer_cpu_us_per,omitempty"` // of the echo's process
	BatchScheduling bool              `json:"client_batch_scheduling"`   // see useBatchScheduling
}

// RestReport is the result of [Rest].
type RestReport struct {
	Machine     Machine `json:"machine"`
	Method      string  `json:"method"`
	BodyBytes   int     `json:"body_bytes"`
	Load        Load    `json:"load"`
	Servers     []Usage `json:"servers,omitempty"`
	EchoBefore  *Load   `json:"echo_before,omitempty"`
	EchoAfter   *Load   `json:"echo_after,omitempty"`
	Ratio       float64 `json:"ratio,omitempty"` // rate / mean rate of both echoes
	Made        int     `json:"tasks_made"`
	Cleaned     int     `json:"tasks_cleaned"`
	Interrupted bool    `json:"interrupted"`
}

// defaultTasks is how many tasks a method works on by default.
const defaultTasks = 1000

// Rest sends requests to the API. When ctx ends it returns the results so far. It
// deletes the tasks it created, by their ids.
func Rest(ctx context.Context, target Target, cfg RestConfig, opts Options) (*RestReport, error) {
	api, err := newEndpoint(ctx, target.API, credentials{target.Token, target.TLS})
	if err != nil {
		return nil, err
	}
	r := &RestReport{Machine: thisMachine(), Method: cfg.Method, BodyBytes: len(taskBody(cfg.BodyBytes))}
	r.Load.Connections = cfg.Connections
	tasks := &tasks{endpoint: api, opts: opts}
	err = (&rest{target: target, cfg: cfg, opts: opts, tasks: tasks, report: r}).measure(ctx)
	r.Made = len(tasks.created)
	if ctx.Err() != nil {
		err = nil // an interrupt explains every other error
	}
	if !cfg.Keep {
		var cleanErr error
		r.Cleaned, cleanErr = tasks.clean(ctx)
		err = errors.Join(err, cleanErr)
	}
	r.Interrupted = ctx.Err() != nil
	return r, err
}

// rest is one measurement of requests.
type rest struct {
	target Target
	cfg    RestConfig
	opts   Options
	tasks  *tasks
	report *RestReport
}

func (m *rest) measure(ctx context.Context) error {
	cfg, opts, tasks, r := m.cfg, m.opts, m.tasks, m.report
	count := cfg.Tasks
	switch {
	case cfg.Method == MethodDelete:
		if cfg.Requests == 0 {
			return errors.New("delete needs a number of requests")
		}
		count = max(count, int(cfg.Requests))
	case count == 0 && cfg.Path == "" && cfg.Method != MethodPost:
		count = defaultTasks
	}
	ids, err := tasks.make(ctx, count, cfg.BodyBytes)
	if err != nil || ctx.Err() != nil {
		return err
	}
	if r.EchoBefore, err = measureEcho(ctx, cfg, opts); err != nil || ctx.Err() != nil {
		return err
	}
	l, err := cfg.load(tasks.endpoint, ids)
	if err != nil {
		return err
	}
	stop := opts.reportProgress(StageLoad, cfg.Requests, l.done.Load)
	usage := startUsage(m.target.Processes)
	out, err := l.run(ctx)
	stop()
	if err != nil {
		return err
	}
	tasks.created = append(tasks.created, out.created...)
	r.Load = out.report(l)
	r.Servers = usage.end(r.Load.Requests)
	if cfg.Method == MethodDelete {
		tasks.created = tasks.created[min(int(l.taken.Load()), len(tasks.created)):]
	}
	if ctx.Err() != nil {
		return nil
	}
	if r.EchoAfter, err = measureEcho(ctx, cfg, opts); err != nil || r.EchoAfter == nil {
		return err
	}
	if echo := (r.EchoBefore.PerSecond + r.EchoAfter.PerSecond) / 2; echo > 0 {
		r.Ratio = r.Load.PerSecond / echo
	}
	return nil
}

// load returns the load for the configuration.
func (cfg RestConfig) load(api *endpoint, ids []id) (*load, error) {
	l := &load{endpoint: api, connections: cfg.Connections, count: cfg.Requests, limit: cfg.Duration, measured: true, epoch: time.Now()}
	if l.count == 0 {
		l.count = 1 << 62
	}
	const (
		plain = "application/json"
		merge = "application/merge-patch+json"
	)
	one, body := "/tasks/"+idSlot, taskBody(cfg.BodyBytes)
	switch cfg.Method {
	case MethodPost:
		l.template = newRequest(api, call{method: http.MethodPost, path: "/tasks", contentType: plain, body: body})
	case MethodGet:
		if cfg.Path != "" {
			one = cfg.Path
		}
		l.template = newRequest(api, call{method: http.MethodGet, path: one})
	case MethodList:
		l.template = newRequest(api, call{method: http.MethodGet, path: fmt.Sprint("/tasks?limit=", cfg.PageSize)})
	case MethodPut:
		l.template = newRequest(api, call{method: http.MethodPut, path: one, contentType: plain, body: body})
	case MethodPatch:
		l.template = newRequest(api, call{method: http.MethodPatch, path: one, contentType: merge, body: taskBody(0)})
	case MethodDelete:
		l.template = newRequest(api, call{method: http.MethodDelete, path: one})
	default:
		return nil, fmt.Errorf("unknown method %q", cfg.Method)
	}
	if l.template.id >= 0 {
		l.ids = ids
	}
	return l, nil
}

// maxEchoDuration bounds each measurement of the echo.
const maxEchoDuration = 2 * time.Second

// measureEcho sends the same load to the peer. It returns nil without a peer.
func measureEcho(ctx context.Context, cfg RestConfig, opts Options) (*Load, error) {
	if opts.Peer == nil {
		return nil, nil
	}
	peer, err := newEndpoint(ctx, []string{"http://" + opts.Peer.Addr}, credentials{})
	if err != nil {
		return nil, err
	}
	l := &load{endpoint: peer, connections: cfg.Connections, count: 1 << 62, limit: min(cfg.Duration, maxEchoDuration), measured: true, epoch: time.Now()}
	l.template = newRequest(peer, call{method: http.MethodPost, path: "/echo", contentType: "application/json", body: taskBody(cfg.BodyBytes)})
	defer opts.reportProgress(StageEcho, 0, l.done.Load)()
	usage := startUsage(opts.Peer.processes())
	out, err := l.run(ctx)
	if err != nil {
		return nil, err
	}
	report := out.report(l)
	report.PeerCPU = cpuPer(usage.end(report.Requests))
	return &report, nil
}

func (o *outcome) report(l *load) Load {
	n := o.latency.n
	r := Load{Connections: l.connections, Requests: n, Seconds: o.seconds(), Latency: o.latency.latency(), ErrorSample: o.sample, BatchScheduling: o.batchScheduled}
	if len(o.errors) > 0 {
		r.Errors = o.errors
	}
	if n > 0 && r.Seconds > 0 {
		r.PerSecond = float64(n) / r.Seconds
		r.ClientCPU = micros(o.cpu) / float64(n)
	}
	return r
}
