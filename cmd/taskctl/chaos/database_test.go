//go:build linux

package chaos

import (
	"context"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/store/postgrestest"
)

// database is the server of a system with store: postgres. It is harmed together with
// the system.
type database struct {
	t      testing.TB
	server *postgrestest.Server
	url    string
	random *rand.Rand // separate, so that a seed gives the same plan for the rest of the system
}

func openDatabase(t testing.TB, seed uint64) *database {
	t.Helper()
	d := &database{t: t, server: postgrestest.Start(t, "fsync = on"), random: rand.New(rand.NewPCG(seed, 1))}
	d.url = d.server.Database(t)
	return d
}

// environ names the database in the settings.
func (d *database) environ() []string {
	return []string{"TASKCTL_STORE=postgres", "TASKCTL_POSTGRES_URL=" + d.url}
}

// harm does one thing to the server in one of forty actions of the killer, and returns
// when the server works again.
func (d *database) harm(ctx context.Context, k *killer) {
	dice, kind, which := d.random.IntN(40), d.random.IntN(4), d.random.IntN(1<<16)
	away := min(time.Duration(d.random.ExpFloat64()*float64(500*time.Millisecond)), k.longest)
	if dice > 0 || ctx.Err() != nil {
		return
	}
	switch kind {
	case 0:
		if d.server.KillBackend(which) {
			k.did("kill database backend")
		}
	case 1:
		d.server.Signal(syscall.SIGSTOP)
		k.did("stop postmaster")
		pause(ctx, away)
		d.server.Signal(syscall.SIGCONT)
		k.write("continue postmaster")
	default:
		signal := [...]syscall.Signal{syscall.SIGQUIT, syscall.SIGINT}[kind-2]
		d.server.Stop(signal)
		k.did("end database by " + signal.String())
		pause(ctx, away)
		d.server.Start(d.t)
		k.write("database started")
	}
}
