package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"taskctl/pkg/task"
)

// answer is the stored answer to a write with an idempotency key.
type answer struct {
	fingerprint []byte
	createdAt   int64 // Unix milliseconds
	position    task.Position
	changed     bool
	record      task.Record
}

// errExpired means that the answer is older than the time for which keys are kept.
var errExpired = errors.New("the key has expired")

// readAnswer reads a row of keysByKey.
func readAnswer(r row) (key string, a answer) {
	return r.text(0), answer{
		fingerprint: bytes.Clone(r.bytes(1)), createdAt: r.int(2),
		position: task.Position{Epoch: r.text(3), Seq: uint64(r.int(4))}, changed: r.bool(5),
		record: task.Record{Version: uint64(r.int(6)), JSON: bytes.Clone(r.bytes(7))},
	}
}

// to returns the answer for a repeated request with the key. It returns ErrKeyReused if
// the request differs, and errExpired if the answer has expired.
func (a answer) to(key task.IdempotencyKey, now time.Time) (task.Result, error) {
	if a.createdAt <= now.Add(-task.IdempotencyTTL).UnixMilli() {
		return task.Result{}, errExpired
	}
	if !bytes.Equal(a.fingerprint, key.Fingerprint[:]) {
		return task.Result{}, task.ErrKeyReused
	}
	t, err := a.record.Task()
	if err != nil {
		return task.Result{}, fmt.Errorf("read the answer kept for a key: %w", err)
	}
	return task.Result{Task: t, JSON: a.record.JSON, Position: a.position, Changed: a.changed, Replayed: true}, nil
}
