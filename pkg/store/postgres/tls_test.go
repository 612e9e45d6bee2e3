//go:build unix

package postgres

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/store/postgrestest"
)

// authority is a certificate authority, in a file as sslrootcert names it.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(t.TempDir(), "root.crt")}
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, key := sign(t, template, nil)
	a.key = key
	var err error
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(a.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// server is the configuration of a server with a certificate for host.
func (a *authority) server(t *testing.T, host string) *tls.Config {
	t.Helper()
	der, key := sign(t, &x509.Certificate{DNSNames: []string{host}}, a)
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}
}

// sign makes a certificate; with no parent it signs itself.
func sign(t *testing.T, template *x509.Certificate, parent *authority) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	signer, by := template, key
	if parent != nil {
		signer, by = parent.certificate, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// TestTLS reaches a server by TLS: each sslmode checks what libpq's does.
func TestTLS(t *testing.T) {
	server := postgrestest.Start(t)
	direct := server.Database(t)
	trusted, other := newAuthority(t), newAuthority(t)
	for _, test := range []struct {
		name, mode string
		root       *authority // nil: sslrootcert is not given
		host       string     // of the server's certificate
		accepted   bool
	}{
		{"verify-full", "verify-full", trusted, "localhost", true},
		{"verify-full, another authority", "verify-full", other, "localhost", false},
		{"verify-full, another host", "verify-full", trusted, "db.internal", false},
		{"verify-full, an authority unknown to the system", "verify-full", nil, "localhost", false},
		{"verify-ca, another host", "verify-ca", trusted, "db.internal", true},
		{"verify-ca, another authority", "verify-ca", other, "localhost", false},
		{"require", "require", nil, "db.internal", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProxy(t, server)
			p.tls.Store(trusted.server(t, test.host))
			u, err := url.Parse(p.url(t, direct))
			if err != nil {
				t.Fatal(err)
			}
			parameters := url.Values{"sslmode": {test.mode}}
			if test.root != nil {
				parameters.Set("sslrootcert", test.root.file)
			}
			u.Host, u.RawQuery = "localhost:"+u.Port(), parameters.Encode()
			if test.accepted {
				write(t, open(t, Options{URL: u.String()}), "over TLS")
				return
			}
			s, err := Open(t.Context(), Options{URL: u.String(), OnWaiting: func(e *ServerError) { t.Errorf("waits: %v", e) }})
			var problem *ServerError
			if !errors.As(err, &problem) || problem.Problem != Certificate || !strings.Contains(err.Error(), "sslrootcert") {
				t.Errorf("Open: %v", err)
			}
			if err == nil {
				_ = s.Close()
			}
		})
	}
}
