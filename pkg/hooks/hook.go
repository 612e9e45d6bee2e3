package hooks

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"taskctl/pkg/task"
)

// Hook is one receiver of events, as in the settings.
type Hook struct {
	Name    string   `json:"name"`
	URL     string   `json:"url,omitzero"`     // http or https
	Secret  string   `json:"secret,omitzero"`  // for the signature: whsec_ and base64
	Command []string `json:"command,omitzero"` // instead of URL: gets each event on its standard input

	Types []task.EventType `json:"types,omitzero"` // only these; empty: all
	// MaxAttempts is how often an event is tried before it becomes a dead letter;
	// 0: without a limit.
	MaxAttempts int `json:"max_attempts"`
	// AllowPrivate are host names (or addresses) that may be private addresses.
	AllowPrivate []string `json:"allow_private,omitzero"`
}

// DefaultMaxAttempts is MaxAttempts unless the settings say otherwise. The delays
// between the attempts are about 7 minutes together, and at most 14.
const DefaultMaxAttempts = 12

// Errors of the values of a [Hook].
var (
	ErrURL    = errors.New("must be an http or https URL without user and password")
	ErrSecret = errors.New("must be whsec_ followed by 24 to 64 random bytes in base64")
)

// CheckURL reports whether events can be sent to a URL.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return ErrURL
	}
	return nil
}

const secretPrefix = "whsec_"

// CheckSecret reports whether a text is a secret as Standard Webhooks has it.
func CheckSecret(text string) error {
	_, err := secretKey(text)
	return err
}

func secretKey(text string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, ErrSecret
	}
	return key, nil
}

// Target names the receiver without what may be secret: a URL's path often is.
func (h Hook) Target() string {
	if len(h.Command) > 0 {
		return h.Command[0]
	}
	u, err := url.Parse(h.URL)
	if err != nil {
		return "?"
	}
	return u.Scheme + "://" + u.Host
}

// Find returns the hook with a name.
func Find(all []Hook, name string) (Hook, error) {
	i := slices.IndexFunc(all, func(h Hook) bool { return h.Name == name })
	if i < 0 {
		return Hook{}, fmt.Errorf("hook %q: %w", name, ErrUnknown)
	}
	return all[i], nil
}

// ErrUnknown means that no hook has the name.
var ErrUnknown = errors.New("no such hook")
