package filewatch

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// anyDepth is the segment that stands for any number of directories.
const anyDepth = "**"

// pattern selects files: a base directory, and the segments to match below it.
type pattern struct {
	above    []string // the directories above base, watched to notice when base is created or moved
	base     string   // absolute: the segments before the first wildcard, and before the last segment
	segments []string // at least one
}

// Valid reports whether a pattern is valid. Each segment is a pattern of [path.Match],
// or ** for any number of directories.
func Valid(text string) bool {
	if text == "" || strings.Contains(text, "{") { // path.Match does not support {a,b}
		return false
	}
	_, err := path.Match(text, "")
	return err == nil
}

func parse(dir, text string) pattern {
	text = filepath.ToSlash(text)
	if !filepath.IsAbs(text) {
		text = filepath.ToSlash(dir) + "/" + text
	}
	segments := strings.Split(path.Clean(text), "/")
	literal := slices.IndexFunc(segments, hasWildcard)
	if literal < 0 {
		literal = len(segments) - 1
	}
	base := filepath.Clean(filepath.FromSlash(strings.Join(segments[:literal], "/") + "/"))
	return pattern{above: above(dir, base), base: base, segments: slices.CompactFunc(segments[literal:], bothAnyDepth)}
}

// above returns the directories above base, up to dir, which is not moved. If base is
// not below dir, it returns all of them.
func above(dir, base string) []string {
	var all []string
	for base != dir && base != filepath.Dir(base) {
		base = filepath.Dir(base)
		all = append(all, base)
	}
	return all
}

func bothAnyDepth(a, b string) bool { return a == anyDepth && b == anyDepth }

func hasWildcard(segment string) bool { return strings.ContainsAny(segment, `*?[\`) }

// matches reports whether a segment matches the name of a file or directory. As in a
// shell, a wildcard at the beginning does not match a hidden one.
func matches(segment, name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(segment, ".") {
		return false
	}
	matched, _ := path.Match(segment, name) // patterns are Valid
	return matched
}

// entered reports whether ** enters a directory with this name. It skips hidden
// directories, and those with generated or downloaded files.
func entered(name string) bool {
	return !strings.HasPrefix(name, ".") && name != "node_modules" && name != "__pycache__"
}
