package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"

	"taskctl/pkg/bench"
	"taskctl/pkg/config"
)

func TestBenchRefusesWhatCannotBeMeant(t *testing.T) {
	for args, want := range map[string]string{
		"rest --method brew":                          `--method cannot be "brew"`,
		"rest --connections 0":                        "--connections must be between 1 and 1000",
		"rest --duration 0s":                          "--duration must be more than 0",
		"rest --method delete":                        "delete needs --requests",
		"rest --path /healthz":                        `--path cannot be "/healthz"`,
		"rest --method get --path healthz":            `--path cannot be "healthz"`,
		"rest --api ftp://localhost":                  `--api cannot be "ftp://localhost"`,
		"rest --api http://192.0.2.1:8001":            "http://192.0.2.1:8001 is not on this machine",
		"fanout --ws wss://example.org":               "wss://example.org is not on this machine",
		"fanout --clients 1000000":                    "--clients must be between 1 and 200000",
		"fanout --rate -1":                            "--rate must be between 0 and 1000000",
		"fanout --rate 10 --catchup":                  "--catchup cannot be used together with --rate",
		"limits --clients 0 --duration=-1s":           "--clients must be between 1 and 200000",
		"limits extra":                                `unexpected argument "extra"`,
		"nothing":                                     `unknown command "nothing"`,
		"rest --lang es --method brew":                `--method no puede ser "brew"`,
		"rest --lang es --api http://192.0.2.1:80/x/": "no está en esta máquina",
	} {
		p, stdout, stderr := newProgram(map[string]string{"TASKCTL_DIR": t.TempDir()})
		code := p.run(t.Context(), append([]string{"bench"}, strings.Fields(args)...))
		if code != exitUsage || !strings.Contains(stderr.String(), want) || stdout.Len() > 0 {
			t.Errorf("bench %s: exit %d, %q %q, want %q", args, code, stdout, stderr, want)
		}
	}
}

func TestBenchSaysThatNothingAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	api := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	p, _, _ := newProgram(nil)
	err = p.measure(t.Context(), config.Default(), withoutPeer, func(opts bench.Options) error {
		_, err := bench.Rest(t.Context(), bench.Target{API: []string{api}}, bench.RestConfig{Method: bench.MethodGet, Path: "/"}, opts)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "nothing answers at "+api) || !strings.Contains(err.Error(), "nothing listens there") {
		t.Errorf("got %v", err)
	}
}

// TestBenchSaysThatItMayOpenNoMoreConnections does not blame the server for a limit of
// the client.
func TestBenchSaysThatItMayOpenNoMoreConnections(t *testing.T) {
	p, _, _ := newProgram(nil)
	err := p.measure(t.Context(), nil, withoutPeer, func(bench.Options) error {
		return &bench.ConnectError{URL: "ws://localhost:1", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	})
	if err == nil || !strings.Contains(err.Error(), "ulimit -n") || strings.Contains(err.Error(), "taskctl start") {
		t.Errorf("%v", err)
	}
}

func TestBenchSaysThatAnotherProgramAnswers(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotImplemented)
		_, _ = io.WriteString(w, "<!doctype html><p>no")
	}))
	defer other.Close()
	for _, kind := range []string{"rest", "fanout"} {
		p, stdout, stderr := newProgram(map[string]string{"TASKCTL_DIR": t.TempDir()})
		code := p.run(t.Context(), []string{"bench", kind, "--api", other.URL})
		want := "another program answers at " + other.URL + ", not taskctl (HTTP 501); check the URL after --api"
		if code != exitFailed || !strings.Contains(stderr.String(), want) || stdout.Len() > 0 {
			t.Errorf("bench %s: exit %d, %q %q", kind, code, stdout, stderr)
		}
	}
}

func TestBenchPeerEndsWithItsInput(t *testing.T) {
	p, stdout, stderr := newProgram(nil)
	if code := p.run(t.Context(), []string{"bench", "peer"}); code != exitDone {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if _, _, err := net.SplitHostPort(strings.TrimSpace(stdout.String())); err != nil {
		t.Errorf("its address: %v", err)
	}
}

func TestBenchReports(t *testing.T) {
	p, _, _ := newProgram(nil)
	latency := bench.Latency{Count: 9, P50: 100, P90: 200, P99: 300, Max: 4000}
	load := bench.Load{
		Connections: 64, Requests: 50000, PerSecond: 10000, Latency: latency, ClientCPU: 5, PeerCPU: 7,
		Errors: map[string]uint64{"timeout": 1, "status 503": 2}, ErrorSample: "busy",
	}
	delivery := bench.Delivery{Clients: 10, Deliveries: 1000, PerSecond: 500, MessageBytes: 400, Latency: latency, Lost: 3, Repeated: 4}
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"rest": {
			p.renderRest(&bench.RestReport{
				Method: "post", Load: load, EchoBefore: &load, EchoAfter: &load, Ratio: 0.4567, Made: 8, Cleaned: 7,
				Servers: []bench.Usage{{Name: "api", CPUPer: 12.345, RSSBefore: 1e6, RSSAfter: 2e6}}, Interrupted: true,
			}),
			[]string{"interrupted", "echo before", "ratio to the echo: 0.46", "12.35 µs", "977 KiB → 1.9 MiB", "status 503: 2, timeout: 1 (one was: busy)", "tasks created: 8, deleted: 7"},
		},
		"fanout": {
			p.renderFanout(&bench.FanoutReport{
				Mode: bench.ModeRate, Rate: 100, Created: load, Delivered: delivery, Late: &latency,
				Connect: bench.Connect{Seconds: 1, PerSecond: 10, Idle: []bench.Idle{{Name: "wsserver", Each: 8123}}},
				Limit:   &bench.RawReport{MessagesPerWrite: 20, Delivery: delivery}, Disk: &bench.Disk{Kind: "append", Bytes: 4096, PerSecond: 3000, Latency: latency}, Ratio: 0.5,
			}),
			[]string{
				"50000 events to 10 clients", "100 events/s", "deliveries: 1000, lost: 3, repeated: 4", "raw writes of 20", "4096 bytes appended",
				"sent up to 300µs late (p99)", "10 clients connected in 1s (10/s)", "7.9 KiB of wsserver's memory", "raw writes of twenty messages: 0.50",
			},
		},
		"limits": {
			p.renderLimits(&bench.LimitsReport{Echo: []bench.Load{load}, Disk: []bench.Disk{{Kind: "overwrite", Bytes: 4096}}, Raw: []bench.RawReport{{MessagesPerWrite: 1}}}),
			[]string{"echo, 64 connections", "7.00 µs", "4096 bytes overwritten", "raw writes of 1"},
		},
	} {
		for _, want := range test.want {
			if !strings.Contains(test.text, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, test.text)
			}
		}
	}
}
