package wsserver

import "github.com/VictoriaMetrics/metrics"

// meter holds the hub's counters.
type meter struct {
	catchupReads *metrics.Counter
	slowCloses   *metrics.Counter
	resets       *metrics.Counter
	refused      *metrics.Counter
	received     *metrics.Counter
}

func newMeter(set *metrics.Set, h *hub) *meter {
	total := func(count func(*shard) uint64) func() float64 {
		return func() float64 {
			var sum uint64
			for _, s := range h.shards {
				sum += count(s)
			}
			return float64(sum)
		}
	}
	current := func(value func(*stream) float64) func() float64 {
		return func() float64 {
			if s := h.stream.Load(); s != nil {
				return value(s)
			}
			return 0
		}
	}
	set.NewGauge("taskctl_clients", func() float64 { return float64(h.clients.Load()) })
	set.NewGauge("taskctl_last_seq", current(func(s *stream) float64 { return float64(s.ring.head.Load()) }))
	set.NewGauge("taskctl_ring_bytes", current(func(s *stream) float64 { return float64(s.ring.size.Load()) }))
	set.NewGauge("taskctl_ring_limit_bytes", func() float64 { return float64(h.config.RingBytes) })
	set.NewGauge("taskctl_history_bytes", current(func(s *stream) float64 { return float64(s.cache.bytes()) }))
	set.NewGauge("taskctl_deliveries_total", total(func(s *shard) uint64 { return s.events.Load() }))
	set.NewGauge("taskctl_delivery_writes_total", total(func(s *shard) uint64 { return s.writes.Load() }))
	return &meter{
		catchupReads: set.NewCounter("taskctl_catchup_reads_total"),
		slowCloses:   set.NewCounter("taskctl_slow_closes_total"),
		resets:       set.NewCounter("taskctl_resets_total"),
		refused:      set.NewCounter("taskctl_clients_refused_total"),
		received:     set.NewCounter("taskctl_events_total"),
	}
}
