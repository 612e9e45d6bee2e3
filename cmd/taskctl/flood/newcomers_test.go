//go:build linux

package flood

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	newcomerInterval = 100 * time.Millisecond
	newcomerTimeout  = 30 * time.Second
)

// newcomers connect to both ports during a flood, each on a new connection.
type newcomers struct {
	system *system
	client *http.Client
	stop   context.CancelFunc
	coming sync.WaitGroup

	mu           sync.Mutex
	served, full int
	faults       []string
	took         []time.Duration
}

func newNewcomers(t *testing.T, s *system) *newcomers {
	ctx, stop := context.WithCancel(t.Context())
	n := &newcomers{system: s, client: s.client(t, 0), stop: stop}
	t.Cleanup(func() { stop(); n.coming.Wait() })
	n.coming.Go(func() {
		ticker := time.NewTicker(newcomerInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			// Not cancelled with the flood, because every newcomer must be answered.
			n.coming.Go(func() { n.count(n.request(context.WithoutCancel(ctx))) })
			n.coming.Go(func() { n.count(n.subscribe(context.WithoutCancel(ctx))) })
		}
	})
	return n
}

// visit is the result of one newcomer.
type visit struct {
	code int
	err  error
	took time.Duration
}

func (n *newcomers) request(ctx context.Context) visit {
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.system.url(n.system.api)+"/tasks?limit=1", nil)
	if err != nil {
		return visit{err: err}
	}
	req.Header = n.system.header.Clone()
	code, _, err := do(n.client, req)
	if err != nil {
		err = fmt.Errorf("api: %w", err)
	}
	return visit{code, err, time.Since(began)}
}

func (n *newcomers) subscribe(ctx context.Context) visit {
	began := time.Now()
	conn, res, err := n.system.subscribe(ctx)
	switch {
	case err == nil:
		_, _, err = conn.ReadMessage()
		_ = conn.Close()
		return visit{http.StatusOK, err, time.Since(began)}
	case res != nil:
		return visit{res.StatusCode, nil, time.Since(began)}
	}
	return visit{err: fmt.Errorf("wsserver: %w", err), took: time.Since(began)}
}

func (n *newcomers) count(v visit) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.took = append(n.took, v.took)
	switch {
	case v.err != nil:
		n.faults = append(n.faults, fmt.Sprintf("%v after %v", v.err, v.took))
	case v.code == http.StatusOK:
		n.served++
	case v.code == http.StatusServiceUnavailable:
		n.full++
	default:
		n.faults = append(n.faults, fmt.Sprint("status ", v.code))
	}
}

// end checks that all were served, or refused because of a limit.
func (n *newcomers) end(t *testing.T) string {
	t.Helper()
	n.stop()
	n.coming.Wait()
	n.client.CloseIdleConnections()
	if n.served+n.full == 0 {
		t.Error("no newcomer was answered")
	}
	for i, fault := range n.faults {
		if t.Errorf("a newcomer: %s", fault); i == 4 {
			t.Errorf("and %d more", len(n.faults)-5)
			break
		}
	}
	slices.Sort(n.took)
	p50, longest := n.took[len(n.took)/2], n.took[len(n.took)-1]
	return fmt.Sprintf("%d got in, %d told 503, p50 %v, longest %v", n.served, n.full, p50.Round(time.Millisecond), longest.Round(time.Millisecond))
}
