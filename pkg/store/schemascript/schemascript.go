// Package schemascript reads the scripts that bring a store's database from one version
// to the next.
package schemascript

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Read returns the files of a folder in the order of their names; the nth brings
// a database to version n.
func Read(files fs.FS, folder string) ([]string, error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	scripts := make([]string, len(entries))
	for i, e := range entries {
		text, err := fs.ReadFile(files, path.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		scripts[i] = string(text)
	}
	return scripts, nil
}
