package task

import (
	"context"
	"time"
)

// Store keeps tasks and the log of what happened to them. Every implementation
// passes the suite in pkg/store/storetest. All methods may be called from any
// goroutine; each returns ErrUnavailable, wrapped, when the store cannot answer
// now, and the context's error when ctx ends first.
type Store interface {
	Log

	// Write applies one change and returns once the change and its event are
	// synced to disk, in one transaction (invariants I1, I3). Concurrent writes
	// share a commit. The change has been validated by its maker; the store
	// checks what only it can know: ErrNotFound, ErrVersion, ErrKeyReused, and an
	// *InvalidError for a PatchGuard that does not match; with these the result
	// has the position at which it was so, and nothing else. ErrUnavailable when the
	// queue is full, and after that nothing has been written. When ctx ends while
	// the write is queued or in flight, the write may still happen.
	Write(ctx context.Context, c Change) (Result, error)

	// Get returns one task and the position of the log it was read at. ErrNotFound,
	// with the position at which there was none.
	Get(ctx context.Context, id string) (Record, Position, error)

	// List returns one page, newest first, and the position it was read at. It
	// costs the same however many tasks there are. An *InvalidError for "cursor".
	List(ctx context.Context, q Query) (RecordPage, error)

	// Close waits for writes under way, refuses new ones with ErrUnavailable, and
	// releases the files. What was written is on disk already.
	Close() error
}

// Log is the ordered, gapless history of the tasks: the truth that everything
// else only speeds up the delivery of (invariant I1).
type Log interface {
	// Bounds returns where the log begins and ends. first is the oldest event
	// that is still held; in an empty log it is head.Seq+1.
	Bounds(ctx context.Context) (first uint64, head Position, err error)

	// Read returns the events that follow after, oldest first and dense: as many
	// as there are, up to limit and to about a megabyte, and no error when there
	// are none. A *GoneError where the log cannot be read from there. head is
	// where the log stood at that moment.
	Read(ctx context.Context, after Position, limit int) (events []Event, head Position, err error)
}

// ChangeKind says which kind of write a Change is.
type ChangeKind uint8

// The kinds of write.
const (
	Create ChangeKind = iota + 1
	Replace
	Merge
	Delete
)

// Change is one write asked of a store.
type Change struct {
	Kind ChangeKind
	// ID of the task; for Create the maker's new UUIDv7.
	ID string
	// Patch holds the new values: for Create and Replace all three are set, for
	// Merge those that change; Delete ignores it.
	Patch Patch
	// Guard, where set, must agree with the task as it stands.
	Guard PatchGuard
	// IfMatch lists the versions of which the task must be in one; nil: any.
	IfMatch []uint64
	// Key makes the write happen once however often it is sent; zero: no key.
	Key IdempotencyKey
}

// Patch is a set of new values; nil leaves a field as it is.
type Patch struct {
	Title       *string
	Description *string
	Completed   *bool
}

// Apply returns t with the patch's values, and whether any of them differs.
func (p Patch) Apply(t Task) (Task, bool) {
	before := t
	if p.Title != nil {
		t.Title = *p.Title
	}
	if p.Description != nil {
		t.Description = *p.Description
	}
	if p.Completed != nil {
		t.Completed = *p.Completed
	}
	return t, t != before
}

// PatchGuard is the read-only members that a client sent back with its values:
// they may be there unchanged, and are an error where they differ.
type PatchGuard struct {
	CreatedAt *time.Time
	UpdatedAt *time.Time
}

// Check returns an *InvalidError for the first member that t does not have.
func (g PatchGuard) Check(t Task) error {
	if g.CreatedAt != nil && !g.CreatedAt.Equal(t.CreatedAt) {
		return Invalid("created_at", "cannot be changed")
	}
	if g.UpdatedAt != nil && !g.UpdatedAt.Equal(t.UpdatedAt) {
		return Invalid("updated_at", "cannot be changed; the task may have been updated since it was read")
	}
	return nil
}

// IdempotencyKey makes a write repeatable. A store keeps it for 24 hours, as a
// row of the transaction that the write itself is in.
type IdempotencyKey struct {
	Key         string   // 1–255 bytes; empty: no key
	Fingerprint [32]byte // of the request; the same key with another one is ErrKeyReused
}

// IdempotencyTTL is how long a store remembers a key.
const IdempotencyTTL = 24 * time.Hour

// Result is what a write came to.
type Result struct {
	Task     Task     // after the change; for Delete, as it was
	JSON     []byte   // Task as JSON, shared: not to be written to
	Position Position // of the change's event; where nothing changed, of the log then
	Changed  bool     // false: nothing differed, and there is no event
	Replayed bool     // true: the key was known, and this is the first answer again
}

// Query selects tasks.
type Query struct {
	Limit     int    // 1–1000
	Cursor    string // Page.Next of the page before; empty: the newest
	Completed *bool
	Contains  string // in the title or the description, any case, anywhere in a word
}

// Record is a task as a store keeps it: encoded once, when it was written, so
// that reading it costs no more than that.
type Record struct {
	JSON    []byte // shared: not to be written to
	Version uint64 // see Task.Version
}

// RecordPage is one page of tasks as a store keeps them, newest first.
type RecordPage struct {
	Records  []Record
	Next     string // empty on the last page
	Position Position
}

// Page is one page of tasks, newest first.
type Page struct {
	Tasks    []Task
	Next     string // empty on the last page
	Position Position
}

// Publisher carries committed events towards the notification servers. It only
// speeds delivery up: it may lose, repeat or reorder, and never blocks (I4, I6).
type Publisher interface {
	// Publish hands over events of one log in the order of their seq.
	Publish(epoch string, events []Event)
}

// Subscriber is the receiving end of a Publisher.
type Subscriber interface {
	// Subscribe calls deliver for every batch that arrives, one at a time, and
	// look whenever something may have been missed: a publisher came or went, or
	// had to drop events. The receiver then looks at the log at once. It returns
	// nil when ctx ends.
	Subscribe(ctx context.Context, deliver func(epoch string, events []Event), look func()) error
}
