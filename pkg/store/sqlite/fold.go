package sqlite

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/taskctl/taskctl/pkg/task"
)

// contains reports whether the task's title or description contains text that
// was folded.
func contains(t task.Task, folded string) bool {
	return strings.Contains(fold(t.Title), folded) || strings.Contains(fold(t.Description), folded)
}

// fold maps all letters that differ in case only to the same one, as
// strings.EqualFold compares them.
func fold(s string) string {
	return strings.Map(foldRune, s)
}

func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
