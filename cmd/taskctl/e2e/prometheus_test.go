package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/wait/waittest"
)

// scraped is a port that Prometheus asks for metrics.
type scraped struct{ job, system, address string }

// prometheus is a running server with the shipped alert rules.
type prometheus struct{ url string }

var (
	pendingTime = regexp.MustCompile(`for: \w+`)
	ruleWindow  = regexp.MustCompile(`\[\d+[mh]\]`)
)

// startPrometheus runs Prometheus with the shipped rules, whose times are shortened.
func startPrometheus(t *testing.T, targets ...scraped) *prometheus {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("no prometheus here, which evaluates the alert rules")
	}
	dir := e2etest.Dir(t)
	rules, err := os.ReadFile("../../../deploy/alerts/taskctl.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	rules = pendingTime.ReplaceAll(rules, []byte("for: 0s"))
	rules = ruleWindow.ReplaceAll(rules, []byte("[30s]"))
	config := "global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}\nrule_files: [rules.yml]\nscrape_configs:\n"
	for i, target := range targets {
		// Each needs a unique name; the rules use the label.
		config += fmt.Sprintf("  - {job_name: %s-%d, static_configs: [{targets: [%q], labels: {system: %s}}], relabel_configs: [{target_label: job, replacement: %[1]s}]}\n",
			target.job, i, target.address, target.system)
	}
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(filepath.Join(dir, "rules.yml"), rules, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &process{out: &output{}, exited: make(chan struct{})}
	p.cmd = exec.Command(program, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0")
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.reap(t, func() {})
	listening := regexp.MustCompile(`(?i)msg="Listening on" address=(\S+)`)
	waittest.For(t, "prometheus", func() bool { return listening.MatchString(p.out.String()) })
	server := &prometheus{url: "http://" + listening.FindStringSubmatch(p.out.String())[1]}
	waittest.For(t, "the first scrape of every target", func() bool { return len(server.query(t, "up == 1")) == len(targets) })
	return server
}

// query returns the labels of each series of a result.
func (p *prometheus) query(t *testing.T, expression string) (series []map[string]string) {
	t.Helper()
	res, err := http.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(expression))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusServiceUnavailable {
		return nil // it is still starting
	}
	var answer struct {
		Error string
		Data  struct {
			Result []struct{ Metric map[string]string }
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Error != "" {
		t.Fatalf("query %s: %v %s", expression, err, answer.Error)
	}
	for _, r := range answer.Data.Result {
		series = append(series, r.Metric)
	}
	return series
}

// firing is the expression of an alert that fires with the labels.
func firing(name, labels string) string {
	return fmt.Sprintf(`ALERTS{alertname=%q,alertstate="firing",%s}`, name, labels)
}

// alertNames are the alerts that the shipped rules have.
func alertNames(t *testing.T) (names []string) {
	t.Helper()
	rules, err := os.ReadFile("../../../deploy/alerts/taskctl.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(rules)) {
		if name, is := strings.CutPrefix(strings.TrimSpace(line), "- alert: "); is {
			names = append(names, name)
		}
	}
	return names
}
