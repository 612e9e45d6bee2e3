// Package message holds every text that taskctl says to people, in each of its
// languages side by side. A text is a method of [Lang], so that a missing
// translation or a wrong argument does not compile. What machines read (JSON,
// log keys, exit codes) is not here: it never changes with the language.
//
// There is one file per command or package with texts: start.go, status.go, consumer.go, …
package message

import (
	"fmt"
	"strings"
)

// Lang is a language of the texts.
type Lang uint8

// The languages.
const (
	English Lang = iota
	Spanish
)

// Parse reads a language's name as --lang takes it: "en" or "es", or a locale
// that begins so ("es_MX.UTF-8").
func Parse(name string) (Lang, bool) {
	code, _, _ := strings.Cut(strings.ToLower(name), "_")
	code, _, _ = strings.Cut(code, "-")
	code, _, _ = strings.Cut(code, ".")
	switch code {
	case "en", "c", "posix":
		return English, true
	case "es":
		return Spanish, true
	}
	return English, false
}

// FromEnvironment picks the language that POSIX asks for (XBD §8.2: LC_ALL,
// then LC_MESSAGES, then LANG; the first that is set decides).
func FromEnvironment(getenv func(string) string) Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			lang, _ := Parse(value)
			return lang
		}
	}
	return English
}

// Choose returns the text of the language. It is for texts that are kept beside the
// only code that uses them, such as the help of a command.
func (l Lang) Choose(en, es string) string {
	if l == Spanish {
		return es
	}
	return en
}

// say picks the text of the language and fills its arguments in.
func (l Lang) say(en, es string, args ...any) string {
	text := l.Choose(en, es)
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, l.localized(args)...)
}
