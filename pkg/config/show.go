package config

import (
	"fmt"
	"strings"
)

// Value is one setting as `taskctl config show` tells it.
type Value struct {
	Key    string `json:"key"`
	Value  string `json:"value"` // secrets are masked
	Source string `json:"source"`
}

// Values lists every setting in the order of the documented file.
func (c *Config) Values() []Value {
	var values []Value
	for _, s := range settings() {
		value := s.get(c)
		if s.secret && value != "" {
			value = "********"
		}
		values = append(values, Value{Key: s.key, Value: value, Source: c.Source(s.key)})
	}
	return values
}

// Keys lists the key of every setting in the order of the documented file.
func Keys() []string {
	var keys []string
	for _, s := range settings() {
		keys = append(keys, s.key)
	}
	return keys
}

const fileHead = `# taskctl's settings. Everything is optional; what stands here are the defaults.
# A value is taken from a flag first, then from the environment, then from this
# file: api.addr is --api-addr on the commands that have it, and TASKCTL_API_ADDR.
`

const fileTail = `
# Your own processes join the same supervision, logs and status:
# components:
#   - name: mailer
#     command: [python3, mailer.py]
#     dir: workers            # relative to --dir
#     env: {MODE: live}
#     after: [api]            # started when these are ready, stopped before them
#     ready: {log: "listening"}   # or http: URL, or tcp: ADDR; without it, ready once running
#     restart: {max: 5}
#     stop: {signal: SIGTERM, timeout: 10s}
`

// DefaultYAML is the documented settings file with the built-in defaults.
func DefaultYAML() string {
	c := Default()
	var b strings.Builder
	b.WriteString(fileHead)
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
			for line := range strings.SplitSeq(s.doc, "\n") {
				b.WriteString(indent + "# " + line + "\n")
			}
		}
		fmt.Fprintf(&b, "%s%s: %s\n", indent, name, yamlValue(s, c))
	}
	b.WriteString(fileTail)
	return b.String()
}

func yamlValue(s setting, c *Config) string {
	value := s.get(c)
	switch {
	case isList(s):
		return "[" + value + "]"
	case value == "":
		return `""`
	}
	return value
}
