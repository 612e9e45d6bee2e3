// Package task is the domain: tasks, events, positions in the event log, and the
// contracts of stores and brokers. It imports only the standard library, so every
// package may import it.
package task

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of a task's text, in characters (Unicode code points).
const (
	MaxTitle       = 200
	MaxDescription = 10_000
)

// Task is one thing to do.
type Task struct {
	ID          string    `json:"id"` // a UUIDv7: ids sort in the order of creation
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Completed   bool      `json:"completed"`
	CreatedAt   time.Time `json:"created_at"` // UTC, whole milliseconds
	UpdatedAt   time.Time `json:"updated_at"` // UTC, whole milliseconds

	// Version is the seq of the last event that changed the task. No two states
	// of a task share one, which makes it the ETag.
	Version uint64 `json:"-"`
}

// Timestamp brings a time to the precision and zone that tasks and events carry.
func Timestamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// NormalizeTitle trims the white space around a title and checks the rest. The error is
// an *InvalidError for the field "title".
func NormalizeTitle(title string) (string, error) {
	title = strings.TrimSpace(title)
	switch {
	case title == "":
		return "", Invalid("title", "must not be empty")
	case !strings.ContainsFunc(title, isVisible) && utf8.ValidString(title):
		return "", Invalid("title", "must have a visible character")
	}
	return title, checkText("title", title, MaxTitle)
}

// isVisible excludes space, control and format characters such as U+200B, and letters
// that are displayed as nothing, such as U+3164.
func isVisible(r rune) bool {
	const brailleBlank = '\u2800'
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && r != brailleBlank && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// CheckDescription reports whether a description may be stored as it is.
// The error is an *InvalidError for the field "description".
func CheckDescription(description string) error {
	return checkText("description", description, MaxDescription)
}

// checkText refuses text that cannot be stored and returned unchanged: text that is not
// UTF-8, and NUL, which neither the text functions of SQLite nor PostgreSQL support.
func checkText(field, text string, limit int) error {
	switch {
	case !utf8.ValidString(text):
		return Invalid(field, "must be UTF-8")
	case strings.IndexByte(text, 0) >= 0:
		return Invalid(field, "must not contain the NUL character")
	case len(text) > limit && utf8.RuneCountInString(text) > limit:
		return Invalidf(field, "must be at most %d characters", limit)
	}
	return nil
}
