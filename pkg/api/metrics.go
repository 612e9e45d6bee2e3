package api

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// meter makes what requests are counted with.
type meter struct {
	set      *metrics.Set
	inFlight *metrics.Gauge
}

// routeMeter counts the requests of a route. Its counters are kept by status,
// because the set's own lookup builds a name and takes a lock.
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
	buckets := metrics.ExponentialBuckets(100e-6, 2.5, 12) // 0.1 ms to 2.4 s
	return &routeMeter{meter: m, path: path, took: m.set.GetOrCreatePrometheusHistogramExt(name, buckets)}
}

func (m *routeMeter) begin() { m.meter.inFlight.Inc() }

func (m *routeMeter) end(status int, took time.Duration) {
	m.meter.inFlight.Dec()
	m.took.Update(took.Seconds())
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

// metrics shows the set, which others fill too, and the process.
func (s *Server) metrics(x *exchange) error {
	x.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	x.status = http.StatusOK
	s.deps.Metrics.WritePrometheus(x.w)
	metrics.WriteProcessMetrics(x.w)
	return nil
}
