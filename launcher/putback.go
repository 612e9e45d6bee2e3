package launcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/consumer"
	"github.com/taskctl/taskctl/pkg/logfile"
)

// putBackLines is how many of the log's last lines are searched for an event's.
// Between those of events stand only a few about connections.
const putBackLines = 1000

// died reports whether the launcher before this one was killed: one that stops
// takes its ledger away.
func (l *Launcher) died() bool {
	_, err := os.Stat(l.cfg.Data(ledgerFile))
	return !errors.Is(err, fs.ErrNotExist)
}

// putBack takes the consumer's checkpoint back to what stands in its log. What
// the consumer had printed and a killed launcher had not written yet is lost, and
// done by the checkpoint: without this, logs/consumer.log would have a hole. The
// event of a line that was cut short by the kill comes once more.
func (l *Launcher) putBack(ctx context.Context) error {
	torn, err := logfile.Torn(l.cfg.LogDir(), config.Consumer)
	var before, last uint64
	read := logfile.ReadOptions{Names: []string{config.Consumer}, Last: putBackLines}
	if err == nil {
		err = logfile.Read(ctx, l.cfg.LogDir(), read, func(e logfile.Entry) error {
			if seq, is := consumer.SeqOf(e.Text); is && e.Stream == logfile.Out {
				before, last = last, seq
			}
			return nil
		})
	}
	if err == nil && last > 0 {
		switch {
		case torn && before > 0: // the last number may be cut as well
			last = before
		case torn:
			last--
		}
		err = consumer.PutBack(ctx, l.cfg.Data(checkpointFile), last)
	}
	if err != nil {
		return fmt.Errorf("put the consumer back to the end of its log: %w", err)
	}
	return nil
}
