package exposition_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"taskctl/pkg/exposition"
)

func TestPage(t *testing.T) {
	set := metrics.NewSet()
	set.NewCounter(`taskctl_http_requests_total{route="/",status="200"}`).Inc()
	set.NewCounter(`taskctl_http_requests_total{route="/tasks",status="200"}`).Inc()
	set.NewGauge("taskctl_deliveries_total", func() float64 { return 3 })
	set.NewPrometheusHistogram(`taskctl_http_request_duration_seconds{route="/"}`).Update(1)
	exposition.BuildInfo(set, `v1 "x"`)
	page := string(exposition.Page(set))
	for _, want := range []string{
		"# TYPE taskctl_deliveries_total counter\ntaskctl_deliveries_total 3\n",
		"# TYPE taskctl_http_request_duration_seconds histogram\ntaskctl_http_request_duration_seconds_bucket{",
		"# TYPE taskctl_http_requests_total counter\ntaskctl_http_requests_total{route=\"/\",status=\"200\"} 1\ntaskctl_http_requests_total{route=\"/tasks\"",
		`taskctl_build_info{version="v1 \"x\"",go_version="go`,
		"# TYPE go_goroutines gauge\n",
		"# TYPE process_cpu_seconds_total counter\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	types := map[string]bool{}
	for line := range strings.Lines(page) {
		if fields := strings.Fields(line); fields[0] == "#" {
			if key := fields[1] + fields[2]; types[key] || len(fields) < 4 {
				t.Errorf("repeated or empty: %s", line)
			} else {
				types[key] = true
			}
		}
	}
}

// A writer may describe metrics of its own.
func TestOwnDescriptionsStay(t *testing.T) {
	set := metrics.NewSet()
	set.RegisterMetricsWriter(func(w io.Writer) {
		_, _ = w.Write([]byte("# HELP taskctl_other_total Other things.\n# TYPE taskctl_other_total counter\ntaskctl_other_total{x=\"a b\"} 1\n"))
	})
	page := exposition.Page(set)
	if !bytes.Contains(page, []byte("# HELP taskctl_other_total Other things.\n# TYPE taskctl_other_total counter\ntaskctl_other_total{x=\"a b\"} 1\n")) {
		t.Errorf("%s", page)
	}
}

// TestEveryMetricHasADescription reads the names in the source, the dashboard and the
// alert rules.
func TestEveryMetricHasADescription(t *testing.T) {
	families := exposition.Families()
	name, suffix := regexp.MustCompile(`taskctl_[a-z_]+[a-z]`), regexp.MustCompile(`_(bucket|sum|count)$`)
	used := map[string]bool{}
	read := func(path string, quoted bool) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range name.FindAllIndex(text, -1) {
			if quoted && !strings.ContainsRune("\"`", rune(text[at[0]-1])) {
				continue
			}
			metric := suffix.ReplaceAllString(string(text[at[0]:at[1]]), "")
			if strings.HasPrefix(metric, "taskctl_hook_") || metric == "taskctl_session" || metric == "taskctl_component" {
				continue // described where they are written; a cookie; a prefix
			}
			used[metric] = true
			if _, described := families[metric]; !described {
				t.Errorf("%s has %s, which has no description", path, metric)
			}
		}
	}
	for _, pattern := range []string{"../api/*.go", "../wsserver/*.go", "../broker/*/*.go", "../store/*/*.go", "../../launcher/components/*.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range paths {
			if !strings.HasSuffix(path, "_test.go") {
				read(path, true)
			}
		}
	}
	read("../../deploy/grafana/taskctl.json", false)
	read("../../deploy/alerts/taskctl.rules.yml", false)
}
