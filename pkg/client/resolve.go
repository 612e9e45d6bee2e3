package client

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"taskctl/pkg/task"
)

// AmbiguousError means that several tasks match a shortened id. It matches
// task.ErrInvalid.
type AmbiguousError struct {
	Part  string
	Tasks []task.Task // some of them, newest first
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("several ids begin or end with %q", e.Part)
}

// Is makes every AmbiguousError match task.ErrInvalid.
func (e *AmbiguousError) Is(target error) bool { return target == task.ErrInvalid }

const maxCandidates = 10

// Resolve completes an id of which only the end or the beginning is given. It returns a
// whole id unchanged, without a request. Errors: task.ErrNotFound, *AmbiguousError.
func (c *Client) Resolve(ctx context.Context, part string) (string, error) {
	part = strings.ToLower(strings.TrimSpace(part))
	switch {
	case part == "":
		return "", task.Invalid("id", "must not be empty")
	case len(part) == idLength && uuid.Validate(part) == nil:
		return part, nil
	case len(part) > idLength || strings.Trim(part, idCharacters) != "":
		return "", fmt.Errorf("find task %s: %w", part, task.ErrNotFound)
	}
	page, err := c.List(ctx, task.Query{Limit: maxCandidates, IDPart: part})
	if err != nil {
		return "", fmt.Errorf("find task %s: %w", part, err)
	}
	matches := page.Tasks
	switch len(matches) {
	case 0:
		return "", fmt.Errorf("find task %s: %w", part, task.ErrNotFound)
	case 1:
		return matches[0].ID, nil
	}
	return "", &AmbiguousError{Part: part, Tasks: matches}
}

// The format of a UUID, and how many of its last characters identify a task.
const (
	idLength       = 36
	idCharacters   = "0123456789abcdef-"
	minEndOfID     = 4
	minEndAmongAll = 8 // if not all ids are known: of a million tasks, 2 in 10,000 share such an end
)

// maxNamed bounds how many tasks are read to find short names for them.
const maxNamed = 10_000

// ShortIDs returns a function that shortens the id of a task to its shortest unique
// end, of four characters or more. If there are very many tasks, it does not read all
// ids, and uses an end that is long enough to be most likely unique.
func (c *Client) ShortIDs(ctx context.Context) (func(id string) string, error) {
	var ids []string
	least := minEndOfID
	for t, err := range c.All(ctx, task.Query{Limit: 1000}) {
		if err != nil {
			return nil, fmt.Errorf("read the ids of the tasks: %w", err)
		}
		if len(ids) == maxNamed {
			least = minEndAmongAll
			break
		}
		ids = append(ids, t.ID)
	}
	lengths := uniqueEnds(ids)
	return func(id string) string {
		return id[max(0, len(id)-max(lengths[id], least)):]
	}, nil
}

// uniqueEnds returns the length of the shortest unique end of each id.
func uniqueEnds(ids []string) map[string]int {
	byEnd := slices.Clone(ids)
	slices.SortFunc(byEnd, compareEnds)
	lengths := make(map[string]int, len(ids))
	for i, id := range byEnd {
		length := 0
		if i > 0 {
			length = commonEnd(id, byEnd[i-1]) + 1
		}
		if i+1 < len(byEnd) {
			length = max(length, commonEnd(id, byEnd[i+1])+1)
		}
		lengths[id] = length
	}
	return lengths
}

// commonEnd is how many characters two ids have in common at their ends.
func commonEnd(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// compareEnds compares two ids from their ends.
func compareEnds(a, b string) int {
	n := commonEnd(a, b)
	if n == len(a) || n == len(b) {
		return len(a) - len(b)
	}
	return int(a[len(a)-1-n]) - int(b[len(b)-1-n])
}
