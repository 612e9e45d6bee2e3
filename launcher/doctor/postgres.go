package doctor

import (
	"context"
	"errors"
	"time"

	"taskctl/pkg/store/postgres"
)

const (
	// connectTimeout bounds all checks of the database together.
	connectTimeout = 10 * time.Second
	// maxClockDifference is how far this machine's clock may be from that of the
	// database. A larger difference shows in the times of tasks.
	maxClockDifference = 2 * time.Second
)

// postgres checks the database that several machines share. It creates nothing.
func (e *examination) postgres(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	r, err := postgres.Inspect(ctx, e.cfg.PostgresOptions())
	var problem *postgres.ServerError
	switch {
	case errors.As(err, &problem):
		e.add("database", Bad, problem.Describe(e.lang), "")
		return
	case err != nil:
		e.add("database", Bad, e.lang.DoctorBadDatabase(err.Error()), "")
		return
	}
	if r.Schema == 0 {
		e.add("database", Good, e.lang.DoctorPostgresEmpty(r.Server, r.Version, e.cfg.Postgres.Schema), "")
	} else {
		e.add("database", Good, e.lang.DoctorPostgres(r.Server, r.Version, e.cfg.Postgres.Schema, r.Schema, r.Seq), "")
	}
	if r.FsyncOff {
		e.add("database", Warning, e.lang.PostgresFsyncOff(r.Server), e.lang.DoctorFixFsync())
	}
	if r.SynchronousCommit == "off" {
		e.add("database", Warning, e.lang.DoctorAsyncCommit(), e.lang.DoctorFixAsyncCommit())
	}
	if r.ClockDifference.Abs() > maxClockDifference {
		e.add("clock", Warning, e.lang.DoctorClock(r.ClockDifference.Round(time.Millisecond)), e.lang.DoctorFixClock())
	} else {
		e.add("clock", Good, e.lang.DoctorClock(r.ClockDifference.Round(time.Millisecond)), "")
	}
	if !r.SearchIndex {
		e.add("search", Good, e.lang.DoctorNoSearchIndex(), "")
	}
}
