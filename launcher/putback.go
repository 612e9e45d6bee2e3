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
	last, err := lastLogged(ctx, l.cfg.LogDir())
	if err == nil && last > 0 {
		err = consumer.PutBack(ctx, l.cfg.Data(checkpointFile), last)
	}
	if err != nil {
		return fmt.Errorf("put the consumer back to the end of its log: %w", err)
	}
	return nil
}

// closeLogs closes the logs. What they could not take any more, on a full disk, the
// consumer prints again after the next start.
func (l *Launcher) closeLogs() error {
	err := l.logs.Close()
	if lost, _ := l.logs.Lost(); lost > 0 {
		err = errors.Join(err, l.putBack(context.Background())) // everything has ended: it waits for nobody
	}
	return err
}

// lastLogged returns the seq of the last event whose whole line stands in the
// consumer's log; 0 where there is none.
func lastLogged(ctx context.Context, logs string) (last uint64, err error) {
	torn, err := logfile.Torn(logs, config.Consumer)
	if err != nil {
		return 0, err
	}
	ends := false // the log, with the line of last
	read := logfile.ReadOptions{Names: []string{config.Consumer}, Last: putBackLines}
	err = logfile.Read(ctx, logs, read, func(e logfile.Entry) error {
		var seq uint64
		seq, ends = consumer.SeqOf(e.Text)
		ends = ends && e.Stream == logfile.Out
		if ends {
			last = seq // of a torn line too: the number is whole where text follows it
		}
		return nil
	})
	if torn && ends {
		last--
	}
	return last, err
}
