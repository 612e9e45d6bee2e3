package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers the format
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm" // registers the format
)

// pack makes a deb or rpm package: the binary, systemd units, man pages,
// completions, and a settings file that upgrades leave alone.
func (r *release) pack(format string, t target) error {
	contents, err := r.installed(format, t)
	if err != nil {
		return err
	}
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "taskctl", Arch: t.arch, Platform: t.os, Version: r.version, Release: "1",
		Section: "net", Priority: "optional", License: "Apache-2.0",
		Maintainer:  "taskctl maintainers <maintainers@taskctl.invalid>",
		Description: "Task service with live notifications, in one command\nREST API, WebSocket notification server and a supervisor for them and for\nprocesses of your own.",
		MTime:       r.time,
		Overridables: nfpm.Overridables{
			Contents: contents,
			Scripts: nfpm.Scripts{
				PostInstall: r.deploy("packages", "postinstall.sh"),
				PreRemove:   r.deploy("packages", "preremove.sh"),
				PostRemove:  r.deploy("packages", "postremove.sh"),
			},
			RPM: nfpm.RPM{BuildHost: "localhost"}, // else the name of this machine
		},
	})
	if err := nfpm.PrepareForPackager(info, format); err != nil {
		return fmt.Errorf("prepare %s: %w", format, err)
	}
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(r.out, packager.ConventionalFileName(info)))
	if err != nil {
		return err
	}
	if err := packager.Package(info, out); err != nil {
		return fmt.Errorf("make %s: %w", format, err)
	}
	return out.Close()
}

// installed are the files of a package.
func (r *release) installed(format string, t target) (files.Contents, error) {
	zsh := "/usr/share/zsh/vendor-completions/_taskctl"
	if format == "rpm" {
		zsh = "/usr/share/zsh/site-functions/_taskctl"
	}
	completion := func(name string) string { return filepath.Join(r.work, "completions", name) }
	plain := map[string]string{
		"/usr/lib/systemd/system/taskctl.service":           r.deploy("systemd", "taskctl.service"),
		"/usr/lib/systemd/system/taskctl.socket":            r.deploy("systemd", "taskctl.socket"),
		"/usr/lib/sysusers.d/taskctl.conf":                  r.deploy("systemd", "sysusers.conf"),
		"/usr/lib/tmpfiles.d/taskctl.conf":                  r.deploy("systemd", "tmpfiles.conf"),
		"/usr/share/bash-completion/completions/taskctl":    completion("taskctl"),
		"/usr/share/fish/vendor_completions.d/taskctl.fish": completion("taskctl.fish"),
		zsh:                                completion("_taskctl"),
		"/usr/share/doc/taskctl/copyright": filepath.Join(r.root, "LICENSE"),
		"/usr/share/doc/taskctl/README.md": filepath.Join(r.root, "README.md"),

		"/usr/share/doc/taskctl/" + filepath.Base(r.thirdPartyLicenses()): r.thirdPartyLicenses(),
	}
	contents := files.Contents{
		{Source: r.binary(t), Destination: "/usr/bin/taskctl", FileInfo: &files.ContentFileInfo{Mode: 0o755, MTime: r.time}},
		{
			Source: filepath.Join(r.root, "configs", "taskctl.yaml"), Destination: "/etc/taskctl/taskctl.yaml", Type: files.TypeConfigNoReplace,
			FileInfo: &files.ContentFileInfo{Mode: 0o640, Group: "root", MTime: r.time},
		},
	}
	for destination, source := range plain {
		contents = append(contents, &files.Content{Source: source, Destination: destination, FileInfo: &files.ContentFileInfo{Mode: 0o644, MTime: r.time}})
	}
	pages, err := filepath.Glob(filepath.Join(r.work, "man", "*.1"))
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		packed, err := r.compress(page)
		if err != nil {
			return nil, err
		}
		destination := "/usr/share/man/man1/" + filepath.Base(page) + ".gz"
		contents = append(contents, &files.Content{Source: packed, Destination: destination, FileInfo: &files.ContentFileInfo{Mode: 0o644, MTime: r.time}})
	}
	return contents, nil
}

func (r *release) deploy(parts ...string) string {
	return filepath.Join(append([]string{r.root, "deploy"}, parts...)...)
}

// compress writes a man page as gzip without a name or time in it.
func (r *release) compress(page string) (string, error) {
	packed := filepath.Join(r.work, strings.TrimSuffix(filepath.Base(page), ".1")+".1.gz")
	out, err := os.Create(packed)
	if err != nil {
		return "", err
	}
	in, err := os.Open(page)
	if err != nil {
		return "", err
	}
	defer in.Close()
	w, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(w, in); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return packed, out.Close()
}
