// Package exposition writes metrics in the Prometheus text format, each with its type
// and a help text. Families is the list of all metrics.
package exposition

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"

	"github.com/VictoriaMetrics/metrics"
)

// ContentType is the media type of the page.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// BuildInfo adds the version of the program to a set.
func BuildInfo(set *metrics.Set, version string) {
	name := fmt.Sprintf("taskctl_build_info{version=%q,go_version=%q}", version, runtime.Version())
	set.NewGauge(name, func() float64 { return 1 })
}

// Page returns the metrics of the sets and of the process. Metrics of the process
// that have no description are left out.
func Page(sets ...*metrics.Set) []byte {
	var raw bytes.Buffer
	for _, set := range sets {
		set.WritePrometheus(&raw)
	}
	metrics.WriteProcessMetrics(&raw)
	return describe(raw.Bytes())
}

// describe groups the samples by family, each below its help text and type.
func describe(raw []byte) []byte {
	families := Families()
	samples := make(map[string][]byte)
	var order []string
	for line := range bytes.Lines(raw) {
		name := familyOf(families, line)
		if comment := bytes.Fields(line); len(comment) > 3 && string(comment[0]) == "#" { // a writer that describes its own metrics
			name = string(comment[2])
			if _, described := families[name]; described {
				continue
			}
		}
		if _, described := families[name]; name == "" || (!described && !strings.HasPrefix(name, "taskctl_")) {
			continue
		}
		if _, known := samples[name]; !known {
			order = append(order, name)
		}
		samples[name] = append(samples[name], line...)
	}
	var page bytes.Buffer
	for _, name := range order {
		if f, described := families[name]; described {
			fmt.Fprintf(&page, "# HELP %s %s\n# TYPE %s %s\n", name, f.Help, name, f.Type)
		}
		page.Write(samples[name])
	}
	return page.Bytes()
}

// familyOf returns the family of a sample; empty: the line is not a sample.
func familyOf(families map[string]Family, line []byte) string {
	end := bytes.IndexAny(line, "{ ")
	if end <= 0 || line[0] == '#' {
		return ""
	}
	name := string(line[:end])
	if _, known := families[name]; known {
		return name
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, found := strings.CutSuffix(name, suffix); found {
			if f := families[base]; f.Type == histogram || f.Type == summary {
				return base
			}
		}
	}
	return name
}
