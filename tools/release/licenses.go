package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenseName are the files of a module that have to go with its code.
var licenseName = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|patents)`)

// thirdPartyLicenses is the file with the licenses of all code that the binaries contain.
func (r *release) thirdPartyLicenses() string {
	return filepath.Join(r.work, "THIRD_PARTY_LICENSES.txt")
}

// licenses writes it: one section for each module that any target is built from, in the
// order of their paths, then Go itself and the embedded web modules.
func (r *release) licenses(ctx context.Context) error {
	dirs := map[string]string{} // by module and version
	for _, t := range r.targets {
		list, err := r.command(ctx, []string{"CGO_ENABLED=0", "GOOS=" + t.os, "GOARCH=" + t.arch}, "go", "list", "-deps",
			"-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/taskctl")
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(list)) {
			if module, dir, found := strings.Cut(strings.TrimSpace(line), "\t"); found {
				dirs[module] = dir
			}
		}
	}
	var text bytes.Buffer
	modules := make([]string, 0, len(dirs))
	for module := range dirs {
		modules = append(modules, module)
	}
	slices.Sort(modules)
	for _, module := range modules {
		if err := addLicenses(&text, module, dirs[module]); err != nil {
			return err
		}
	}
	goRoot, err := r.command(ctx, nil, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	if err := addLicenses(&text, "Go", strings.TrimSpace(string(goRoot))); err != nil {
		return err
	}
	embedded, err := filepath.Glob(filepath.Join(r.root, "pkg", "webui", "static", "vendor", "*.LICENSE.txt"))
	if err != nil {
		return err
	}
	for _, path := range embedded { // NAME-VERSION.LICENSE.txt
		if err := addLicense(&text, strings.TrimSuffix(filepath.Base(path), ".LICENSE.txt"), path); err != nil {
			return err
		}
	}
	return os.WriteFile(r.thirdPartyLicenses(), text.Bytes(), 0o644)
}

// addLicenses adds the license files in the directory of a module. A module without one
// is an error: its code may not be given away.
func addLicenses(to *bytes.Buffer, module, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read the licenses of %s: %w", module, err)
	}
	found := false
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !licenseName.MatchString(entry.Name()) {
			continue
		}
		found = true
		if err := addLicense(to, module, filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%s has no license file in %s", module, dir)
	}
	return nil
}

func addLicense(to *bytes.Buffer, module, path string) error {
	body, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the license of %s: %w", module, err)
	}
	rule := strings.Repeat("=", 80)
	fmt.Fprintf(to, "%s\n%s: %s\n%s\n\n%s\n\n", rule, module, filepath.Base(path), rule, bytes.TrimSpace(body))
	return nil
}
