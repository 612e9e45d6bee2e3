package chaos

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
)

// checkHook compares the deliveries of a hook with the log: every event arrives, the
// first time in order and unchanged. Later repeats are allowed.
func checkHook(record string, in io.Reader, h *history) error {
	last := uint64(0)
	err := eachLine(in, func(n int, line string) error {
		m, err := parseMessage([]byte(line))
		real := h.at(m.Seq)
		switch {
		case err != nil:
			return &violation{line: n, what: err.Error()}
		case real == nil || m.Epoch != h.epoch:
			return &violation{line: n, what: fmt.Sprintf("event %s:%d, and the log %s ends at %d", m.Epoch, m.Seq, h.epoch, h.head())}
		case m.Type != real.Type || !m.Timestamp.Equal(real.Timestamp) || !bytes.Equal(m.Task, real.Task):
			return &violation{line: n, seq: m.Seq, what: fmt.Sprintf("event %d is altered; the log has\n%s", m.Seq, real.raw)}
		case m.Seq > last+1:
			return &violation{line: n, seq: last + 1, what: fmt.Sprintf("event %d is missing: %d comes after %d", last+1, m.Seq, last)}
		}
		last = max(last, m.Seq)
		return nil
	})
	if v := (*violation)(nil); errors.As(err, &v) {
		v.record = record
	}
	if err == nil && last < h.head() {
		return &violation{record: record, seq: last + 1, what: fmt.Sprintf("it ends at %d of %d", last, h.head())}
	}
	return err
}

func TestCheckHook(t *testing.T) {
	h := newScene().history(t)
	sent := func(seqs ...uint64) (lines []string) {
		for _, seq := range seqs {
			e := h.at(seq)
			lines = append(lines, fmt.Sprintf(`{"type":%q,"timestamp":%q,"epoch":%q,"seq":%d,"task":%s}`,
				e.Type, e.Timestamp.Format("2006-01-02T15:04:05.999Z07:00"), h.epoch, seq, e.Task))
		}
		return lines
	}
	for _, test := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"all in order", sent(1, 2, 3, 4, 5, 6, 7), ""},
		{"repeats", sent(1, 2, 1, 2, 3, 4, 5, 6, 7, 3), ""},
		{"one is missing", sent(1, 2, 4, 5, 6, 7), "event 3 is missing"},
		{"out of order", sent(1, 3, 2, 4, 5, 6, 7), "event 2 is missing"},
		{"the end is missing", sent(1, 2, 3), "it ends at 3 of 7"},
		{"altered", append(sent(1), sent(3)[0][:1]+`"type":"task_deleted",`+sent(2)[0][len(`{"type":"task_created",`):]), "is altered"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var in bytes.Buffer
			for _, line := range test.lines {
				in.WriteString(line + "\n")
			}
			expect(t, checkHook("record", &in, h), test.want)
		})
	}
}
