package access

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"taskctl/pkg/ownfile"
)

// secretBytes is the length of a secret before it is written in hex.
const secretBytes = 32

// SecretFile returns a secret that the components of one system share, from the file at
// path. The first component that needs it creates the file, with mode 0600. The file
// appears complete and is never replaced, so all components read the same secret.
func SecretFile(path string) (string, error) {
	secret, err := ReadSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if err := makeSecret(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make the secret: %w", err)
	}
	return ReadSecret(path)
}

// ReadSecret is SecretFile, but does not create the file.
func ReadSecret(path string) (string, error) {
	data, err := ownfile.Read(path)
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	secret := strings.TrimSpace(string(data))
	if raw, err := hex.DecodeString(secret); err != nil || len(raw) != secretBytes {
		return "", fmt.Errorf("%s does not hold a secret of taskctl; stop taskctl, remove the file and start again", path)
	}
	return secret, nil
}

// makeSecret writes a temporary file and gives it its name only when it is complete. If
// the file system has no hard links, it creates the file exclusively instead.
func makeSecret(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var raw [secretBytes]byte
	_, _ = rand.Read(raw[:]) // never fails
	text := hex.EncodeToString(raw[:]) + "\n"
	temp, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // mode 0600
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
