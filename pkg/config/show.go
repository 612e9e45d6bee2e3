package config

import (
	"fmt"
	"strings"

	"taskctl/pkg/message"
)

// Value is one setting as `taskctl config show` prints it.
type Value struct {
	Key    string `json:"key"`
	Value  string `json:"value"` // secrets are masked
	Source string `json:"source"`
}

// Values lists every setting in the order of the commented file.
func (c *Config) Values() []Value {
	var values []Value
	for _, s := range settings() {
		value := s.get(c)
		if s.secret && value != "" {
			value = "********"
		}
		if s.mask != nil && value != "" {
			value = s.mask(value)
		}
		values = append(values, Value{Key: s.key, Value: value, Source: c.Source(s.key)})
	}
	return values
}

// Keys lists the key of every setting in the order of the commented file.
func Keys() []string {
	var keys []string
	for _, s := range settings() {
		keys = append(keys, s.key)
	}
	return keys
}

// DefaultYAML is the settings file with the built-in defaults, and comments in the
// language.
func DefaultYAML(lang message.Lang) string {
	c := Default()
	var b strings.Builder
	b.WriteString(lang.SettingsHead())
	group := ""
	for _, s := range settings() {
		before, name, nested := strings.Cut(s.key, ".")
		indent := ""
		if !nested {
			before, name = "", s.key
		} else {
			indent = "  "
		}
		if before != group || !nested {
			b.WriteByte('\n')
		}
		if nested && before != group {
			b.WriteString(before + ":\n")
		}
		group = before
		if s.doc != "" {
			for line := range strings.SplitSeq(lang.SettingDoc(s.key, s.doc), "\n") {
				b.WriteString(indent + "# " + line + "\n")
			}
		}
		fmt.Fprintf(&b, "%s%s: %s\n", indent, name, yamlValue(s, c))
	}
	b.WriteString(lang.SettingsTail())
	return b.String()
}

func yamlValue(s setting, c *Config) string {
	value := s.get(c)
	switch {
	case s.isList:
		return "[" + value + "]"
	case value == "":
		return `""`
	}
	return value
}

// Differences are the keys of the settings, besides the components, whose values differ.
func Differences(a, b *Config) []string {
	var keys []string
	for _, s := range settings() {
		if s.get(a) != s.get(b) {
			keys = append(keys, s.key)
		}
	}
	return keys
}
