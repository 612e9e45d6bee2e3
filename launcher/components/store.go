package components

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/jackc/pgx/v5/pgconn"

	"taskctl/launcher/lifecycle"
	"taskctl/pkg/config"
	"taskctl/pkg/message"
	"taskctl/pkg/store/postgres"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/task"
)

// store is the task.Store that the settings name.
type store struct {
	task.Store
	queued  func() int
	connect func(ctx context.Context, notified func(payload string)) (*pgconn.PgConn, error) // nil: SQLite

	failed <-chan struct{} // closed when the store must be reopened; nil: never
	reason func() error    // why it failed
}

// whileUsable runs serve until the store fails. The component then ends with the
// reason, and its next generation opens the store again.
func (s store) whileUsable(ctx context.Context, serve func(context.Context) error) error {
	var group lifecycle.Group
	group.Add(ctx, serve)
	group.Add(ctx, func(ctx context.Context) error {
		select {
		case <-s.failed:
			return s.reason()
		case <-ctx.Done():
			return nil
		}
	})
	return group.Run()
}

// storeUse describes how a component uses its store.
type storeUse struct {
	readOnly  bool
	publisher task.Publisher
	onCommit  func(writes int, took time.Duration)
	metrics   *metrics.Set
	logger    *slog.Logger
}

// openStore opens the store that the settings name. It waits, until ctx ends, for a
// database that cannot be reached yet.
func openStore(ctx context.Context, cfg *config.Config, env Env, use storeUse) (store, error) {
	if cfg.Store == config.StorePostgres {
		return openPostgres(ctx, cfg, env, use)
	}
	o := cfg.StoreOptions()
	o.ReadOnly, o.Publisher, o.OnCommit, o.Logger = use.readOnly, use.publisher, use.onCommit, use.logger
	s, err := sqlite.Open(ctx, o)
	if err != nil {
		return store{}, err
	}
	return store{Store: s, queued: s.Queued, failed: s.Failed(), reason: s.Err}, nil
}

func openPostgres(ctx context.Context, cfg *config.Config, env Env, use storeUse) (store, error) {
	o := cfg.PostgresOptions()
	o.ReadOnly, o.Publisher, o.OnCommit, o.Logger = use.readOnly, use.publisher, use.onCommit, use.logger
	o.OnWaiting = func(e *postgres.ServerError) { env.waiting(e.Waiting) }
	s, err := postgres.Open(ctx, o)
	if err != nil {
		return store{}, err
	}
	set := use.metrics
	set.NewGauge("taskctl_postgres_round_trips_total", func() float64 { return float64(s.Stats().RoundTrips) })
	set.NewGauge("taskctl_postgres_pool_connections", func() float64 { return float64(s.Stats().PoolOpen) })
	set.NewGauge("taskctl_postgres_pool_connections_in_use", func() float64 { return float64(s.Stats().PoolInUse) })
	set.NewGauge("taskctl_postgres_pool_connections_max", func() float64 { return float64(s.Stats().PoolSize) })
	set.NewGauge("taskctl_postgres_pool_waits_total", func() float64 { return float64(s.Stats().PoolWaits) })
	if !use.readOnly {
		set.NewGauge("taskctl_postgres_writer_up", func() float64 {
			if s.Stats().WriterUp {
				return 1
			}
			return 0
		})
	}
	return store{Store: s, queued: s.Queued, connect: s.Connect}, nil
}

// waitingNote begins the note with which a component reports to its launcher what it
// waits for.
const waitingNote = "waiting "

// NotedWaiting returns what a component waits for, if the note says that.
func NotedWaiting(note string) (what string, ok bool) { return strings.CutPrefix(note, waitingNote) }

// waiting reports what the component waits for: on the terminal if it runs by hand,
// otherwise to the launcher and the log.
func (e Env) waiting(describe func(message.Lang) string) {
	text := describe(e.Lang)
	e.byHand(text)
	if e.Handle != nil {
		_, _ = e.Stderr.Write([]byte(text + "\n")) // an error of the log cannot be reported
		e.Handle.Note(waitingNote + text)
	}
}
