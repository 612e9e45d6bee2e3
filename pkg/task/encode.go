package task

import "time"

// AppendJSON appends the task as JSON. The text must be valid UTF-8, as
// [NormalizeTitle] and [CheckDescription] ensure. It is hand-written for speed, because
// every write encodes a task.
func (t *Task) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"id":"`...)
	dst = append(dst, t.ID...)
	dst = append(dst, `","title":`...)
	dst = appendString(dst, t.Title)
	dst = append(dst, `,"description":`...)
	dst = appendString(dst, t.Description)
	if t.Completed {
		dst = append(dst, `,"completed":true`...)
	} else {
		dst = append(dst, `,"completed":false`...)
	}
	dst = append(dst, `,"created_at":"`...)
	dst = AppendTime(dst, t.CreatedAt)
	dst = append(dst, `","updated_at":"`...)
	dst = AppendTime(dst, t.UpdatedAt)
	return append(dst, `"}`...)
}

// MarshalJSON implements json.Marshaler, so that every encoder writes a task as
// AppendJSON does.
func (t Task) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil), nil }

// AppendTime appends t as RFC 3339 in UTC, ending in Z, always with three digits of
// milliseconds. So times sort as text, and parsers that accept only three or six digits
// can read them.
func AppendTime(dst []byte, t time.Time) []byte {
	t = Timestamp(t)
	// Package time has a fast path for the layout time.RFC3339 only.
	dst = t.AppendFormat(dst, time.RFC3339)
	ms := t.Nanosecond() / int(time.Millisecond)
	return append(dst[:len(dst)-1], '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
}

// appendString appends s as a JSON string (RFC 8259 §7).
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
	}
	return append(append(dst, s[start:]...), '"')
}
