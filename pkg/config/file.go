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

	"taskctl/pkg/message"
)

// file is a settings file that is being read. All its mistakes are collected with
// their lines, so that one run shows them all.
type file struct {
	name     string
	problems Problems
	lines    map[string]int // a setting's key → its line
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
		case full == "hooks":
			c.Hooks = f.hooks(value)
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

// each calls do for every pair of a mapping, and reports repeated keys and a
// value that is not a mapping.
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
	var merged []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], resolve(node.Content[i+1])
		first, again := lines[key.Value]
		switch {
		case key.Tag == "!!merge":
			merged = append(merged, value)
		case strings.HasPrefix(key.Value, extension): // the user's own, for YAML anchors
		case again:
			f.fail(key.Line, func(l message.Lang) string { return l.ConfigDuplicateKey(key.Value, first) })
		default:
			lines[key.Value] = key.Line
			do(key.Value, key, value)
		}
	}
	f.merge(merged, lines, do)
}

// extension is the prefix of keys that are ignored, so that they can hold YAML
// anchors.
const extension = "x-"

// maxMerges bounds the mappings that one mapping merges: an anchor may refer to a
// mapping that contains it.
const maxMerges = 100

// merge adds the pairs of merged mappings (<<: *anchor) whose keys are not set yet:
// the mapping's own keys win, then earlier mappings.
func (f *file) merge(mappings []*yaml.Node, lines map[string]int, do func(name string, key, value *yaml.Node)) {
	for count := 0; len(mappings) > 0; count++ {
		node := mappings[0]
		mappings = mappings[1:]
		switch {
		case node.Kind == yaml.SequenceNode && count < maxMerges:
			var items []*yaml.Node
			for _, item := range node.Content {
				items = append(items, resolve(item))
			}
			mappings = append(items, mappings...)
			continue
		case node.Kind != yaml.MappingNode || count >= maxMerges:
			f.fail(node.Line, func(l message.Lang) string { return l.ConfigNotMapping("<<") })
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], resolve(node.Content[i+1])
			_, there := lines[key.Value]
			switch {
			case key.Tag == "!!merge":
				mappings = append([]*yaml.Node{value}, mappings...)
			case !there && !strings.HasPrefix(key.Value, extension):
				lines[key.Value] = key.Line
				do(key.Value, key, value)
			}
		}
	}
}

// scalar returns the text of a setting's value; a list becomes a,b,c.
func (f *file) scalar(s setting, node *yaml.Node) (string, bool) {
	switch {
	case isNull(node):
		return "", false
	case node.Kind == yaml.ScalarNode:
		return node.Value, true
	case node.Kind == yaml.SequenceNode && s.isList:
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

// text returns a scalar as it is written. It refuses what cannot be an argument of a
// process: an empty text, or one with a NUL.
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

// syntaxError extracts the line from the YAML reader's error; 1 if it has none.
func syntaxError(err error) (line int, why string) {
	m := regexp.MustCompile(`^(?:yaml: )?(?:.*?line (\d+)[^:]*: )?(?s:(.*))$`).FindStringSubmatch(err.Error())
	if _, scanErr := fmt.Sscan(m[1], &line); scanErr != nil {
		line = 1
	}
	return line, m[2]
}
