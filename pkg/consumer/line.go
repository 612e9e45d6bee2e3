package consumer

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"taskctl/pkg/client"
	"taskctl/pkg/logfile"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

// appendRaw appends a message as received, as one line.
func appendRaw(dst, raw []byte) []byte {
	if bytes.ContainsAny(raw, "\r\n") { // between members only: inside strings they are escaped
		compact := jsontext.Value(bytes.Clone(raw))
		if compact.Compact() == nil {
			raw = compact
		}
	}
	return append(append(dst, raw...), '\n')
}

// appendEvent appends an event as a line for people:
//
//	2024-01-15T10:00:00Z #43 created 018d0c5e-… Buy milk
func appendEvent(dst []byte, l message.Lang, e client.Event) []byte {
	verb := l.ConsumerUpdated()
	switch e.Type {
	case task.Created:
		verb = l.ConsumerCreated()
	case task.Deleted:
		verb = l.ConsumerDeleted()
	}
	dst = append(task.AppendTime(dst, e.Time), " #"...)
	dst = append(strconv.AppendUint(dst, e.Position.Seq, 10), ' ')
	dst = append(dst, verb...)
	for range verbWidth(l) - len(verb) {
		dst = append(dst, ' ')
	}
	dst = append(append(dst, ' '), printable(e.Task.ID)...)
	dst = append(append(dst, "  "...), printable(e.Task.Title)...)
	if e.Task.Completed {
		dst = fmt.Appendf(dst, "  [%s]", l.ConsumerCompleted())
	}
	return append(dst, '\n')
}

// SeqOf returns the seq in an event's line for people. Other lines have none.
func SeqOf(line string) (seq uint64, found bool) {
	at, rest, _ := strings.Cut(line, " ")
	number, rest, _ := strings.Cut(rest, " ")
	digits, marked := strings.CutPrefix(number, "#")
	_, timeErr := time.Parse(time.RFC3339, at)
	seq, seqErr := strconv.ParseUint(digits, 10, 63)
	return seq, marked && timeErr == nil && seqErr == nil && rest != ""
}

func verbWidth(l message.Lang) int {
	return max(len(l.ConsumerCreated()), len(l.ConsumerUpdated()), len(l.ConsumerDeleted()))
}

// appendReset appends the line that marks missing events.
func appendReset(dst []byte, l message.Lang, r client.Reset) []byte {
	reason := printable(string(r.Reason))
	switch r.Reason {
	case task.GoneEpoch:
		reason = l.ConsumerResetEpoch()
	case task.GoneTooOld:
		reason = l.ConsumerResetTooOld()
	case task.GoneAhead:
		reason = l.ConsumerResetAhead()
	}
	return append(append(dst, l.ConsumerReset(reason, r.Position.Seq)...), '\n')
}

// printable escapes the characters that are not printable in a log line, so that a
// title cannot control the terminal.
func printable(s string) string {
	plain := 0
	for plain < len(s) && ' ' <= s[plain] && s[plain] <= '~' {
		plain++
	}
	if strings.IndexFunc(s[plain:], logfile.Unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !logfile.Unprintable(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
