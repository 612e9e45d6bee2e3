package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is the numeric id that the image runs as: nobody's, and not root.
const user = 65532

// image writes an OCI image layout for the Linux platforms as one tar file. It
// needs no container engine: the image is a static binary, root certificates, and
// a directory for its data.
func (r *release) image() error {
	index := v1.ImageIndex(mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
	for _, t := range r.targets {
		if t.os != "linux" {
			continue
		}
		img, err := r.platformImage(t)
		if err != nil {
			return fmt.Errorf("make image for %s: %w", t.arch, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        img,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: t.os, Architecture: t.arch}},
		})
	}
	dir := filepath.Join(r.work, "image")
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return fmt.Errorf("write image: %w", err)
	}
	// One entry at the top, so that tools choose the platform and not the user.
	name := layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": r.version,
		"io.containerd.image.name":          "docker.io/library/taskctl:" + r.version, // the name that docker load gives it
	})
	if err := path.AppendIndex(index, name); err != nil {
		return fmt.Errorf("write image: %w", err)
	}
	return r.tarDirectory(dir, filepath.Join(r.out, fmt.Sprintf("taskctl-%s-image.oci.tar", r.version)))
}

func (r *release) platformImage(t target) (v1.Image, error) {
	content, err := r.rootFilesystem(t)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: r.time}, CreatedBy: "taskctl release"}})
	if err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = t.os, t.arch, v1.Time{Time: r.time}
	file.Config = v1.Config{
		User:         fmt.Sprintf("%d:%d", user, user),
		WorkingDir:   "/data",
		Entrypoint:   []string{"/usr/bin/taskctl"},
		Cmd:          []string{"start", "--in-process"},
		ExposedPorts: map[string]struct{}{"8001/tcp": {}, "8765/tcp": {}},
		Volumes:      map[string]struct{}{"/data": {}},
		StopSignal:   "SIGTERM",
		Healthcheck: &v1.HealthConfig{
			Test: []string{"CMD", "/usr/bin/taskctl", "status"}, Interval: 10 * time.Second, Timeout: 5 * time.Second, StartPeriod: 5 * time.Second, Retries: 3,
		},
		Labels: map[string]string{
			"org.opencontainers.image.title": "taskctl", "org.opencontainers.image.version": r.version,
			"org.opencontainers.image.revision": r.commit, "org.opencontainers.image.licenses": "Apache-2.0",
		},
	}
	return mutate.ConfigFile(img, file)
}

// rootFilesystem is the one layer of the image.
func (r *release) rootFilesystem(t target) ([]byte, error) {
	binary, err := os.ReadFile(r.binary(t))
	if err != nil {
		return nil, err
	}
	license, err := os.ReadFile(filepath.Join(r.root, "LICENSE"))
	if err != nil {
		return nil, err
	}
	others, err := os.ReadFile(r.thirdPartyLicenses())
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	archive := tar.NewWriter(&body)
	for _, dir := range []struct {
		name  string
		mode  int64
		owner int
	}{{"etc/", 0o755, 0}, {"etc/ssl/", 0o755, 0}, {"etc/ssl/certs/", 0o755, 0}, {"usr/", 0o755, 0}, {"usr/bin/", 0o755, 0}, {"tmp/", 0o1777, 0}, {"licenses/", 0o755, 0}, {"data/", 0o700, user}} {
		header := &tar.Header{Typeflag: tar.TypeDir, Name: dir.name, Mode: dir.mode, Uid: dir.owner, Gid: dir.owner, ModTime: r.time}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
	}
	for _, f := range []struct {
		name string
		mode int64
		body []byte
	}{
		{"etc/passwd", 0o644, []byte(fmt.Sprintf("root:x:0:0:root:/:/sbin/nologin\ntaskctl:x:%d:%d:taskctl:/data:/sbin/nologin\n", user, user))},
		{"etc/group", 0o644, []byte(fmt.Sprintf("root:x:0:\ntaskctl:x:%d:\n", user))},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, rootCertificates()},
		{"licenses/LICENSE", 0o644, license},
		{"licenses/" + filepath.Base(r.thirdPartyLicenses()), 0o644, others},
		{"usr/bin/taskctl", 0o755, binary},
	} {
		if err := archive.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.body)), ModTime: r.time}); err != nil {
			return nil, err
		}
		if _, err := archive.Write(f.body); err != nil {
			return nil, err
		}
	}
	err = archive.Close()
	return body.Bytes(), err
}

// rootCertificates are Mozilla's, as golang.org/x/crypto has them: those of the
// machine that makes the release would differ from one to the next.
func rootCertificates() []byte {
	var all bytes.Buffer
	for root := range bundle.Roots() {
		_ = pem.Encode(&all, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // into memory
	}
	return all.Bytes()
}

// tarDirectory packs the files below dir, sorted by name.
func (r *release) tarDirectory(dir, to string) error {
	var files []file
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			files = append(files, file{strings.TrimPrefix(filepath.ToSlash(path), filepath.ToSlash(dir)+"/"), path, 0o644})
		}
		return err
	})
	if err != nil {
		return err
	}
	var body bytes.Buffer
	archive := tar.NewWriter(&body)
	for _, f := range files {
		content, err := os.ReadFile(f.source)
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Name: f.name, Mode: int64(f.mode), Size: int64(len(content)), ModTime: r.time}); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return os.WriteFile(to, body.Bytes(), 0o644)
}
