package supervisor

import (
	"regexp"
	"strings"
	"testing"
	"testing/quick"
)

func TestOutputMatcher(t *testing.T) {
	long := strings.Repeat("x", 3*maxMatchedLine)
	for name, test := range map[string]struct {
		output string
		want   bool
	}{
		"a line":                       {"one\nserver listening on 1\n", true},
		"colour inside the words":      {"\x1b[1mserver \x1b[32mlistening\x1b[0m\n", true},
		"colour inside a word":         {"server lis\x1b[1mtening\n", true},
		"a title before it":            {"\x1b]0;title\x07server listening\n", true},
		"beyond byte 2,048":            {strings.Repeat("x", 5000) + " server listening\n", true},
		"a prompt":                     {"server listening> ", true},
		"a long prompt at the end":     {strings.Repeat("x", 5000) + " server listening> ", true},
		"behind a line without an end": {long + "\nserver listening\n", true},
		"with a carriage return":       {"server listening\r\n", true},
		"over two lines":               {"server\nlistening\n", false},
		"something else":               {"server starting\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			found := false
			m := &outputMatcher{pattern: regexp.MustCompile(`server listening(>|$| on \d)`), found: func() { found = true }}
			for rest := test.output; len(rest) > 0; {
				n := min(len(rest), max(1, len(rest)/3))
				m.write([]byte(rest[:n]))
				rest = rest[n:]
			}
			m.close()
			if found != test.want {
				t.Errorf("found: %v", found)
			}
		})
	}
}

// The size of the pieces that a pipe brings does not matter.
func TestOutputMatcherInPieces(t *testing.T) {
	line := []byte("a \x1b[31mserver\x1b[0m listening\n")
	err := quick.Check(func(sizes []uint8) bool {
		found := 0
		m := &outputMatcher{pattern: regexp.MustCompile("server listening"), found: func() { found++ }}
		rest := line
		for _, size := range sizes {
			n := min(int(size), len(rest))
			m.write(rest[:n])
			rest = rest[n:]
		}
		m.write(rest)
		m.close()
		return found == 1
	}, nil)
	if err != nil {
		t.Error(err)
	}
}

func TestNoOutputMatcher(*testing.T) {
	var m *outputMatcher
	m.write([]byte("text\n"))
	m.close()
}
