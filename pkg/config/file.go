package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/taskctl/taskctl/pkg/message"
)

// file is a settings file while it is read: every mistake in it is collected
// with its line, so that one run shows them all.
type file struct {
	name     string
	problems Problems
	lines    map[string]int // a setting's key → where it stands
}

func (f *file) fail(line int, text func(message.Lang) string) {
	f.problems = append(f.problems, Problem{Where: fmt.Sprintf("%s:%d", f.name, line), Text: text})
}

// parse reads a whole settings file into c.
func (c *Config) parse(data []byte, name string) Problems {
	f := &file{name: name, lines: map[string]int{}}
	documents := yaml.NewDecoder(bytes.NewReader(data))
	root, ok := f.document(documents)
	if !ok {
		return f.problems
	}
	known := map[string]setting{}
	for _, s := range settings() {
		known[s.key] = s
	}
	if content := root.Content[0]; !isNull(content) { // null: nothing but comments
		c.parseMapping(f, known, "", content)
	}
	if another, ok := f.document(documents); ok {
		f.fail(another.Line, func(l message.Lang) string { return l.ConfigSecondDocument() })
	}
	return f.problems
}

// document reads the next of a file's documents, if there is one.
func (f *file) document(from *yaml.Decoder) (root *yaml.Node, ok bool) {
	root = new(yaml.Node)
	err := from.Decode(root)
	if err != nil && !errors.Is(err, io.EOF) {
		line, why := syntaxError(err)
		f.fail(line, func(l message.Lang) string { return l.ConfigSyntax(why) })
	}
	return root, err == nil
}

// parseMapping reads a mapping of settings whose keys begin with prefix.
func (c *Config) parseMapping(f *file, known map[string]setting, prefix string, node *yaml.Node) {
	f.each(node, strings.TrimSuffix(prefix, "."), func(name string, key, value *yaml.Node) {
		full := prefix + name
		s, isSetting := known[full]
		switch {
		case full == "components":
			c.Components = f.components(value)
		case isSetting && f.lines[full] != 0: // once in its group, once as group.name
			f.fail(key.Line, func(l message.Lang) string { return l.ConfigDuplicateKey(full, f.lines[full]) })
		case isSetting:
			f.lines[full] = key.Line
			if text, ok := f.scalar(s, value); ok {
				f.problems = append(f.problems, c.assign(s, text, fmt.Sprintf("%s:%d", f.name, value.Line))...)
			}
		case isGroup(known, full):
			if !isNull(value) {
				c.parseMapping(f, known, full+".", value)
			}
		default:
			f.fail(key.Line, func(l message.Lang) string { return l.ConfigUnknownKey(full, Nearest(full, keysOf(known))) })
		}
	})
}

// each calls do for every pair of a mapping, and reports what is none and keys
// that stand twice.
func (f *file) each(node *yaml.Node, what string, do func(name string, key, value *yaml.Node)) {
	node = resolve(node)
	if node.Kind != yaml.MappingNode {
		if what == "" {
			what = f.name
		}
		f.fail(node.Line, func(l message.Lang) string { return l.ConfigNotMapping(what) })
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], resolve(node.Content[i+1])
		if first, again := lines[key.Value]; again {
			f.fail(key.Line, func(l message.Lang) string { return l.ConfigDuplicateKey(key.Value, first) })
			continue
		}
		lines[key.Value] = key.Line
		do(key.Value, key, value)
	}
}

// scalar returns the text of a setting's value; a list becomes a,b,c.
func (f *file) scalar(s setting, node *yaml.Node) (string, bool) {
	switch {
	case isNull(node):
		return "", false
	case node.Kind == yaml.ScalarNode:
		return node.Value, true
	case node.Kind == yaml.SequenceNode && isList(s):
		items, ok := f.list(s.key, node)
		return strings.Join(items, ","), ok
	}
	f.fail(node.Line, func(l message.Lang) string { return l.ConfigNotScalar(s.key) })
	return "", false
}

// list returns the texts of a sequence.
func (f *file) list(key string, node *yaml.Node) (items []string, ok bool) {
	nested := func(item *yaml.Node) bool { return resolve(item).Kind != yaml.ScalarNode }
	if node.Kind != yaml.SequenceNode || slices.ContainsFunc(node.Content, nested) {
		f.fail(node.Line, func(l message.Lang) string { return l.ConfigNotList(key) })
		return nil, false
	}
	ok = true
	for _, item := range node.Content {
		text, isText := f.text(key, resolve(item))
		items, ok = append(items, text), ok && isText
	}
	return items, ok
}

// text returns a scalar as it is written, and refuses what a process could not be
// given: nothing, or a NUL.
func (f *file) text(key string, node *yaml.Node) (string, bool) {
	switch {
	case node.Kind != yaml.ScalarNode:
		f.fail(node.Line, func(l message.Lang) string { return l.ConfigNotScalar(key) })
	case isNull(node):
		f.fail(node.Line, func(l message.Lang) string { return l.ConfigNull(key) })
	case strings.Contains(node.Value, "\x00"):
		f.fail(node.Line, func(l message.Lang) string { return l.ConfigHasNUL(key) })
	default:
		return node.Value, true
	}
	return "", false
}

func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode && node.Alias != nil {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}

func isList(s setting) bool {
	return strings.HasSuffix(s.key, "origins") || strings.HasSuffix(s.key, "hosts")
}

func isGroup(known map[string]setting, name string) bool {
	for key := range known {
		if strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}

func keysOf(known map[string]setting) []string {
	keys := []string{"components"}
	for key := range known {
		keys = append(keys, key)
	}
	return keys
}

// syntaxError takes the line out of the YAML reader's error; 1 where it names none.
func syntaxError(err error) (line int, why string) {
	m := regexp.MustCompile(`^(?:yaml: )?(?:.*?line (\d+)[^:]*: )?(?s:(.*))$`).FindStringSubmatch(err.Error())
	if _, scanErr := fmt.Sscan(m[1], &line); scanErr != nil {
		line = 1
	}
	return line, m[2]
}

// Nearest returns the candidate that a typing error away from word, or "".
func Nearest(word string, candidates []string) string {
	best, distance := "", max(2, len(word)/3)+1
	for _, candidate := range candidates {
		if d := editDistance(word, candidate); d < distance || d == distance && best != "" && candidate < best {
			best, distance = candidate, d
		}
	}
	return best
}

// editDistance is Levenshtein's, over bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
