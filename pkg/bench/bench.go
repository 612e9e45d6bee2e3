// Package bench puts load on a running taskctl and measures the result: requests
// over HTTP, notifications to many clients, and the limits of the machine itself,
// so that every figure can be read as a ratio.
//
// Its clients do as little work as possible (requests are prepared once, answers
// and frames are scanned in place), because on one machine the client takes CPU
// from the server. The CPU time of the clients is measured and reported too.
package bench

import (
	"crypto/tls"
	"time"
)

// Target is the system under load.
type Target struct {
	API       []string    // URLs, http or https, of apis that share the requests
	WebSocket []string    // URLs, ws or wss, of servers that share the clients
	Token     string      // empty: no token is sent
	TLS       *tls.Config // for https and wss; nil: the system's authorities
	Processes []Process   // the system's processes on this machine; nil: unknown
}

// Process is one process of the target.
type Process struct {
	Name string // of the component
	PID  int
}

// Options are common to all measurements.
type Options struct {
	// Peer is the server to compare with in the same run; nil: no comparison.
	Peer *Peer
	// DataDir is where the disk is measured; empty: the disk is not measured.
	DataDir string
	// Progress is called at intervals while a measurement runs; nil: not called.
	Progress func(Progress)
}

// Progress is the state of one stage of a measurement.
type Progress struct {
	Stage   Stage
	Elapsed time.Duration
	Done    uint64
	Total   uint64 // 0: the stage is bounded by time only
}

// Stage names a part of a measurement.
type Stage string

// The stages.
const (
	StageEcho      Stage = "echo"
	StagePrepare   Stage = "prepare"
	StageLoad      Stage = "load"
	StageConnect   Stage = "connect"
	StageStabilize Stage = "stabilize"
	StageDeliver   Stage = "deliver"
	StageClean     Stage = "clean"
	StageRaw       Stage = "raw"
	StageDisk      Stage = "disk"
)

// progressInterval is the time between two calls of Options.Progress.
const progressInterval = 200 * time.Millisecond

// reportProgress reports a stage until the returned function is called.
func (o Options) reportProgress(stage Stage, total uint64, done func() uint64) (stop func()) {
	if o.Progress == nil {
		return func() {}
	}
	finished, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		began := time.Now()
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		for {
			o.Progress(Progress{Stage: stage, Elapsed: time.Since(began), Done: done(), Total: total})
			select {
			case <-ticker.C:
			case <-finished:
				return
			}
		}
	}()
	return func() { close(finished); <-ended }
}
