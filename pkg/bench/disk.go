package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Disk is the latency of small synced writes.
type Disk struct {
	Kind      string  `json:"kind"` // "append" or "overwrite"
	Bytes     int     `json:"bytes"`
	PerSecond float64 `json:"per_second"`
	Latency   Latency `json:"latency"`
}

// diskKind says where the writes go: to the end of the file, which also changes
// its size, or over existing data, as in a log file that is reused.
type diskKind string

const (
	diskAppend    diskKind = "append"
	diskOverwrite diskKind = "overwrite"
)

// diskBytes is about the size of the log of one small transaction.
const (
	diskBytes  = 4096
	diskBlocks = 1024 // size of the file for diskOverwrite
)

// measureDisk writes and syncs one block after another for the duration limit.
func measureDisk(ctx context.Context, opts Options, kind diskKind, limit time.Duration) (_ *Disk, err error) {
	var h histogram
	defer opts.reportProgress(StageDisk, 0, func() uint64 { return 0 })()
	f, err := os.CreateTemp(opts.DataDir, "bench-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("measure the disk: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, diskBytes)
	for i := range block {
		block[i] = byte(i)
	}
	if kind == diskOverwrite {
		for range diskBlocks {
			if _, err := f.Write(block); err != nil {
				return nil, fmt.Errorf("measure the disk: %w", err)
			}
		}
		if err := f.Sync(); err != nil {
			return nil, fmt.Errorf("measure the disk: %w", err)
		}
	}
	began := time.Now()
	for i := int64(0); ctx.Err() == nil && (i == 0 || time.Since(began) < limit); i++ { // at least once, also on a loaded machine
		at := i
		if kind == diskOverwrite {
			at %= diskBlocks
		}
		wrote := time.Now()
		if _, err := f.WriteAt(block, at*diskBytes); err != nil {
			return nil, fmt.Errorf("measure the disk: %w", err)
		}
		if err := syncData(f); err != nil {
			return nil, fmt.Errorf("measure the disk: %w", err)
		}
		h.record(time.Since(wrote))
	}
	return &Disk{Kind: string(kind), Bytes: diskBytes, PerSecond: float64(h.n) / time.Since(began).Seconds(), Latency: h.latency()}, nil
}
