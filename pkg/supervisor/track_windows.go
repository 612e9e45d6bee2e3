package supervisor

import "context"

// track only waits for ctx to end, because job objects keep track of their processes.
func (s *Supervisor) track(ctx context.Context) {
	<-ctx.Done()
}
