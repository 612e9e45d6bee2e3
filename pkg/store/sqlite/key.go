package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"taskctl/pkg/task"
)

// keys are the answers given to writes that carried an idempotency key.
type keys struct{ get, add *stmt }

func (k *keys) prepare(ctx context.Context, c *conn) error {
	return c.prepare(ctx, map[**stmt]string{
		&k.get: `SELECT fingerprint, created_at, epoch, seq, changed, version, task FROM keys WHERE key = ?1`,
		// Replaces an expired one that has not been deleted yet.
		&k.add: `INSERT OR REPLACE INTO keys (key, fingerprint, created_at, epoch, seq, changed, version, task)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
	})
}

// find returns the earlier answer for the key, or nil if there is none that has not
// expired. refused is ErrKeyReused if that answer was to a different request.
func (k *keys) find(ctx context.Context, key task.IdempotencyKey, now time.Time) (answer *task.Result, refused, err error) {
	_, err = k.get.first(ctx, func(r row) error {
		if r.int(1) <= now.Add(-task.IdempotencyTTL).UnixMilli() {
			return nil
		}
		if !bytes.Equal(r.bytes(0), key.Fingerprint[:]) {
			refused = task.ErrKeyReused
			return nil
		}
		record := task.Record{Version: uint64(r.int(5)), JSON: bytes.Clone(r.bytes(6))}
		t, err := record.Task()
		if err != nil {
			refused = fmt.Errorf("read the answer kept for a key: %w", err)
			return nil
		}
		answer = &task.Result{
			Task:     t,
			JSON:     record.JSON,
			Position: task.Position{Epoch: r.text(2), Seq: uint64(r.int(3))},
			Changed:  r.int(4) != 0,
			Replayed: true,
		}
		return nil
	}, key.Key)
	return answer, refused, err
}

// keep stores an answer.
func (k *keys) keep(ctx context.Context, key task.IdempotencyKey, now time.Time, a task.Result) error {
	return k.add.exec(ctx, key.Key, key.Fingerprint[:], now.UnixMilli(), a.Position.Epoch,
		int64(a.Position.Seq), a.Changed, int64(a.Task.Version), a.JSON)
}
