package main

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// sbom lists the modules that the binaries are built from, as CycloneDX: what the
// linker wrote into them, and the web modules that they embed.
func (r *release) sbom() error {
	info, err := buildinfo.ReadFile(r.binary(r.targets[0]))
	if err != nil {
		return fmt.Errorf("read build information: %w", err)
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: r.time.Format(time.RFC3339),
		Component: &cdx.Component{
			BOMRef: "taskctl", Type: cdx.ComponentTypeApplication, Name: "taskctl", Version: r.version,
			Licenses: &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
		},
	}
	components := []cdx.Component{{
		BOMRef: "go", Type: cdx.ComponentTypeFramework, Name: "go", Version: strings.TrimPrefix(info.GoVersion, "go"),
		PackageURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go"),
	}}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		url := "pkg:golang/" + module.Path + "@" + module.Version
		components = append(components, cdx.Component{
			BOMRef: url, Type: cdx.ComponentTypeLibrary, Name: module.Path, Version: module.Version, PackageURL: url,
		})
	}
	embedded, err := filepath.Glob(filepath.Join(r.root, "pkg", "webui", "static", "vendor", "*.js"))
	if err != nil {
		return err
	}
	for _, path := range embedded { // NAME-VERSION.js
		name := strings.TrimSuffix(filepath.Base(path), ".js")
		dash := strings.LastIndex(name, "-")
		url := "pkg:npm/" + name[:dash] + "@" + name[dash+1:]
		components = append(components, cdx.Component{
			BOMRef: url, Type: cdx.ComponentTypeLibrary, Name: name[:dash], Version: name[dash+1:], PackageURL: url,
		})
	}
	bom.Components = &components
	var body bytes.Buffer
	if err := cdx.NewBOMEncoder(&body, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return fmt.Errorf("write sbom: %w", err)
	}
	return os.WriteFile(filepath.Join(r.out, fmt.Sprintf("taskctl-%s.cdx.json", r.version)), body.Bytes(), 0o644)
}
