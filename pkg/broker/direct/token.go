// Package direct carries committed events from the api to wsserver over one
// authenticated WebSocket. It only speeds delivery up (invariants I4 and I6): it
// drops what it cannot send at once, and the receiver repairs from the log.
package direct

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tokenBytes is the length of a link token before it is written in hex.
const tokenBytes = 32

// Token returns the secret that lets a publisher in, from the file at path.
// Whoever comes first makes the file, with mode 0600, whole from its first
// moment; it is never replaced, so everybody reads the same.
func Token(path string) (string, error) {
	token, err := readToken(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	if err := makeToken(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make the link token: %w", err)
	}
	return readToken(path)
}

func readToken(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the link token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if raw, err := hex.DecodeString(token); err != nil || len(raw) != tokenBytes {
		return "", fmt.Errorf("%s does not hold a link token; stop taskctl, remove the file and start again", path)
	}
	return token, nil
}

// makeToken writes a temporary file and gives it its name only when it is whole.
// Where the file system has no hard links, an exclusive create has to do.
func makeToken(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var raw [tokenBytes]byte
	_, _ = rand.Read(raw[:]) // never fails
	text := hex.EncodeToString(raw[:]) + "\n"
	temp, err := os.CreateTemp(filepath.Dir(path), ".link-token-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.WriteString(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
