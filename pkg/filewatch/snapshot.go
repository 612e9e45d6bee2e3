package filewatch

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// snapshot holds the files that the patterns match at one moment. Paths are absolute.
type snapshot struct {
	files   map[string]fs.FileInfo
	dirs    map[string]fs.FileInfo // in which a change can change the matches
	missing map[string]error       // directories of the patterns that cannot be read
	skip    []string
}

// take takes a snapshot. It does not look into the directories of skip.
func take(patterns []pattern, skip []string) *snapshot {
	s := &snapshot{
		files: map[string]fs.FileInfo{}, dirs: map[string]fs.FileInfo{}, missing: map[string]error{}, skip: skip,
	}
	for _, p := range patterns {
		for _, dir := range p.above {
			s.enter(dir)
		}
		if _, err := os.ReadDir(p.base); err != nil {
			s.missing[p.base] = err
			continue
		}
		s.look(p.base, p.segments)
	}
	return s
}

func (s *snapshot) enter(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() || within(dir, s.skip) {
		return false
	}
	s.dirs[dir] = info
	return true
}

// look adds the files of a directory that the segments match.
func (s *snapshot) look(dir string, segments []string) {
	if !s.enter(dir) {
		return
	}
	segment, rest := segments[0], segments[1:]
	if segment != anyDepth && !hasWildcard(segment) {
		s.found(filepath.Join(dir, segment), segment, rest)
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.missing[dir] = err
		return
	}
	if segment == anyDepth {
		if len(rest) == 0 {
			rest = []string{"*"}
		}
		s.look(dir, rest)
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch {
		case segment == anyDepth:
			if entry.IsDir() && entered(entry.Name()) { // a link is not followed, because it could form a cycle
				s.look(path, segments)
			}
		case matches(segment, entry.Name()):
			s.found(path, segment, rest)
		}
	}
}

// found adds a file, or looks for the remaining segments in a directory. A pattern
// without wildcards that names a directory means everything in it.
func (s *snapshot) found(path, segment string, rest []string) {
	info, err := os.Stat(path)
	switch {
	case err != nil: // it does not exist yet, or was just removed
	case !info.IsDir():
		if len(rest) == 0 && !within(path, s.skip) {
			s.files[path] = info
		}
	case len(rest) > 0:
		s.look(path, rest)
	case !hasWildcard(segment):
		s.look(path, []string{anyDepth})
	}
}

// keepMissing adds files of an earlier snapshot if their directory cannot be read now,
// because then their state is unknown.
func (s *snapshot) keepMissing(before *snapshot) {
	for path, info := range before.files {
		for dir := range s.missing {
			if within(path, []string{dir}) {
				s.files[path] = info
			}
		}
	}
}

// changedSince returns the files that were added, removed or changed, sorted.
func (s *snapshot) changedSince(before *snapshot) []string {
	var changed []string
	for path, info := range s.files {
		if old := before.files[path]; old == nil || !same(old, info) {
			changed = append(changed, path)
		}
	}
	for path := range before.files {
		if s.files[path] == nil {
			changed = append(changed, path)
		}
	}
	slices.Sort(changed)
	return changed
}

// same reports whether a file is unchanged. Its mode counts too, because a script may
// have become executable.
func same(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.Mode() == b.Mode() && a.ModTime().Equal(b.ModTime()) && os.SameFile(a, b)
}

// within reports whether a path is one of dirs, or below it.
func within(path string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool {
		return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
	})
}
