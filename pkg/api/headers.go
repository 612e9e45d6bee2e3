package api

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"taskctl/pkg/task"
)

// maxKey bounds an Idempotency-Key, in bytes.
const maxKey = 255

// etag is the version of a task as an entity tag. It is a strong one, because a
// version always has the same bytes.
func etag(version uint64) string {
	buf := make([]byte, 0, 22)
	buf = append(buf, '"')
	buf = strconv.AppendUint(buf, version, 10)
	return string(append(buf, '"'))
}

// tagList is the value of If-Match or If-None-Match.
type tagList struct {
	any  bool // "*"
	tags []tag
}

type tag struct {
	opaque string // without the quotes
	weak   bool
}

// parseTags reads a list of entity tags (RFC 9110 §8.8.3, §13.1). The list may be
// divided into several header lines; without the header it is empty.
func parseTags(name string, header http.Header) (tagList, error) {
	var list tagList
	lines := header[name]
	if len(lines) == 1 && lines[0] == "*" {
		return tagList{any: true}, nil
	}
	for _, line := range lines {
		for rest := skipSeparators(line); rest != ""; rest = skipSeparators(rest) {
			var t tag
			rest, t.weak = strings.CutPrefix(rest, "W/")
			opaque, after, ok := cutQuoted(rest)
			after = strings.TrimLeft(after, " \t")
			if !ok || (after != "" && after[0] != ',') {
				return tagList{}, task.Invalid(name, `must be * or entity tags such as "42"`)
			}
			t.opaque = opaque
			list.tags = append(list.tags, t)
			rest = after
		}
	}
	if len(lines) > 0 && len(list.tags) == 0 {
		return tagList{}, task.Invalid(name, "must not be empty")
	}
	return list, nil
}

func skipSeparators(s string) string { return strings.TrimLeft(s, " \t,") }

// cutQuoted cuts the opaque part of an entity tag from the front of s.
func cutQuoted(s string) (opaque, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", s, false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[1:i], s[i+1:], true
		case c <= ' ', c == 0x7f:
			return "", s, false
		}
	}
	return "", s, false
}

// versionOf returns the version of a task's tag; 0: this server never sends the tag.
func versionOf(opaque string) uint64 {
	version, err := strconv.ParseUint(opaque, 10, 63)
	if err != nil || strconv.FormatUint(version, 10) != opaque {
		return 0
	}
	return version
}

// noVersion is a list of versions that matches no task.
func noVersion() []uint64 { return []uint64{0} }

// requiredVersions returns the versions that If-Match accepts for a write; nil: any.
// The only If-None-Match that a write may have is *, which matches no task that
// exists. A weak tag never matches here (RFC 9110 §13.1.1).
func requiredVersions(header http.Header) ([]uint64, error) {
	if header["If-None-Match"] != nil {
		list, err := parseTags("If-None-Match", header)
		if err == nil && !list.any {
			err = task.Invalid("If-None-Match", "can only be * on a write")
		}
		return noVersion(), err
	}
	if header["If-Match"] == nil {
		return nil, nil
	}
	list, err := parseTags("If-Match", header)
	if err != nil || list.any {
		return nil, err
	}
	versions := noVersion()
	for _, t := range list.tags {
		if !t.weak {
			versions = append(versions, versionOf(t.opaque))
		}
	}
	return versions, nil
}

// hasWeakTag reports whether If-Match has a weak tag. Its syntax has been checked.
func hasWeakTag(header http.Header) bool {
	list, err := parseTags("If-Match", header)
	return err == nil && slices.ContainsFunc(list.tags, func(t tag) bool { return t.weak })
}

// checkIfMatch returns ErrVersion if a GET requires another version than the one with
// the tag (RFC 9110 §13.1.1).
func checkIfMatch(header http.Header, current string) error {
	if header["If-Match"] == nil {
		return nil
	}
	list, err := parseTags("If-Match", header)
	switch {
	case err != nil:
		return err
	case list.any, slices.Contains(list.tags, tag{opaque: strings.Trim(current, `"`)}):
		return nil
	case hasWeakTag(header):
		return errWeakTag
	}
	return task.ErrVersion
}

// notModified reports whether the client has the version with the tag already. Weak
// and strong tags are equal here (RFC 9110 §13.1.2).
func notModified(header http.Header, current string) (bool, error) {
	if header["If-None-Match"] == nil {
		return false, nil
	}
	list, err := parseTags("If-None-Match", header)
	if list.any {
		return true, err
	}
	opaque := strings.Trim(current, `"`)
	return slices.ContainsFunc(list.tags, func(t tag) bool { return t.opaque == opaque }), err
}

// idempotencyKey reads the key of a write and binds it to the request's method,
// path, preconditions and body.
func idempotencyKey(r *http.Request, body []byte) (task.IdempotencyKey, error) {
	lines := r.Header["Idempotency-Key"]
	if lines == nil {
		return task.IdempotencyKey{}, nil
	}
	if len(lines) > 1 || lines[0] == "" || len(lines[0]) > maxKey {
		return task.IdempotencyKey{}, task.Invalidf("Idempotency-Key", "must be one value of 1 to %d bytes", maxKey)
	}
	hash := sha256.New()
	part := func(p []byte) { // with its length, so that different requests have different hashes
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(p)))
		hash.Write(length[:])
		hash.Write(p)
	}
	part([]byte(r.Method))
	part([]byte(r.URL.Path))
	part([]byte(strings.Join(r.Header["If-Match"], ",")))
	part([]byte(strings.Join(r.Header["If-None-Match"], ",")))
	part(body)
	key := task.IdempotencyKey{Key: lines[0]}
	hash.Sum(key.Fingerprint[:0])
	return key, nil
}
