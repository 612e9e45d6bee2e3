package launcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"taskctl/launcher/control"
	"taskctl/pkg/checkpoint"
	"taskctl/pkg/config"
	"taskctl/pkg/consumer"
	"taskctl/pkg/logfile"
)

// restoreLines is how many of the log's last lines are searched for an event. Other
// lines are few: they are about connections.
const restoreLines = 1000

// crashedBefore reports whether the directory's last launcher was killed, because a
// launcher that stops removes its run state.
func crashedBefore(cfg *config.Config) bool {
	_, err := os.Stat(cfg.Data(control.RunStateFile))
	return !errors.Is(err, fs.ErrNotExist)
}

// restoreConsumer sets the consumer's checkpoint back to the last event in its log. The
// checkpoint also covers events that the consumer has printed but a killed launcher has
// not written; without this, they would be missing in logs/consumer.log. An event whose
// line is incomplete is printed again.
func restoreConsumer(ctx context.Context, cfg *config.Config) error {
	last, err := lastLogged(ctx, cfg.LogDir())
	if err == nil && last > 0 {
		err = checkpoint.Rewind(ctx, cfg.Data(checkpointFile), last)
	}
	if err != nil {
		return fmt.Errorf("restore the consumer's position from its log: %w", err)
	}
	return nil
}

// closeLogs closes the logs. If lines were dropped, on a full disk, the consumer prints
// its events again after the next start.
func closeLogs(logs *logfile.Set, cfg *config.Config) error {
	err := logs.Close()
	if lost, _ := logs.Dropped(); lost > 0 {
		err = errors.Join(err, restoreConsumer(context.Background(), cfg)) // bounded: it reads two files; the launcher's context has ended
	}
	return err
}

// lastLogged returns the seq of the last event with a complete line in the consumer's
// log; 0: none.
func lastLogged(ctx context.Context, logs string) (last uint64, err error) {
	midLine, err := logfile.EndsMidLine(logs, config.Consumer)
	if err != nil {
		return 0, err
	}
	ends := false // the last line of the log is that of event last
	read := logfile.ReadOptions{Names: []string{config.Consumer}, Last: restoreLines}
	err = logfile.Read(ctx, logs, read, func(e logfile.Entry) error {
		var seq uint64
		seq, ends = consumer.SeqOf(e.Text)
		ends = ends && e.Stream == logfile.Out
		if ends {
			last = seq // right even for an incomplete line, because text follows the number
		}
		return nil
	})
	if midLine && ends {
		last--
	}
	return last, err
}
