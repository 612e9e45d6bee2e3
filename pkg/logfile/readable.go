package logfile

import (
	"strconv"
	"strings"
	"time"
)

// maxClockDifference is how far the time in a component's line may differ from the time
// of our stamp. If it differs by more, it is part of the text.
const maxClockDifference = time.Minute

// readable splits a line into level, message and details for people. It removes the
// component's own time if that repeats at, and reads logfmt. The level is empty for
// INFO.
func readable(text string, at time.Time) (level, message, details string) {
	text = withoutOwnTime(text, at)
	level, rest, isLogfmt := attribute(text, "level")
	if isLogfmt {
		message, rest, isLogfmt = attribute(rest, "msg")
	}
	switch {
	case !isLogfmt:
		return "", text, ""
	case level == "INFO":
		level = ""
	}
	return level, message, rest
}

// attribute returns the value of a line's first logfmt attribute, which must have the
// key, and the rest of the line.
func attribute(text, key string) (value, rest string, ok bool) {
	text, ok = strings.CutPrefix(text, key+"=")
	if !ok {
		return "", "", false
	}
	if quoted, err := strconv.QuotedPrefix(text); err == nil {
		value, err = strconv.Unquote(quoted)
		return value, strings.TrimPrefix(text[len(quoted):], " "), err == nil
	}
	value, rest, _ = strings.Cut(text, " ")
	return value, rest, value != "" && value[0] != '"'
}

// withoutOwnTime removes the time that a component wrote at the beginning of its line,
// as plain text or as the logfmt attribute time.
func withoutOwnTime(text string, at time.Time) string {
	own, rest, ok := attribute(text, "time")
	if !ok {
		own, rest, ok = strings.Cut(text, " ")
		if len(own) == len(time.DateOnly) { // the time of day follows
			var clock string
			clock, rest, ok = strings.Cut(rest, " ")
			own += " " + clock
		}
	}
	if ok && repeats(own, at) {
		return rest
	}
	return text
}

// repeats reports whether a time that a component wrote is about the same as ours. A
// time without a zone is local.
func repeats(text string, at time.Time) bool {
	if len(text) < len(time.DateTime) || text[0] < '0' || text[0] > '9' {
		return false
	}
	text = strings.Replace(text, " ", "T", 1)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"} {
		own, err := time.ParseInLocation(layout, text, at.Location())
		if err == nil {
			return own.Sub(at).Abs() <= maxClockDifference
		}
	}
	return false
}
