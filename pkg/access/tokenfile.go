package access

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"taskctl/pkg/ownfile"
)

// The files of a Store, in its directory.
const (
	tokensFile   = "tokens"
	sessionsFile = "sessions"
	lockFile     = "tokens.lock"
)

// tokenPrefix makes a token recognizable to people and to secret scanners.
const tokenPrefix = "taskctl_"

const (
	sessionLife = 7 * 24 * time.Hour
	maxSessions = 1000 // if there are more, the oldest end
	maxTokens   = 1000
	maxName     = 64
)

// Errors of a Store.
var (
	ErrTokenExists  = errors.New("a token of this name exists")
	ErrNoToken      = errors.New("there is no token of this name")
	ErrTokenName    = errors.New("a token's name has 1 to 64 letters, digits, '.', '_' and '-'")
	errTooManyNames = fmt.Errorf("there are %d tokens already", maxTokens)
)

// hash is stored instead of a secret. Secrets are random, so it needs no salt.
type hash [sha256.Size]byte

func hashOf(secret string) hash { return sha256.Sum256([]byte(secret)) }

// Token is a named token as it is stored, without its secret.
type Token struct {
	Name    string
	Scope   Scope
	Created time.Time
	hash    hash
}

// session is a browser that has signed in with a token.
type session struct {
	hash    hash // of the cookie
	token   hash // with which the browser signed in
	expires time.Time
}

// Store keeps the named tokens and the sessions of a system in files of its data
// directory, which several processes may change at the same time.
type Store struct{ Dir string }

// Exists reports whether a named token was ever created. From then on, every request
// needs a token.
func (s Store) Exists() bool {
	_, err := os.Lstat(s.path(tokensFile))
	return err == nil
}

func (s Store) path(name string) string { return filepath.Join(s.Dir, name) }

// Create adds a token and returns its secret, which is not stored.
func (s Store) Create(name string, scope Scope) (secret string, err error) {
	if !validTokenName(name) {
		return "", ErrTokenName
	}
	secret = tokenPrefix + rand.Text()
	return secret, s.change(func() error {
		tokens, err := s.tokens()
		if err != nil {
			return err
		}
		if slices.ContainsFunc(tokens, func(t Token) bool { return t.Name == name }) {
			return ErrTokenExists
		}
		if len(tokens) >= maxTokens {
			return errTooManyNames
		}
		return s.writeTokens(append(tokens, Token{Name: name, Scope: scope, Created: time.Now().UTC(), hash: hashOf(secret)}))
	})
}

func validTokenName(name string) bool {
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return name != "" && len(name) <= maxName
}

// List returns the tokens in the order of their creation.
func (s Store) List() ([]Token, error) { return s.tokens() }

// Revoke removes a token. Its sessions end with it.
func (s Store) Revoke(name string) error {
	return s.change(func() error {
		tokens, err := s.tokens()
		if err != nil {
			return err
		}
		left := slices.DeleteFunc(slices.Clone(tokens), func(t Token) bool { return t.Name == name })
		if len(left) == len(tokens) {
			return ErrNoToken
		}
		return s.writeTokens(left)
	})
}

// signIn adds a session of a token, and returns the value of its cookie.
func (s Store) signIn(token hash) (cookie string, expires time.Time, err error) {
	cookie, expires = rand.Text(), time.Now().Add(sessionLife).UTC().Truncate(time.Second)
	return cookie, expires, s.change(func() error {
		sessions, err := s.sessions()
		if err != nil {
			return err
		}
		sessions = append(sessions, session{hash: hashOf(cookie), token: token, expires: expires})
		return s.writeSessions(sessions[max(0, len(sessions)-maxSessions):])
	})
}

// signOut removes a session.
func (s Store) signOut(cookie hash) error {
	return s.change(func() error {
		sessions, err := s.sessions()
		if err != nil {
			return err
		}
		return s.writeSessions(slices.DeleteFunc(sessions, func(x session) bool { return x.hash == cookie }))
	})
}

// change runs f while no other process changes the files.
func (s Store) change(f func() error) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	lock := flock.New(s.path(lockFile), flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("lock the tokens: %w", err)
	}
	return errors.Join(f(), lock.Unlock())
}

func (s Store) tokens() (tokens []Token, err error) {
	err = s.read(tokensFile, 4, func(fields []string) error {
		t := Token{Name: fields[0]}
		var err error
		if t.Scope, err = ParseScope(fields[1]); err != nil {
			return err
		}
		if t.Created, err = time.Parse(time.RFC3339, fields[2]); err != nil {
			return err
		}
		t.hash, err = parseHash(fields[3])
		tokens = append(tokens, t)
		return err
	})
	return tokens, err
}

func (s Store) writeTokens(tokens []Token) error {
	var b bytes.Buffer
	b.WriteString("# named tokens: name, scope, created, SHA-256; change them with `taskctl token`\n")
	for _, t := range tokens {
		fmt.Fprintf(&b, "%s %s %s %x\n", t.Name, t.Scope, t.Created.Format(time.RFC3339), t.hash)
	}
	return s.write(tokensFile, b.Bytes())
}

// sessions returns the sessions that have not expired.
func (s Store) sessions() (sessions []session, err error) {
	now := time.Now()
	err = s.read(sessionsFile, 3, func(fields []string) error {
		expires, err := time.Parse(time.RFC3339, fields[2])
		if err != nil || !now.Before(expires) {
			return err
		}
		cookie, err := parseHash(fields[0])
		if err != nil {
			return err
		}
		token, err := parseHash(fields[1])
		sessions = append(sessions, session{hash: cookie, token: token, expires: expires})
		return err
	})
	return sessions, err
}

func (s Store) writeSessions(sessions []session) error {
	var b bytes.Buffer
	b.WriteString("# sessions of browsers: SHA-256 of the cookie, SHA-256 of the token, end\n")
	for _, x := range sessions {
		fmt.Fprintf(&b, "%x %x %s\n", x.hash, x.token, x.expires.Format(time.RFC3339))
	}
	return s.write(sessionsFile, b.Bytes())
}

func parseHash(text string) (h hash, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(h) {
		return h, fmt.Errorf("%q is not a SHA-256", text)
	}
	return hash(raw), nil
}

// read calls each for every line of a file that is not a comment. A file that does
// not exist has none.
func (s Store) read(name string, fields int, each func(fields []string) error) error {
	data, err := ownfile.Read(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		words := strings.Fields(line)
		if len(words) != fields {
			return fmt.Errorf("%s:%d: %d fields are expected", s.path(name), n, fields)
		}
		if err := each(words); err != nil {
			return fmt.Errorf("%s:%d: %w", s.path(name), n, err)
		}
	}
	return lines.Err()
}

// write replaces a file, with mode 0600.
func (s Store) write(name string, data []byte) error {
	temp, err := os.CreateTemp(s.Dir, "."+name+"-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), s.path(name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}
