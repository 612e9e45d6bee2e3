package client

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/taskctl/taskctl/pkg/task"
)

// AmbiguousError says that a shortened id stands for several tasks. It matches
// task.ErrInvalid.
type AmbiguousError struct {
	Prefix string
	Tasks  []task.Task // some of them, newest first
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q is the beginning of several ids", e.Prefix)
}

// Is makes every AmbiguousError match task.ErrInvalid.
func (e *AmbiguousError) Is(target error) bool { return target == task.ErrInvalid }

const maxCandidates = 10

// Resolve completes an id of which only the beginning is given. A whole id comes
// back as it is, without asking the server. task.ErrNotFound, or an
// *AmbiguousError. It reads tasks from the newest to the one meant.
func (c *Client) Resolve(ctx context.Context, prefix string) (string, error) {
	prefix = strings.ToLower(strings.TrimSpace(prefix))
	if prefix == "" {
		return "", task.Invalid("id", "must not be empty")
	}
	if len(prefix) == 36 && uuid.Validate(prefix) == nil {
		return prefix, nil
	}
	var matches []task.Task
	for t, err := range c.All(ctx, task.Query{Limit: 1000}) {
		if err != nil {
			return "", fmt.Errorf("find task %s: %w", prefix, err)
		}
		if strings.HasPrefix(t.ID, prefix) {
			matches = append(matches, t)
		}
		// Ids sort in the order of creation, so those that begin alike stand together.
		if len(matches) == maxCandidates || t.ID < prefix {
			break
		}
	}
	switch len(matches) {
	case 0:
		return "", fmt.Errorf("find task %s: %w", prefix, task.ErrNotFound)
	case 1:
		return matches[0].ID, nil
	}
	return "", &AmbiguousError{Prefix: prefix, Tasks: matches}
}
