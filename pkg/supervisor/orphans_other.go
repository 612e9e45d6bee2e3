//go:build !linux

package supervisor

import "context"

// adoptOrphans does nothing: only Linux lets a process other than the first
// adopt orphans.
func (s *Supervisor) adoptOrphans() error { return nil }

// reapOrphans waits for ctx to end.
func (s *Supervisor) reapOrphans(ctx context.Context) {
	<-ctx.Done()
}

func (s *Supervisor) endOrphans() {}
