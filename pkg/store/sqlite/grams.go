package sqlite

import (
	"unicode/utf8"

	"taskctl/pkg/task"
	"taskctl/pkg/task/searchtext"
)

// The search index holds, for each task, the distinct runs of three characters (grams)
// of its search text (see package searchtext). A task that contains a text has all
// grams of that text, but not the reverse, so each task that the index finds is
// compared again.
//
// Grams are words to FTS5's ascii tokenizer, which splits at ASCII that is no
// letter or digit: those characters are moved to a private plane. Ends of text
// are padded, so that every character begins a gram, and a text of one or two
// characters is found as the beginning of a word.
const (
	gramSize = 3
	pad      = 0 // no task contains it
	plane    = 0xE000
)

type gram [gramSize]rune

// gramsOf appends the words of the task's text, separated by spaces. seen is
// emptied first.
func gramsOf(dst []byte, t task.Task, seen map[gram]struct{}) []byte {
	clear(seen)
	for _, text := range [...]string{t.Title, t.Description} {
		var g gram
		i := 0
		add := func(r rune) {
			g = gram{g[1], g[2], r}
			if i++; i < gramSize {
				return
			}
			if _, ok := seen[g]; !ok {
				seen[g] = struct{}{}
				dst = append(appendWord(dst, g[:]), ' ')
			}
		}
		for _, r := range searchtext.Key(text) {
			add(r)
		}
		for range gramSize - 1 {
			add(pad)
		}
	}
	return dst
}

// maxGrams bounds the words of a query; this many grams of a longer text are selective
// enough.
const maxGrams = 16

// gramQuery returns the FTS5 expression for a search text that is not empty.
func gramQuery(key string) string {
	runes := []rune(key)
	if len(runes) < gramSize {
		return string(append(appendWord([]byte{'"'}, runes), `"*`...))
	}
	var expr []byte
	count := len(runes) - gramSize + 1
	for i, n := 0, min(count, maxGrams); i < n; i++ {
		at := i * count / n
		expr = append(appendWord(append(expr, '"'), runes[at:at+gramSize]), `" `...)
	}
	return string(expr)
}

func appendWord(dst []byte, runes []rune) []byte {
	for _, r := range runes {
		switch {
		case '0' <= r && r <= '9', 'A' <= r && r <= 'Z', r >= utf8.RuneSelf:
		default:
			r += plane
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
