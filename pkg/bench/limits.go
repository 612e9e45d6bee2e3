package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// LimitsConfig says how the machine is measured.
type LimitsConfig struct {
	Duration     time.Duration // of each measurement
	Connections  []int         // of the echo
	BodyBytes    int           // of its JSON
	Clients      int           // connections that the peer writes to
	MessageBytes int           // of each message
}

// LimitsReport is the result of [Limits].
type LimitsReport struct {
	Machine     Machine     `json:"machine"`
	BodyBytes   int         `json:"body_bytes"`
	Echo        []Load      `json:"echo"`
	Disk        []Disk      `json:"disk"`
	Raw         []RawReport `json:"raw"`
	Interrupted bool        `json:"interrupted"`
}

// RawReport is raw writes to many sockets.
type RawReport struct {
	MessagesPerWrite int `json:"messages_per_write"`
	Delivery
	PeerCPU float64 `json:"peer_cpu_us_per,omitempty"` // of the writing process, per delivery
}

// Limits measures the machine. When ctx ends it returns the results so far.
func Limits(ctx context.Context, cfg LimitsConfig, opts Options) (*LimitsReport, error) {
	if opts.Peer == nil {
		return nil, errors.New("limits need a peer")
	}
	r := &LimitsReport{Machine: thisMachine(), BodyBytes: len(taskBody(cfg.BodyBytes))}
	err := r.measure(ctx, cfg, opts)
	if ctx.Err() != nil {
		err = nil // an interrupt explains every other error
	}
	r.Interrupted = ctx.Err() != nil
	return r, err
}

func (r *LimitsReport) measure(ctx context.Context, cfg LimitsConfig, opts Options) error {
	for _, n := range cfg.Connections {
		if ctx.Err() != nil {
			return nil
		}
		echo, err := measureEcho(ctx, RestConfig{Connections: n, Duration: cfg.Duration, BodyBytes: cfg.BodyBytes}, opts)
		if err != nil {
			return err
		}
		r.Echo = append(r.Echo, *echo)
	}
	if opts.DataDir != "" {
		for _, kind := range []diskKind{diskAppend, diskOverwrite} {
			disk, err := measureDisk(ctx, opts, kind, cfg.Duration)
			if err != nil {
				return err
			}
			r.Disk = append(r.Disk, *disk)
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	var err error
	several := burst{Messages: messagesPerWrite, Size: cfg.MessageBytes, Seconds: cfg.Duration.Seconds()}
	single := several
	single.Messages = 1
	r.Raw, err = measureRaw(ctx, opts, cfg.Clients, several, single)
	return err
}

// measureRaw makes the peer write each of the bursts to many clients, which read as in
// a fan-out.
func measureRaw(ctx context.Context, opts Options, clients int, bursts ...burst) ([]RawReport, error) {
	ws, err := newEndpoint(ctx, []string{"ws://" + opts.Peer.Addr}, credentials{})
	if err != nil {
		return nil, err
	}
	var reports []RawReport
	defer opts.reportProgress(StageRaw, 0, func() uint64 { return 0 })()
	for _, b := range bursts {
		a := newSubscribers(clients, time.Now(), latencySampleInterval)
		if err := a.connect(ctx, ws, "/ws"); err != nil {
			return reports, err
		}
		r, err := rawBurst(ctx, opts, a, b)
		a.close()
		if err != nil || ctx.Err() != nil {
			return reports, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

func rawBurst(ctx context.Context, opts Options, a *subscribers, b burst) (RawReport, error) {
	usage, cpu, began := startUsage(opts.Peer.processes()), ownCPU(), time.Now()
	seq, err := askBurst(ctx, opts.Peer.Addr, b)
	if err != nil {
		return RawReport{}, err
	}
	a.waitFor(ctx, seq, deliveryTimeout)
	took := usage.end(a.received())
	cpu = ownCPU() - cpu
	a.close()
	return RawReport{MessagesPerWrite: b.Messages, Delivery: a.report(seq, began, cpu), PeerCPU: cpuPer(took)}, nil
}

func askBurst(ctx context.Context, addr string, b burst) (uint64, error) {
	body, err := json.Marshal(b)
	if err != nil {
		return 0, fmt.Errorf("ask the peer: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/burst", strings.NewReader(string(body)))
	if err != nil {
		return 0, fmt.Errorf("ask the peer: %w", err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if ctx.Err() != nil {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("ask the peer: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // read to the end below
	var done burstDone
	if err := json.NewDecoder(res.Body).Decode(&done); err != nil {
		return 0, fmt.Errorf("read the peer's answer: %w", err)
	}
	return done.Seq, nil
}
