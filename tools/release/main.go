// Command release makes everything that a release of taskctl consists of, from the
// commit that is checked out: archives, packages, an OCI image, checksums and an
// SBOM. It needs Go and the Go module proxy, and nothing else. Two runs on the
// same commit make the same bytes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
)

func main() {
	out := flag.String("out", "dist", "directory to write to; it is created, and must be empty")
	root := flag.String("root", ".", "root of the taskctl source tree")
	only := flag.String("only", "", "release one platform alone, as `OS/ARCH` (default: all)")
	flag.Parse()
	chosen, err := choose(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, &release{root: *root, out: *out, targets: chosen}); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// target is a platform that taskctl is released for.
type target struct{ os, arch string }

var allTargets = []target{
	{"linux", "amd64"},
	{"linux", "arm64"},
	{"darwin", "amd64"},
	{"darwin", "arm64"},
	{"windows", "amd64"},
	{"windows", "arm64"},
}

// choose returns all targets, or the only one.
func choose(only string) ([]target, error) {
	if only == "" {
		return allTargets, nil
	}
	for _, t := range allTargets {
		if t.os+"/"+t.arch == only {
			return []target{t}, nil
		}
	}
	return nil, fmt.Errorf("there is no release for %s", only)
}

func run(ctx context.Context, r *release) (err error) {
	if err := makeEmpty(r.out); err != nil {
		return err
	}
	if r.work, err = os.MkdirTemp("", "taskctl-release-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(r.work) }()
	if err := r.identify(ctx); err != nil {
		return err
	}
	if err := r.generate(ctx); err != nil { // man pages and completions
		return err
	}
	if err := r.licenses(ctx); err != nil {
		return err
	}
	for _, t := range r.targets {
		if err := r.build(ctx, t); err != nil {
			return err
		}
		if err := r.archive(t); err != nil {
			return err
		}
		if t.os != "linux" {
			continue
		}
		for _, format := range []string{"deb", "rpm"} {
			if err := r.pack(format, t); err != nil {
				return err
			}
		}
	}
	if slices.ContainsFunc(r.targets, func(t target) bool { return t.os == "linux" }) {
		if err := r.image(); err != nil {
			return err
		}
	}
	if err := r.sbom(); err != nil {
		return err
	}
	return r.checksums()
}

func makeEmpty(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty; remove it, or choose another with -out", filepath.Clean(dir))
	}
	return err
}
