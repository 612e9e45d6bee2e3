package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"taskctl/pkg/task"
)

// OpenShared creates a new, empty database and returns a function that opens stores on
// it, each like a node of its own. Such a store keeps at most maxEvents events (0: the
// default). The stores are closed when the test ends.
type OpenShared func(t testing.TB) (node func(maxEvents int) task.Store)

// RunShared checks the promises of stores when several write to one database.
func RunShared(t *testing.T, open OpenShared) {
	for _, suite := range []struct {
		name string
		test func(t *testing.T, open OpenShared)
	}{
		{"Writers", testTwoWriters},
		{"Keys", testKeyAtTwoNodes},
		{"Patches", testPatchAtTwoNodes},
		{"Retention", testRetentionBesideReaders},
		{"Resumes", testResumes},
	} {
		t.Run(suite.name, func(t *testing.T) { suite.test(t, open) })
	}
}

// nodes opens a number of stores on one new database.
func nodes(t testing.TB, open OpenShared, count int) []*fixture {
	node := open(t)
	var all []*fixture
	for range count {
		all = append(all, &fixture{Store: node(0), TB: t, ctx: t.Context()})
	}
	return all
}

// testTwoWriters writes at two nodes at once and reads at a third: seq has no gaps, and
// a reader that sees an event sees all earlier ones.
func testTwoWriters(t *testing.T, open OpenShared) {
	const writers, rounds = 6, 10
	all := nodes(t, open, 3)
	reader := all[2]
	stop := make(chan struct{})
	var readers, work sync.WaitGroup
	readers.Go(func() { readWhile(reader, stop) })
	readers.Go(func() { pageWhile(reader, stop) })
	answers := make([][]task.Result, 2*writers)
	for n, node := range all[:2] {
		for w := range writers {
			work.Go(func() {
				for i := range rounds {
					r, err := node.Write(node.ctx, task.Change{
						Kind: task.Create, ID: NewID(t), Patch: Values(fmt.Sprintf("%d by %d at %d", i, w, n), "", false),
					})
					if err != nil {
						t.Errorf("Write: %v", err)
						return
					}
					// A write that one node has acknowledged is visible at every node.
					if _, at, err := all[1-n].Get(node.ctx, r.Task.ID); err != nil || at.Seq < r.Position.Seq {
						t.Errorf("task of event %d at the other node, which stands at %s: %v", r.Position.Seq, at, err)
					}
					answers[n*writers+w] = append(answers[n*writers+w], r)
				}
			})
		}
	}
	work.Wait()
	close(stop)
	readers.Wait()
	if t.Failed() {
		return
	}
	bySeq := map[uint64]task.Result{}
	for _, a := range answers {
		for i, r := range a {
			bySeq[r.Position.Seq] = r
			if i > 0 && a[i-1].Position.Seq >= r.Position.Seq {
				t.Errorf("event %d was acknowledged after event %d", r.Position.Seq, a[i-1].Position.Seq)
			}
		}
	}
	equal(t, "positions", len(bySeq), 2*writers*rounds)
	events := reader.events(task.Position{})
	equal(t, "events", len(events), len(bySeq))
	for _, e := range events {
		equal(t, "event of an answer", string(e.Task), string(bySeq[e.Seq].JSON))
	}
}

// testKeyAtTwoNodes sends one request with a key to two nodes at once, like a client
// after a broken connection: there is one task, and both answers are the same.
func testKeyAtTwoNodes(t *testing.T, open OpenShared) {
	const rounds = 12
	all := nodes(t, open, 2)
	for i := range rounds {
		key := task.IdempotencyKey{Key: numbered("key", i), Fingerprint: [32]byte{byte(i)}}
		results := make([]task.Result, 2)
		var work sync.WaitGroup
		for n, node := range all {
			work.Go(func() {
				r, err := node.Write(node.ctx, task.Change{Kind: task.Create, ID: NewID(t), Patch: Values("once", "", false), Key: key})
				if err != nil {
					t.Errorf("Write at node %d: %v", n, err)
				}
				results[n] = r
			})
		}
		work.Wait()
		if results[0].Replayed == results[1].Replayed {
			t.Fatalf("one of two answers is the other's: %+v", results)
		}
		results[0].Replayed, results[1].Replayed = false, false
		equal(t, "the two answers", results[0], results[1])
		key.Fingerprint[31] = 1
		for n, node := range all {
			_, err := node.Write(node.ctx, task.Change{Kind: task.Create, ID: NewID(t), Patch: Values("other", "", false), Key: key})
			if !errors.Is(err, task.ErrKeyReused) {
				t.Fatalf("another request with the key at node %d: %v", n, err)
			}
		}
	}
	equal(t, "tasks", len(all[0].all(task.Query{Limit: 1000})), rounds)
	equal(t, "events", len(all[1].events(task.Position{})), rounds)
}

