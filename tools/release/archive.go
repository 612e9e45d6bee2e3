package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
)

// file is one file of an archive.
type file struct {
	name   string // with slashes, below the archive's directory
	source string
	mode   os.FileMode
}

// contents are the files of a target's archive: the binary, its documents, and
// the samples that an operator starts from.
func (r *release) contents(t target) ([]file, error) {
	binary := r.binary(t)
	files := []file{
		{filepath.Base(binary), binary, 0o755},
		{filepath.Base(r.thirdPartyLicenses()), r.thirdPartyLicenses(), 0o644},
	}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "configs/taskctl.yaml"} {
		files = append(files, file{name, filepath.Join(r.root, name), 0o644})
	}
	for _, dir := range []struct{ name, source string }{
		{"completions", filepath.Join(r.work, "completions")},
		{"man", filepath.Join(r.work, "man")},
		{"deploy/systemd", filepath.Join(r.root, "deploy", "systemd")},
		{"deploy/proxies", filepath.Join(r.root, "deploy", "proxies")},
	} {
		entries, err := os.ReadDir(dir.source)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			files = append(files, file{path.Join(dir.name, entry.Name()), filepath.Join(dir.source, entry.Name()), 0o644})
		}
	}
	sort.Slice(files, func(i, j int) bool { return files[i].name < files[j].name })
	return files, nil
}

// archive writes a target's archive: zip for Windows, else tar.gz.
func (r *release) archive(t target) error {
	files, err := r.contents(t)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("taskctl-%s-%s-%s", r.version, t.os, t.arch)
	var body bytes.Buffer
	if t.os == "windows" {
		name += ".zip"
		err = r.zip(&body, files)
	} else {
		name += ".tar.gz"
		err = r.tar(&body, files)
	}
	if err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	return os.WriteFile(filepath.Join(r.out, name), body.Bytes(), 0o644)
}

func (r *release) tar(to *bytes.Buffer, files []file) error {
	packed, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(packed)
	for _, f := range files {
		body, err := os.ReadFile(f.source)
		if err != nil {
			return err
		}
		header := &tar.Header{
			Name: fmt.Sprintf("taskctl-%s/%s", r.version, f.name), Mode: int64(f.mode), Size: int64(len(body)),
			ModTime: r.time, Format: tar.FormatPAX,
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(body); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return packed.Close()
}

func (r *release) zip(to *bytes.Buffer, files []file) error {
	archive := zip.NewWriter(to)
	for _, f := range files {
		body, err := os.ReadFile(f.source)
		if err != nil {
			return err
		}
		header := &zip.FileHeader{Name: fmt.Sprintf("taskctl-%s/%s", r.version, f.name), Method: zip.Deflate, Modified: r.time}
		header.SetMode(f.mode)
		w, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := w.Write(body); err != nil {
			return err
		}
	}
	return archive.Close()
}
