package chaos

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"taskctl/pkg/task"
)

// A record holds the messages of a consumer, one per line, and between them its own
// actions:
//
//	# a note: connected, hung up, why the connection ended
//	! a promise broken in a way that only the consumer could see
const (
	note  = "# "
	alarm = "! "
)

// eachLine calls do for every line, counted from 1, until its first error. The
// last line must be whole.
func eachLine(in io.Reader, do func(n int, line string) error) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadString('\n')
		switch {
		case errors.Is(err, io.EOF) && line == "":
			return nil
		case errors.Is(err, io.EOF):
			return &violation{line: n, what: fmt.Sprintf("the last line is torn: %.200q", line)}
		case err != nil:
			return err
		}
		if err := do(n, strings.TrimSuffix(line, "\n")); err != nil {
			return err
		}
	}
}

// checkStream compares a consumer's record with the log: every selected event (no
// types: all events) once, in order and unchanged, each connection continuing exactly
// where the previous one ended, and nothing else.
func checkStream(record string, in io.Reader, h *history, types ...task.EventType) error {
	s := stream{history: h, types: types}
	err := eachLine(in, func(n int, line string) error {
		what := s.line(line)
		if what == "" {
			return nil
		}
		return &violation{record: record, line: n, seq: s.seq, what: what}
	})
	var v *violation
	if errors.As(err, &v) {
		v.record = record
	}
	if err != nil {
		return err
	}
	if what := s.skipped(h.head() + 1); what != "" {
		return &violation{record: record, seq: s.seq, what: "it ends too early: " + what}
	}
	return nil
}

// stream is a consumer's position in the log while its record is read.
type stream struct {
	history *history
	types   []task.EventType
	last    uint64 // the last seq received
	seq     uint64 // the event of the violation
}

// line checks one line of the record and returns its mistake, or "".
func (s *stream) line(line string) string {
	s.seq = s.last
	if strings.HasPrefix(line, note) {
		return ""
	}
	if complaint, is := strings.CutPrefix(line, alarm); is {
		return complaint
	}
	m, err := parseMessage([]byte(line))
	if err != nil {
		return err.Error()
	}
	s.seq = m.Seq
	switch {
	case m.Type == "connected" && (!m.Resumed || m.Seq != s.last || m.Epoch != s.history.epoch):
		return fmt.Sprintf("the welcome does not resume at %s:%d", s.history.epoch, s.last)
	case m.Type == "connected":
		return ""
	case m.Type == "heartbeat":
		return s.heartbeat(m)
	case !m.Type.Valid():
		return fmt.Sprintf("an unexpected message: %.200s", line)
	}
	return s.event(m)
}

func (s *stream) heartbeat(m message) string {
	if m.Seq < s.last || m.Seq > s.history.head() {
		return fmt.Sprintf("a heartbeat at %d, after %d", m.Seq, s.last)
	}
	if what := s.skipped(m.Seq + 1); what != "" {
		return "a heartbeat claims what was not sent: " + what
	}
	s.last = m.Seq
	return ""
}

func (s *stream) event(m message) string {
	switch real := s.history.at(m.Seq); {
	case m.Seq <= s.last:
		return fmt.Sprintf("event %d again, after %d", m.Seq, s.last)
	case real == nil:
		return fmt.Sprintf("event %d, and the log ends at %d", m.Seq, s.history.head())
	case !s.selects(m.Type):
		return fmt.Sprintf("event %d of the type %s, which was not asked for", m.Seq, m.Type)
	case m.raw != s.expected(real):
		return fmt.Sprintf("event %d is altered; the log has\n%s", m.Seq, s.expected(real))
	}
	if what := s.skipped(m.Seq); what != "" {
		return what
	}
	s.last = m.Seq
	return ""
}

// expected is an event as this consumer must receive it now.
func (s *stream) expected(e *event) string {
	if len(s.types) == 0 {
		return e.raw
	}
	return fmt.Sprintf(`%s,"prev":%d}`, strings.TrimSuffix(e.raw, "}"), s.last)
}

func (s *stream) selects(t task.EventType) bool {
	return len(s.types) == 0 || slices.Contains(s.types, t)
}

// skipped returns a selected event between the consumer's position and before.
func (s *stream) skipped(before uint64) string {
	for seq := s.last + 1; seq < before; seq++ {
		if e := s.history.at(seq); e != nil && s.selects(e.Type) {
			s.seq = seq
			return fmt.Sprintf("event %d is missing after %d", seq, s.last)
		}
	}
	return ""
}

// logLine finds the seq and the task's id in a line of the consumer's log. A line that
// is cut off by a kill does not match.
var logLine = regexp.MustCompile(`^\S+ out \S+ #(\d+) \w+ +([0-9a-f-]{36})`)

// checkLog compares the log of the launcher's own consumer with the history: every
// event is there, after all earlier ones. Lines may be repeated, because the consumer
// resumes from its checkpoint.
func checkLog(record string, in io.Reader, h *history) error {
	last, most := uint64(0), uint64(0)
	err := eachLine(in, func(n int, line string) error {
		found := logLine.FindStringSubmatch(line)
		if found == nil {
			return nil
		}
		seq, err := strconv.ParseUint(found[1], 10, 64)
		switch {
		case err != nil || seq == 0 || seq > h.head():
			return &violation{line: n, what: fmt.Sprintf("event %s, and the log ends at %d", found[1], h.head())}
		case seq > last+1:
			return &violation{line: n, seq: last + 1, what: fmt.Sprintf("event %d is missing: %d comes after %d", last+1, seq, last)}
		case found[2] != h.at(seq).body.ID:
			return &violation{line: n, seq: seq, what: fmt.Sprintf("event %d is about another task: %q", seq, line)}
		}
		last, most = seq, max(most, seq)
		return nil
	})
	var v *violation
	if errors.As(err, &v) {
		v.record = record
	}
	if err == nil && most < h.head() {
		return &violation{record: record, seq: most + 1, what: fmt.Sprintf("it ends at %d of %d", most, h.head())}
	}
	return err
}
