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

// Methods returns the methods there are.
func Methods() []string {
	return []string{MethodPost, MethodGet, MethodList, MethodPut, MethodPatch, MethodDelete}
}

// RestConfig is a load of requests.
type RestConfig struct {
	Method      string
	Path        string        // with MethodGet: read this instead of tasks
	Connections int           // 1–1000
	Requests    uint64        // at most; 0: as many as fit into Duration
	Duration    time.Duration // at most
	BodyBytes   int           // of a task's JSON, about
	PageSize    int           // of MethodList, 1–1000
	Tasks       int           // how many to make first; 0: as the method needs
	Keep        bool          // leave the tasks that were made
}

// Load is what came of many requests.
type Load struct {
	Connections int               `json:"connections"`
	Requests    uint64            `json:"requests"` // answered with 2xx
	Seconds     float64           `json:"seconds"`
	PerSecond   float64           `json:"per_second"`
	Latency     Latency           `json:"latency"`
	Errors      map[string]uint64 `json:"errors,omitempty"` // all others, by kind
	ErrorSample string            `json:"error_sample,omitempty"`
	ClientCPU   float64           `json:"client_cpu_us_per"`         // of this process, for each request
	PeerCPU     float64           `json:"peer_cpu_us_per,omitempty"` // of the echo's process
	GaveWay     bool              `json:"client_gave_way"`           // left the cores to the servers, see giveWay
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
	Ratio       float64 `json:"ratio,omitempty"` // of the rate to the mean of both echoes
	Made        int     `json:"tasks_made"`
	Cleaned     int     `json:"tasks_cleaned"`
	Interrupted bool    `json:"interrupted"`
}

// prepared is how many tasks a method works on unless it is told.
const prepared = 1000

// Rest puts requests on the API. When ctx ends it returns what was measured so
// far. The tasks it made are deleted again, by their ids.
func Rest(ctx context.Context, target Target, cfg RestConfig, opts Options) (*RestReport, error) {
	api, err := newEndpoint(ctx, target.API, target.Token)
	if err != nil {
		return nil, err
	}
	r := &RestReport{Machine: thisMachine(), Method: cfg.Method, BodyBytes: len(taskBody(cfg.BodyBytes))}
	r.Load.Connections = cfg.Connections
	tasks := &tasks{endpoint: api, opts: opts}
	err = r.measure(ctx, target, cfg, opts, tasks)
	r.Made = len(tasks.made)
	if ctx.Err() != nil {
		err = nil // whatever could not be done could not be done for that
	}
	if !cfg.Keep {
		var cleanErr error
		r.Cleaned, cleanErr = tasks.clean(ctx)
		err = errors.Join(err, cleanErr)
	}
	r.Interrupted = ctx.Err() != nil
	return r, err
}

func (r *RestReport) measure(ctx context.Context, target Target, cfg RestConfig, opts Options, tasks *tasks) error {
	need := cfg.Tasks
	switch {
	case cfg.Method == MethodDelete:
		if cfg.Requests == 0 {
			return errors.New("deletes must be counted")
		}
		need = max(need, int(cfg.Requests))
	case need == 0 && cfg.Path == "" && cfg.Method != MethodPost:
		need = prepared
	}
	ids, err := tasks.make(ctx, need, cfg.BodyBytes)
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
	stop := opts.watch(StageLoad, cfg.Requests, l.done.Load)
	usage := startUsage(target.Processes)
	out, err := l.run(ctx)
	stop()
	if err != nil {
		return err
	}
	tasks.made = append(tasks.made, out.created...)
	r.Load = out.report(l)
	r.Servers = usage.end(r.Load.Requests)
	if cfg.Method == MethodDelete {
		tasks.made = tasks.made[min(int(l.taken.Load()), len(tasks.made)):]
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

// load is the load that the settings ask for.
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
		l.template = newRequest(api, http.MethodPost, "/tasks", plain, body)
	case MethodGet:
		if cfg.Path != "" {
			one = cfg.Path
		}
		l.template = newRequest(api, http.MethodGet, one, "", "")
	case MethodList:
		l.template = newRequest(api, http.MethodGet, fmt.Sprint("/tasks?limit=", cfg.PageSize), "", "")
	case MethodPut:
		l.template = newRequest(api, http.MethodPut, one, plain, body)
	case MethodPatch:
		l.template = newRequest(api, http.MethodPatch, one, merge, taskBody(0))
	case MethodDelete:
		l.template = newRequest(api, http.MethodDelete, one, "", "")
	default:
		return nil, fmt.Errorf("unknown method %q", cfg.Method)
	}
	if l.template.id >= 0 {
		l.ids = ids
	}
	return l, nil
}

// echoLimit bounds the time that each echo takes.
const echoLimit = 2 * time.Second

// measureEcho puts the same number of connections on the peer. nil without one.
func measureEcho(ctx context.Context, cfg RestConfig, opts Options) (*Load, error) {
	if opts.Peer == nil {
		return nil, nil
	}
	peer, err := newEndpoint(ctx, "http://"+opts.Peer.Addr, "")
	if err != nil {
		return nil, err
	}
	l := &load{endpoint: peer, connections: cfg.Connections, count: 1 << 62, limit: min(cfg.Duration, echoLimit), measured: true, epoch: time.Now()}
	l.template = newRequest(peer, http.MethodPost, "/echo", "application/json", taskBody(cfg.BodyBytes))
	defer opts.watch(StageEcho, 0, l.done.Load)()
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
	r := Load{Connections: l.connections, Requests: n, Seconds: o.seconds(), Latency: o.latency.latency(), ErrorSample: o.sample, GaveWay: o.gaveWay}
	if len(o.errors) > 0 {
		r.Errors = o.errors
	}
	if n > 0 && r.Seconds > 0 {
		r.PerSecond = float64(n) / r.Seconds
		r.ClientCPU = micros(o.cpu) / float64(n)
	}
	return r
}
