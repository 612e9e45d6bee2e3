package sqlite

import (
	"context"
	"os"
	"time"

	"taskctl/pkg/wait"
)

// After workPiece or more of work a copy waits for workPause: it takes a ninth of the
// time of one core at most.
const (
	workPiece = 5 * time.Millisecond
	workPause = 8 * workPiece
)

// pace makes a copy slow while others write to the database, which it would otherwise
// slow down by more than a tenth. A low priority is not enough: cores share caches
// and memory, so work costs others even on an idle core.
type pace struct {
	wal     string    // path of the WAL, which every write changes
	written time.Time // when the WAL was last changed, as far as is known
	began   time.Time // of the work since the last wait
}

func newPace(path string) *pace {
	p := &pace{wal: path + "-wal", began: time.Now()}
	p.othersWrite()
	return p
}

// keep is called often during the work.
func (p *pace) keep(ctx context.Context) {
	if time.Since(p.began) < workPiece {
		return
	}
	if p.othersWrite() {
		wait.Sleep(ctx, workPause)
	}
	p.began = time.Now()
}

// othersWrite reports whether the WAL has changed since the last call.
func (p *pace) othersWrite() bool {
	info, err := os.Stat(p.wal)
	if err != nil || info.ModTime().Equal(p.written) {
		return false // no WAL: nobody has the database open
	}
	p.written = info.ModTime()
	return true
}