// testPatchAtTwoNodes patches one task at two nodes, each with the version that it has
// read as a condition: no patch overwrites an unseen version.
func testPatchAtTwoNodes(t *testing.T, open OpenShared) {
	const rounds = 15
	all := nodes(t, open, 2)
	id := all[0].create("counter", "").Task.ID
	var work sync.WaitGroup
	for n, node := range all {
		work.Go(func() {
			for done := 0; done < rounds; {
				record, _, err := node.Get(node.ctx, id)
				if err != nil {
					t.Errorf("Get at node %d: %v", n, err)
					return
				}
				before := node.decode(record)
				_, err = node.Write(node.ctx, task.Change{
					Kind: task.Merge, ID: id, IfMatch: []uint64{record.Version},
					Patch: task.Patch{Description: ptr(before.Description + "x")},
				})
				switch {
				case err == nil:
					done++
				case !errors.Is(err, task.ErrVersion):
					t.Errorf("Write at node %d: %v", n, err)
					return
				}
			}
		})
	}
	work.Wait()
	after, at := all[0].get(id)
	equal(t, "changes that count", len(after.Description), 2*rounds)
	equal(t, "version", after.Version, at.Seq)
	equal(t, "events", len(all[1].events(task.Position{})), 1+2*rounds)
}

// testRetentionBesideReaders removes old events at two nodes during reads: each read
// has no gaps or is refused as too old, and is never empty before the end of the log.
func testRetentionBesideReaders(t *testing.T, open OpenShared) {
	const most, writers, writes = 200, 32, 50
	node := open(t)
	all := []*fixture{}
	for range 2 {
		all = append(all, &fixture{Store: node(most), TB: t, ctx: t.Context()})
	}
	stop := make(chan struct{})
	var readers, work sync.WaitGroup
	for range 3 {
		readers.Go(func() { readOldestWhile(all[0], stop) })
	}
	for n, node := range all {
		for range writers / 2 {
			work.Go(func() {
				for i := range writes {
					_, err := node.Write(node.ctx, task.Change{Kind: task.Create, ID: NewID(t), Patch: Values(numbered("task", i), "", false)})
					if err != nil {
						t.Errorf("Write at node %d: %v", n, err)
						return
					}
				}
			})
		}
	}
	work.Wait()
	first, head := all[0].bounds()
	for first == 1 && !t.Failed() { // maintenance runs after a number of writes
		all[0].create("one more", "")
		first, head = all[0].bounds()
	}
	close(stop)
	readers.Wait()
	if held := head.Seq - first + 1; held < most {
		t.Errorf("%d events are held, of the %d that are wanted", held, most)
	}
	_, _, err := all[1].Read(t.Context(), task.Position{Seq: 0}, 1)
	var gone *task.GoneError
	if !errors.As(err, &gone) || gone.Reason != task.GoneTooOld {
		t.Errorf("reading from the beginning of a log that begins with %d: %v", first, err)
	}
}

// readOldestWhile reads at the beginning of the log, where events are being removed.
func readOldestWhile(f *fixture, stop <-chan struct{}) {
	for {
		first, _, err := f.Bounds(f.ctx)
		if err != nil {
			f.Errorf("Bounds: %v", err)
			return
		}
		after := task.Position{Seq: first - 1}
		events, head, err := f.Read(f.ctx, after, 50)
		var gone *task.GoneError
		switch {
		case errors.As(err, &gone) && gone.Reason == task.GoneTooOld:
		case err != nil:
			f.Errorf("Read after %s: %v", after, err)
			return
		case len(events) == 0 && after.Seq < head.Seq:
			f.Errorf("Read after %s returned nothing, and the log stands at %s", after, head)
		}
		for i, e := range events {
			if e.Seq != after.Seq+1+uint64(i) {
				f.Errorf("event %d is the %dth after %d", e.Seq, i+1, after.Seq)
			}
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

// testResumes resumes thousands of receivers from many positions, at two nodes, during
// writes.
func testResumes(t *testing.T, open OpenShared) {
	const events, receivers = 100, 3000
	all := nodes(t, open, 2)
	for i := range events {
		all[i%2].create(numbered("task", i), "")
	}
	_, head := all[0].bounds()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var work sync.WaitGroup
	for i := range receivers {
		work.Go(func() {
			f := all[i%2]
			at := task.Position{Epoch: head.Epoch, Seq: uint64(i % events)}
			for at.Seq < head.Seq {
				events, _, err := f.Read(ctx, at, 128)
				if errors.Is(err, task.ErrUnavailable) { // too many reads at once
					continue
				}
				if err != nil {
					t.Errorf("Read(%s): %v", at, err)
					return
				}
				for _, e := range events {
					if e.Seq != at.Seq+1 {
						t.Errorf("event %d follows %d", e.Seq, at.Seq)
						return
					}
					at.Seq = e.Seq
				}
			}
		})
	}
	for i := range 20 {
		all[0].create(numbered("meanwhile", i), "")
	}
	work.Wait()
}
