//go:build unix

package postgrestest

import (
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"taskctl/pkg/wait/waittest"
)

// Pair is a primary and its replica, and a URL that connects to the one that accepts
// writes.
type Pair struct {
	Primary, Replica *Server
	URL              string
	database         string
}

// StartPair starts both. settings are lines of the primary's postgresql.conf.
func StartPair(t testing.TB, settings ...string) *Pair {
	t.Helper()
	p := &Pair{Primary: Start(t, append(settings, "fsync = on")...)}
	direct := p.Primary.Database(t)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	p.Replica = p.Primary.Replica(t)
	p.database = strings.TrimPrefix(u.Path, "/")
	hosts := filepath.Dir(p.Primary.Socket()) + "," + filepath.Dir(p.Replica.Socket())
	u.RawQuery = "target_session_attrs=read-write&host=" + url.QueryEscape(hosts)
	p.URL = u.String()
	return p
}

// Synchronize makes commits wait for the replica.
func (p *Pair) Synchronize(t testing.TB) {
	t.Helper()
	p.Primary.Exec(t, "postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
	p.Primary.Exec(t, "postgres", "SELECT pg_reload_conf()")
	waittest.For(t, "the replica to be synchronous", func() bool {
		return p.Primary.Exec(t, "postgres", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"
	})
}

// CatchUp waits until the replica has all present writes of the primary.
func (p *Pair) CatchUp(t testing.TB) {
	t.Helper()
	written := p.Primary.Exec(t, p.database, "SELECT pg_current_wal_lsn()")
	waittest.For(t, "the replica to catch up", func() bool {
		return p.Replica.Exec(t, p.database, "SELECT pg_last_wal_replay_lsn() >= '"+written+"'::pg_lsn") == "t"
	})
}

// Disconnect ends the replication to the replica.
func (p *Pair) Disconnect(t testing.TB) {
	t.Helper()
	p.Replica.Exec(t, "postgres", "ALTER SYSTEM SET primary_conninfo = ''")
	p.Replica.Exec(t, "postgres", "SELECT pg_reload_conf()")
	waittest.For(t, "the replica to stop receiving", func() bool {
		return p.Replica.Exec(t, "postgres", "SELECT count(*) FROM pg_stat_wal_receiver") == "0"
	})
}

// FailOver kills the primary and promotes the replica.
func (p *Pair) FailOver(t testing.TB) {
	t.Helper()
	p.Primary.Stop(syscall.SIGQUIT)
	p.Replica.Promote(t)
}
