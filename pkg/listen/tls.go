package listen

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certCheckInterval is how often the files of a certificate are checked for changes.
const certCheckInterval = time.Second

// Certificate is a certificate and its key in two files, which are read again when
// they change.
type Certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu      sync.Mutex
	loaded  *tls.Certificate
	files   [2]os.FileInfo // when they were last read
	checked time.Time
}

// LoadCertificate reads the files, which must match.
func LoadCertificate(certFile, keyFile string, logger *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, logger: logger}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Certificate) load() error {
	files, err := c.stat()
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read the certificate %s and its key: %w", c.certFile, err)
	}
	c.loaded, c.files, c.checked = &loaded, files, time.Now()
	return nil
}

func (c *Certificate) stat() (files [2]os.FileInfo, err error) {
	for i, path := range []string{c.certFile, c.keyFile} {
		if files[i], err = os.Stat(path); err != nil {
			return files, err
		}
	}
	return files, nil
}

// current returns the certificate in the files. While they cannot be read, as between
// the replacement of one file and the other, it returns the previous one.
func (c *Certificate) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= certCheckInterval {
		c.checked = now
		files, err := c.stat()
		if err == nil && c.changed(files) {
			if err = c.load(); err == nil {
				c.logger.Info("certificate read again", "file", c.certFile)
			}
		}
		if err != nil {
			c.logger.Warn("the certificate cannot be read again; the one before is used", "error", err)
		}
	}
	return c.loaded
}

func (c *Certificate) changed(files [2]os.FileInfo) bool {
	for i, now := range files {
		before := c.files[i]
		if !os.SameFile(before, now) || !before.ModTime().Equal(now.ModTime()) || before.Size() != now.Size() {
			return true
		}
	}
	return false
}

// Server returns the settings of a server with this certificate: TLS 1.2 and newer.
// A nil Certificate returns nil, for a server without TLS.
func (c *Certificate) Server() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil },
	}
}

// Pinned returns the settings of a client that trusts the certificate in a file, in
// addition to those of the system's authorities: for connections to the own server,
// whose certificate may not name localhost.
func Pinned(certFile string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// VerifyConnection verifies instead. It fails in the same cases, unless the
		// server has exactly the certificate of the file.
		InsecureSkipVerify: true, //nolint:gosec // see above
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return errors.New("the server has no certificate")
			}
			if own, err := firstCertificate(certFile); err == nil && bytes.Equal(own, state.PeerCertificates[0].Raw) {
				return nil
			}
			return verify(state)
		},
	}
}

// verify is what crypto/tls does by default.
func verify(state tls.ConnectionState) error {
	intermediates := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		intermediates.AddCert(c)
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: state.ServerName, Intermediates: intermediates})
	return err
}

// firstCertificate returns the first certificate of a file, which is that of the
// server.
func firstCertificate(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%s has no certificate", path)
	}
	return block.Bytes, nil
}
