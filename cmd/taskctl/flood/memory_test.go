//go:build linux

package flood

import (
	"context"
	"sync"
	"testing"
	"time"
)

const memoryInterval = 250 * time.Millisecond

// memoryPeak is the most memory that each component has had since a moment.
type memoryPeak struct {
	stop     context.CancelFunc
	watching sync.WaitGroup
	most     []uint64
}

func watchMemory(t *testing.T, s *system) *memoryPeak {
	ctx, stop := context.WithCancel(t.Context())
	m := &memoryPeak{stop: stop, most: make([]uint64, len(s.pids))}
	t.Cleanup(func() { stop(); m.watching.Wait() })
	m.watching.Go(func() {
		ticker := time.NewTicker(memoryInterval)
		defer ticker.Stop()
		for {
			for i, rss := range s.memory(t) {
				m.most[i] = max(m.most[i], rss)
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return m
}

// end stops watching.
func (m *memoryPeak) end() []uint64 {
	m.stop()
	m.watching.Wait()
	return m.most
}
