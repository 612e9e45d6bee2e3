package task

import (
	"context"
	"time"
)

// Store stores tasks and the log of their events. Every implementation passes the suite
// in pkg/store/storetest. All methods may be called from any goroutine; each returns
// ErrUnavailable, wrapped, when the store cannot answer now, and the context's error
// when ctx ends first.
type Store interface {
	Log

	// Write applies one change and returns once the change and its event are synced to
	// disk, in one transaction. Concurrent writes share a commit. The caller has
	// validated the change. The store checks only what depends on its state: it returns
	// ErrNotFound, ErrVersion, ErrKeyReused, or an *InvalidError for a PatchGuard that
	// does not match. With these errors the result has only the position of the log. It
	// returns ErrUnavailable, and writes nothing, if the queue is full. If ctx ends
	// while the write is queued or in progress, the write may still happen.
	Write(ctx context.Context, c Change) (Result, error)

	// Get returns one task and the position of the log at which it was read.
	// ErrNotFound comes with a position too.
	Get(ctx context.Context, id string) (Record, Position, error)

	// List returns one page, newest first, and the position at which it was read. Its
	// cost does not depend on the number of tasks: a page holds about MaxPageBytes at
	// most, and a search compares a bounded number of tasks in a bounded time. So a
	// page may hold fewer tasks than the limit, even none, and still have a Next. It
	// returns an *InvalidError for "cursor", and ErrUnavailable if too many searches
	// are waiting. A search ends when ctx ends. A part of an id is looked up among all
	// ids, by their index.
	List(ctx context.Context, q Query) (RecordPage, error)

	// Close waits for writes in progress, refuses new ones with ErrUnavailable, and
	// closes the files.
	Close() error
}

// MaxPageBytes is the size of the JSON in bytes after which a page of tasks or of
// events ends: the record that reaches it is the last one.
const MaxPageBytes = 1 << 20

// WriteChecker is implemented by a Store that may refuse writes while it can
// still be read, as on a full disk.
type WriteChecker interface {
	// CheckWrite returns nil when the store can write, as far as it knows; otherwise
	// ErrUnavailable, wrapped, with the reason for the operator. It is cheap while
	// writes succeed.
	CheckWrite(ctx context.Context) error
}

// Log is the ordered, gapless history of the tasks. It is the source of truth: brokers
// only speed up the delivery of its events.
type Log interface {
	// Bounds returns the beginning and the end of the log. first is the oldest stored
	// event; in an empty log it is head.Seq+1.
	Bounds(ctx context.Context) (first uint64, head Position, err error)

	// Read returns the events that follow after, oldest first and without gaps, up to
	// limit and to about MaxPageBytes. It is no error if there are none. It returns a
	// *GoneError if the log cannot be read from after. head is the head of the log at
	// that moment.
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

// Change is one write to a store.
type Change struct {
	Kind ChangeKind
	// ID of the task; for Create a new UUIDv7 of the caller.
	ID string
	// Patch holds the new values: for Create and Replace all three are set, for
	// Merge those that change; Delete ignores it.
	Patch Patch
	// Guard, if set, must match the present task.
	Guard PatchGuard
	// IfMatch lists the accepted versions of the task; nil: any.
	IfMatch []uint64
	// Key makes the write happen once however often it is sent; zero: no key.
	Key IdempotencyKey
}

// Patch is a set of new values; a nil field stays unchanged.
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

// PatchGuard holds the read-only members that a client sent back. It is an error if
// they differ from the task.
type PatchGuard struct {
	CreatedAt *time.Time
	UpdatedAt *time.Time
}

// Check returns an *InvalidError for the first member that differs from t.
func (g PatchGuard) Check(t Task) error {
	if g.CreatedAt != nil && !g.CreatedAt.Equal(t.CreatedAt) {
		return Invalid("created_at", "cannot be changed")
	}
	if g.UpdatedAt != nil && !g.UpdatedAt.Equal(t.UpdatedAt) {
		return Invalid("updated_at", "cannot be changed; the task may have been updated since it was read")
	}
	return nil
}

// IdempotencyKey makes a write repeatable. A store keeps it for 24 hours, and stores it
// in the transaction of the write.
type IdempotencyKey struct {
	Key         string   // 1–255 bytes; empty: no key
	Fingerprint [32]byte // of the request; the same key with another one is ErrKeyReused
}

// IdempotencyTTL is how long a store remembers a key.
const IdempotencyTTL = 24 * time.Hour

// Result is the result of a write.
type Result struct {
	Task     Task     // after the change; for Delete, as it was
	JSON     []byte   // Task as JSON, shared: read-only
	Position Position // of the change's event, or of the log if nothing changed
	Changed  bool     // false: no value differs, so there is no event
	Replayed bool     // true: a repeat of the earlier answer for the key
}

// Query selects tasks.
type Query struct {
	Limit     int    // 1–1000
	Cursor    string // Page.Next of the previous page; empty: the newest tasks
	Completed *bool
	Contains  string // in the title or the description, any case, anywhere in a word
	IDPart    string // beginning or end of the id, in lower case; not with Contains
}

// Record is a task in its stored form, which was encoded when it was written, so that
// reads need no encoding.
type Record struct {
	JSON    []byte // shared: read-only
	Version uint64 // see Task.Version
}

// RecordPage is one page of tasks in their stored form, newest first.
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

// Publisher sends committed events to the notification servers. It only speeds delivery
// up: it may lose, repeat or reorder events, and never blocks.
type Publisher interface {
	// Publish passes events of one log in the order of their seq.
	Publish(epoch string, events []Event)
}

// Subscriber is the receiving end of a Publisher.
type Subscriber interface {
	// Subscribe calls deliver for every batch that arrives, one at a time, and missed
	// whenever events may have been missed: a publisher connected, disconnected or
	// dropped events. The receiver then reads the log at once. It returns nil when ctx
	// ends.
	Subscribe(ctx context.Context, deliver func(epoch string, events []Event), missed func()) error
}
