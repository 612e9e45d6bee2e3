package supervisor

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// ticket is held by a caller that waits for a component to answer.
type ticket struct {
	c      *component
	id     uint64
	answer <-chan error
}

func (s *Supervisor) ticket(c *component) ticket {
	id := s.waiterIDs.Add(1)
	return ticket{c: c, id: id, answer: c.record.expect(id)}
}

func (t ticket) wait(ctx context.Context) error {
	defer t.forget()
	select {
	case err := <-t.answer:
		return err
	case <-t.c.done:
		return ErrNotRunning
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t ticket) forget() { t.c.record.forget(t.id) }

// request states an intent and waits until it is fulfilled. If ctx has ended already, it
// states nothing.
func (s *Supervisor) request(ctx context.Context, c *component, want inputKind) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := s.ticket(c)
	c.post(input{kind: want, waiter: t.id})
	return t.wait(ctx)
}

// bringUp starts components and waits until each is ready. It waits for the proofs of
// [Spec.Unproven] at the end, because components that come after do not depend on them.
type bringUp struct {
	s    *Supervisor
	want inputKind

	mu     sync.Mutex
	proofs []ticket
	failed RestartErrors
}

// refuse records that a component was not started, because others are not ready yet.
func (b *bringUp) refuse(c *component, waitsFor []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = append(b.failed, &RestartError{Component: c.spec.Name, WaitsFor: waitsFor})
}

// start starts a component and returns when it is ready, or has failed to become ready.
// Several may be started at the same time.
func (b *bringUp) start(ctx context.Context, c *component) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ready := b.s.ticket(c)
	in := input{kind: b.want, waiter: ready.id}
	if c.spec.Unproven {
		proof := b.s.ticket(c)
		in.proof = proof.id
		b.mu.Lock()
		b.proofs = append(b.proofs, proof)
		b.mu.Unlock()
	}
	c.post(in)
	err := ready.wait(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed.add(err)
}

// wait returns once every component has either proved that it stays up or failed to,
// with the RestartErrors of those that failed. It is called after all starts.
func (b *bringUp) wait(ctx context.Context) error {
	for _, proof := range b.proofs {
		failed := slices.ContainsFunc(b.failed, func(e *RestartError) bool { return e.Component == proof.c.spec.Name })
		if failed {
			continue // reported already
		}
		if err := b.failed.add(proof.wait(ctx)); err != nil {
			return err
		}
	}
	order := map[string]int{}
	for i, c := range b.s.all() {
		order[c.spec.Name] = i
	}
	slices.SortStableFunc(b.failed, func(x, y *RestartError) int { return cmp.Compare(order[x.Component], order[y.Component]) })
	return b.failed.orNil()
}

// forget cancels all waits that are still open.
func (b *bringUp) forget() {
	for _, proof := range b.proofs {
		proof.forget()
	}
}
