package access

import (
	"crypto/subtle"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// The maximum age of the known content of the files: for a normal check, and for a
// check that would fail, because the token may be new.
const (
	maxKnownAge   = 250 * time.Millisecond
	maxUnknownAge = time.Millisecond
)

// Identity is the sender of a request.
type Identity struct {
	Name  string // of the token; empty if no token is required
	Scope Scope

	credential hash // the token, or the cookie
	token      hash
	internal   bool
	cookie     bool
}

// Tokens are the secrets that allow requests. Several goroutines may use them.
type Tokens struct {
	store  Store
	fixed  []Identity // from the settings
	logger *slog.Logger

	known   atomic.Pointer[known]
	checked atomic.Int64 // when the files were compared with known, in Unix nanoseconds

	mu sync.Mutex // held to read the files
}

// known is the content of the files when they were last read.
type known struct {
	number           uint64
	tokens, sessions os.FileInfo
	required         bool
	byHash           map[hash]Identity
	sessionsByHash   map[hash]session
}

// TokenOptions are the sources of tokens.
type TokenOptions struct {
	Token    string // auth.token; empty: there is none
	Internal string // the secret that the components of the system share
	Store    Store
	Logger   *slog.Logger // for errors of the files; nil: discards
}

// NewTokens reads the files for the first time when it is asked.
func NewTokens(o TokenOptions) *Tokens {
	t := &Tokens{store: o.Store, logger: o.Logger}
	if t.logger == nil {
		t.logger = slog.New(slog.DiscardHandler)
	}
	if o.Token != "" {
		t.fixed = append(t.fixed, fixedIdentity("auth.token", o.Token))
	}
	if o.Internal != "" {
		own := fixedIdentity("internal", o.Internal)
		own.internal = true
		t.fixed = append(t.fixed, own)
	}
	t.known.Store(&known{required: o.Token != ""})
	return t
}

func fixedIdentity(name, secret string) Identity {
	h := hashOf(secret)
	return Identity{Name: name, Scope: Admin, credential: h, token: h}
}

// Required reports whether requests need a token. Once it is true it stays true until
// the process ends, so that a file that disappears does not allow everything.
func (t *Tokens) Required() bool {
	if t == nil {
		return false
	}
	return t.current(maxKnownAge).required
}

// find returns the owner of a secret. It compares and looks up hashes, so the time does
// not depend on how much of a wrong secret is right.
func (t *Tokens) find(secret string) (Identity, bool) {
	if t == nil || secret == "" {
		return Identity{}, false
	}
	h := hashOf(secret)
	for _, age := range []time.Duration{maxKnownAge, maxUnknownAge} {
		if id, ok := t.lookup(t.current(age), h); ok {
			return id, true
		}
	}
	return Identity{}, false
}

// findCookie is find for the cookie of a session.
func (t *Tokens) findCookie(value string) (Identity, bool) {
	if t == nil || value == "" {
		return Identity{}, false
	}
	h := hashOf(value)
	for _, age := range []time.Duration{maxKnownAge, maxUnknownAge} {
		if id, ok := t.lookupSession(t.current(age), h); ok {
			return id, true
		}
	}
	return Identity{}, false
}

func (t *Tokens) lookup(k *known, h hash) (Identity, bool) {
	for _, id := range t.fixed {
		if subtle.ConstantTimeCompare(id.token[:], h[:]) == 1 {
			return id, true
		}
	}
	id, ok := k.byHash[h]
	return id, ok
}

func (t *Tokens) lookupSession(k *known, h hash) (Identity, bool) {
	x, ok := k.sessionsByHash[h]
	if !ok || !time.Now().Before(x.expires) {
		return Identity{}, false
	}
	id, ok := t.lookup(k, x.token)
	id.credential, id.cookie = h, true
	return id, ok
}

// Valid reports whether an identity still has its rights. It is for connections that
// stay open.
func (t *Tokens) Valid(id Identity) bool {
	if t == nil {
		return true
	}
	k := t.current(maxKnownAge)
	if id.Name == "" {
		return !k.required
	}
	now, ok := t.lookup(k, id.token)
	if id.cookie {
		now, ok = t.lookupSession(k, id.credential)
	}
	return ok && now.Scope == id.Scope
}

// Changes returns a number that changes with the files, so that the owner of open
// connections knows when to check [Tokens.Valid] again.
func (t *Tokens) Changes() uint64 {
	if t == nil {
		return 0
	}
	return t.current(maxKnownAge).number
}

// SignIn creates a session for an identity, and returns the value of its cookie.
func (t *Tokens) SignIn(id Identity) (cookie string, expires time.Time, err error) {
	cookie, expires, err = t.store.signIn(id.token)
	t.checked.Store(0)
	return cookie, expires, err
}

// SignOut ends the session of an identity that came with a cookie.
func (t *Tokens) SignOut(id Identity) error {
	defer t.checked.Store(0)
	return t.store.signOut(id.credential)
}

// current is the content of the files, at most as old as age.
func (t *Tokens) current(age time.Duration) *known {
	k := t.known.Load()
	now := time.Now().UnixNano()
	if now-t.checked.Load() < int64(age) {
		return k
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now-t.checked.Load() < int64(age) {
		return t.known.Load()
	}
	k = t.known.Load()
	tokens, sessions := stat(t.store.path(tokensFile)), stat(t.store.path(sessionsFile))
	if !sameFile(tokens, k.tokens) || !sameFile(sessions, k.sessions) {
		k = t.load(k, tokens, sessions)
		t.known.Store(k)
	}
	t.checked.Store(now)
	return k
}

// load reads the files. A file that cannot be read allows no one.
func (t *Tokens) load(before *known, tokensInfo, sessionsInfo os.FileInfo) *known {
	k := &known{
		number: before.number + 1, tokens: tokensInfo, sessions: sessionsInfo,
		required: before.required || tokensInfo != nil,
		byHash:   make(map[hash]Identity), sessionsByHash: make(map[hash]session),
	}
	tokens, err := t.store.tokens()
	if err != nil {
		t.logger.Error("no named token is accepted: their file cannot be read", "error", err)
		return k
	}
	for _, token := range tokens {
		k.byHash[token.hash] = Identity{Name: token.Name, Scope: token.Scope, credential: token.hash, token: token.hash}
	}
	sessions, err := t.store.sessions()
	if err != nil {
		t.logger.Error("no session is accepted: their file cannot be read", "error", err)
		return k
	}
	for _, x := range sessions {
		k.sessionsByHash[x.hash] = x
	}
	return k
}

// stat returns nil for a file that does not exist.
func stat(path string) os.FileInfo {
	info, err := os.Lstat(path)
	if err != nil {
		return nil
	}
	return info
}

// sameFile reports whether a file is unchanged: it is replaced, never written to.
func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
