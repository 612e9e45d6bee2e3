package postgres

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"

	"taskctl/pkg/task"
)

// settleEpoch compares the server of a new connection with the one that the log was
// written on. If commits may be missing, it starts a new epoch, in a transaction,
// before anything is written. Clients then get a reset, and none confuses new events
// with events that it has seen. Commits may be missing if the server is another one or
// a promoted replica, and, whatever the settings say, if the log ends before a position
// that this node has acknowledged.
func (w *writer) settleEpoch(c *conn) error {
	var kept string
	var head task.Position
	err := c.do(
		w.sql.begin.with(),
		w.sql.lockServer.reading(func(r row) error { head.Epoch, kept = r.text(0), r.text(1); return nil }),
		w.sql.head.reading(func(r row) error { head.Seq = uint64(r.int(0)); return nil }),
	)
	if err != nil {
		return err
	}
	now := c.server.String()
	missing := head.Epoch == w.head.Epoch && head.Seq < w.head.Seq
	same := c.server.continues(kept, w.options.LosslessFailover)
	if same && !missing && (kept == now || now == "") {
		return c.do(w.sql.rollback.with())
	}
	epoch := head.Epoch
	if !same || missing {
		epoch = newEpoch()
		w.options.Logger.Warn("the log may lack events that were acknowledged: a new epoch begins",
			slog.String("epoch", epoch), slog.String("before", head.String()),
			slog.String("server", now), slog.String("server_before", kept))
	}
	if now == "" {
		now = kept
	}
	if err := c.do(w.sql.setEpoch.with(epoch, now), w.sql.commit.with()); err != nil {
		return err
	}
	if epoch != head.Epoch {
		w.head = task.Position{}
	}
	return nil
}

func newEpoch() string {
	var epoch [8]byte
	_, _ = rand.Read(epoch[:]) // never fails
	return hex.EncodeToString(epoch[:])
}

var errNoLog = errors.New("the log has no epoch: its row was deleted")
