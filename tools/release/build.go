package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// release is one run: what is released, and where its parts are.
type release struct {
	root, out, work string
	targets         []target

	version string
	commit  string
	time    time.Time // of the commit; every file of the release has it
}

// identify reads version, commit and time of the source tree.
func (r *release) identify(ctx context.Context) error {
	revision, err := r.command(ctx, nil, "git", "log", "-1", "--format=%h %ct", "--abbrev=12")
	if err != nil {
		return err
	}
	var seconds int64
	if _, err := fmt.Sscan(string(revision), &r.commit, &seconds); err != nil {
		return fmt.Errorf("read the commit: %w", err)
	}
	r.time = time.Unix(seconds, 0).UTC()
	host := target{runtime.GOOS, runtime.GOARCH}
	if err := r.build(ctx, host); err != nil {
		return err
	}
	out, err := r.command(ctx, nil, r.binary(host), "version", "--json")
	if err != nil {
		return err
	}
	var built struct{ Version string }
	if err := json.Unmarshal(out, &built); err != nil {
		return fmt.Errorf("read the version: %w", err)
	}
	r.version = built.Version
	return nil
}

// build compiles the static binary of a target, unless that has been done.
func (r *release) build(ctx context.Context, t target) error {
	if _, err := os.Stat(r.binary(t)); err == nil {
		return nil
	}
	flags := fmt.Sprintf("-s -w -buildid= -X main.releaseCommit=%s -X main.releaseDate=%s", r.commit, r.time.Format(time.RFC3339))
	env := []string{"CGO_ENABLED=0", "GOOS=" + t.os, "GOARCH=" + t.arch, "GOFLAGS=-mod=readonly"}
	_, err := r.command(ctx, env, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", r.binary(t), "./cmd/taskctl")
	return err
}

func (r *release) binary(t target) string {
	name := "taskctl"
	if t.os == "windows" {
		name += ".exe"
	}
	path, err := filepath.Abs(filepath.Join(r.work, t.os+"-"+t.arch, name))
	if err != nil {
		return filepath.Join(r.work, t.os+"-"+t.arch, name)
	}
	return path
}

// generate makes the man pages and the completions with the binary itself.
func (r *release) generate(ctx context.Context) error {
	host := r.binary(target{runtime.GOOS, runtime.GOARCH})
	if err := os.MkdirAll(filepath.Join(r.work, "man"), 0o755); err != nil {
		return err
	}
	if _, err := r.command(ctx, nil, host, "man", filepath.Join(r.work, "man")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(r.work, "completions"), 0o755); err != nil {
		return err
	}
	for shell, name := range completions {
		script, err := r.command(ctx, nil, host, "completion", shell)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(r.work, "completions", name), script, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// completions are the shells with the names that their scripts need.
var completions = map[string]string{"bash": "taskctl", "zsh": "_taskctl", "fish": "taskctl.fish", "powershell": "taskctl.ps1"}

// command runs a program in the source tree and returns what it prints.
func (r *release) command(ctx context.Context, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = r.root
	cmd.Env = append(append(os.Environ(), "LC_ALL=C"), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, nil
}

// checksums writes SHA256SUMS over every file of the release, as sha256sum -c
// reads it.
func (r *release) checksums() error {
	entries, err := os.ReadDir(r.out) // sorted by name
	if err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, entry := range entries {
		body, err := os.ReadFile(filepath.Join(r.out, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(body), entry.Name())
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), sums.Bytes(), 0o644)
}
