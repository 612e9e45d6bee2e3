//go:build unix

package noticetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/broker/notice"
	"taskctl/pkg/wait/waittest"
)

// Certificate creates files with a certificate for 127.0.0.1 that is its own authority.
func Certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret)
}

// SecureServer is a server that requires a password and TLS.
type SecureServer struct {
	CAFile        string
	Scheme, Plain string // of URLs with TLS and without
	User          string // in a URL, with the password: "taskctl:secret"
	Address       string
	Group         string // of the settings: "nats"
	WithoutTLS    string // part of the error for a URL without TLS
	Broker        func(url, caFile string) notice.Broker
}

// RunSecure tests the settings of clients, and how their mistakes are described.
func RunSecure(t *testing.T, s SecureServer) {
	const wrong = "no-such-secret"
	name, password, _ := strings.Cut(s.User, ":")
	secure := s.Scheme + "://" + s.User + "@" + s.Address
	t.Run("a notice arrives", func(t *testing.T) {
		c := config(s.Broker(secure, s.CAFile), "ours")
		p, sub := publisher(t, c), notice.NewSubscriber(c, "", discard())
		missed := subscribe(t, sub)
		waittest.For(t, "connections", func() bool { return p.Connected() && sub.Connected() })
		awaitFrom(t, p, missed)
	})
	_, port, _ := strings.Cut(s.Address, ":")
	for mistake, tt := range map[string]struct{ url, caFile, want string }{
		"a wrong password":     {s.Scheme + "://" + name + ":" + wrong + "@" + s.Address, s.CAFile, "refuses the user or the password. Check both in " + s.Group + ".url"},
		"no password":          {s.Scheme + "://" + s.Address, s.CAFile, "refuses the user or the password"},
		"an unknown authority": {secure, "", "is not accepted: x509: certificate signed by unknown authority. Name its authority in " + s.Group + ".ca_file"},
		"another host":         {s.Scheme + "://" + s.User + "@localhost:" + port, s.CAFile, "is not accepted: x509: certificate is not valid for any names, but wanted to match localhost."},
		"no TLS":               {s.Plain + "://" + s.User + "@" + s.Address, "", s.WithoutTLS},
		"a missing file":       {secure, "/no/such.pem", "open /no/such.pem: no such file or directory. Correct " + s.Group + ".ca_file"},
	} {
		t.Run(mistake, func(t *testing.T) {
			text := refused(t, s.Broker(tt.url, tt.caFile))
			t.Log(text)
			if !strings.Contains(text, tt.want) || !strings.Contains(text, " at ") {
				t.Errorf("the error is %q, without %q", text, tt.want)
			}
			if strings.Contains(text, wrong) || strings.Contains(text, password) {
				t.Errorf("the error tells the password: %s", text)
			}
		})
	}
}

// refused connects both ends, which must fail, and returns the errors.
func refused(t *testing.T, b notice.Broker) (text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waittest.Timeout)
	defer cancel()
	sender, err := b.Sender(ctx)
	if err == nil {
		sender.Close()
		t.Fatal("a sender is connected")
	}
	receiver, receiverErr := b.Receiver(ctx)
	if receiverErr == nil {
		receiver.Close()
		t.Fatal("a receiver is connected")
	}
	return err.Error() + "; " + receiverErr.Error()
}
