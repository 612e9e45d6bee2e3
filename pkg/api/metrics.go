package api

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"taskctl/pkg/exposition"
)

// meter creates the metrics of the routes.
type meter struct {
	set      *metrics.Set
	inFlight *metrics.Gauge
}

// routeMeter counts the requests of a route. It keeps a counter for each status,
// because the lookup in the set builds a name and takes a lock.
type routeMeter struct {
	meter    *meter
	path     string
	took     *metrics.PrometheusHistogram
	statuses [600]atomic.Pointer[metrics.Counter]
}

func newMeter(set *metrics.Set) *meter {
	return &meter{set: set, inFlight: set.GetOrCreateGauge("taskctl_http_requests_in_flight", nil)}
}

func (m *meter) route(path string) *routeMeter {
	name := fmt.Sprintf(`taskctl_http_request_duration_seconds{route=%q}`, path)
	return &routeMeter{meter: m, path: path, took: m.set.GetOrCreatePrometheusHistogramExt(name, durations())}
}

func (m *routeMeter) begin() { m.meter.inFlight.Inc() }

func (m *routeMeter) end(x *exchange, took time.Duration) {
	m.meter.inFlight.Dec()
	if !x.isStream { // a stream's duration is not a measure of the server
		m.took.Update(took.Seconds())
	}
	status := x.status
	if status < 0 || status >= len(m.statuses) {
		return
	}
	counter := m.statuses[status].Load()
	if counter == nil {
		name := fmt.Sprintf(`taskctl_http_requests_total{route=%q,status="%d"}`, m.path, status)
		counter = m.meter.set.GetOrCreateCounter(name)
		m.statuses[status].Store(counter)
	}
	counter.Inc()
}

// metrics answers with the metrics of the set (which include those of store and
// broker), of the components, and of the process.
func (s *Server) metrics(x *exchange) error {
	s.gauge("taskctl_event_streams", float64(s.streams.len()))
	if first, head, err := s.deps.Store.Bounds(x.context()); err == nil {
		s.gauge("taskctl_events_first_seq", float64(first))
		s.gauge("taskctl_events_last_seq", float64(head.Seq))
	}
	if s.deps.Queued != nil {
		s.gauge("taskctl_store_queued_writes", float64(s.deps.Queued()))
	}
	page := exposition.Page(s.systemMetrics(x.context()), s.deps.Metrics)
	x.send(http.StatusOK, exposition.ContentType, page)
	return nil
}

func (s *Server) gauge(name string, value float64) {
	s.deps.Metrics.GetOrCreateGauge(name, nil).Set(value)
}

// CommitMeter returns a function for the store to call after each commit. It records
// the number of writes in a commit and its duration.
func CommitMeter(set *metrics.Set) func(writes int, took time.Duration) {
	sizes := set.GetOrCreatePrometheusHistogramExt("taskctl_store_commit_writes", []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512})
	times := set.GetOrCreatePrometheusHistogramExt("taskctl_store_commit_duration_seconds", durations())
	return func(writes int, took time.Duration) {
		sizes.Update(float64(writes))
		times.Update(took.Seconds())
	}
}

// durations are the bucket bounds for durations, in seconds.
func durations() []float64 {
	return []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}
}
