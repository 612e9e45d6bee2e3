// Package bench puts load on a running taskctl and measures what comes of it:
// requests over HTTP, notifications to many clients, and what the machine itself
// can do, so that every figure can be read as a ratio.
//
// Its clients do as little as clients can (requests are bytes made once, answers
// and frames are scanned in place), because on one machine whatever the client
// costs is taken from the server. What they cost is measured and reported too.
package bench

import "time"

// Target is the system that the load is put on.
type Target struct {
	API       string    // URL, http or https
	WebSocket string    // URL, ws or wss
	Token     string    // empty: none is sent
	Processes []Process // its processes, where they are ours to look at; nil: unknown
}

// Process is one process of the target.
type Process struct {
	Name string // of the component
	PID  int
}

// Options are what every measurement may be given besides its own settings.
type Options struct {
	// Peer is compared with in the same run; nil: there is no comparison.
	Peer *Peer
	// DataDir is where the disk is measured; empty: it is not.
	DataDir string
	// Progress is told, now and then, how far the measurement is; nil: nobody is.
	Progress func(Progress)
}

// Progress is how far one stage of a measurement is.
type Progress struct {
	Stage   Stage
	Elapsed time.Duration
	Done    uint64
	Total   uint64 // 0: until its time is over
}

// Stage names what is being done.
type Stage string

// The stages.
const (
	StageEcho    Stage = "echo"
	StagePrepare Stage = "prepare"
	StageLoad    Stage = "load"
	StageConnect Stage = "connect"
	StageSettle  Stage = "settle"
	StageDeliver Stage = "deliver"
	StageClean   Stage = "clean"
	StageRaw     Stage = "raw"
	StageDisk    Stage = "disk"
)

// progressEvery is how often progress is told.
const progressEvery = 200 * time.Millisecond

// watch tells of a stage until the returned function is called.
func (o Options) watch(stage Stage, total uint64, done func() uint64) (stop func()) {
	if o.Progress == nil {
		return func() {}
	}
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		began := time.Now()
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			o.Progress(Progress{Stage: stage, Elapsed: time.Since(began), Done: done(), Total: total})
			select {
			case <-ticker.C:
			case <-over:
				return
			}
		}
	}()
	return func() { close(over); <-ended }
}
