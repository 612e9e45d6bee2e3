package listen

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate makes a certificate of its own authority, with a serial number
// that tells it from others.
func writeCertificate(t *testing.T, dir string, serial int64) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"tasks.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyBytes, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: keyBytes},
	} {
		if err := os.WriteFile(path+".new", pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// startTLS runs a server with a certificate in dir, and returns its URL.
func startTLS(t *testing.T, dir string, s *Server, handler http.HandlerFunc) (url, certFile string, wait func() error) {
	t.Helper()
	certFile, keyFile := writeCertificate(t, dir, 1)
	certificate, err := LoadCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.TLS = certificate.Server()
	ctx, cancel := context.WithCancel(context.Background())
	url, wait = start(t, ctx, s, handler)
	t.Cleanup(func() { cancel() })
	return "https" + strings.TrimPrefix(url, "http"), certFile, wait
}

// serial returns the serial number of the server's certificate, as a pinned client
// sees it.
func serial(t *testing.T, url, certFile string) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), Pinned(certFile))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestRenewedCertificateIsTakenUp(t *testing.T) {
	dir := t.TempDir()
	url, certFile, _ := startTLS(t, dir, new(Server), func(http.ResponseWriter, *http.Request) {})
	if got := serial(t, url, certFile); got != 1 {
		t.Fatalf("the certificate is number %d", got)
	}
	if err := os.WriteFile(certFile+".new", []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	writeCertificate(t, dir, 2)
	for deadline := time.Now().Add(time.Minute); ; {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		got := conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
		_ = conn.Close()
		if got == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the new certificate is not taken up")
		}
	}
	if got := serial(t, url, certFile); got != 2 {
		t.Errorf("the pinned client sees number %d", got)
	}
	if err := os.Remove(filepath.Join(dir, "key.pem")); err != nil {
		t.Fatal(err)
	}
	if got := serial(t, url, certFile); got != 2 {
		t.Errorf("without its key file: number %d", got)
	}
}

// Only the pinned certificate, or one of an authority, is trusted.
func TestPinnedRefusesOthers(t *testing.T) {
	url, _, _ := startTLS(t, t.TempDir(), new(Server), func(http.ResponseWriter, *http.Request) {})
	other, _ := writeCertificate(t, t.TempDir(), 3)
	for _, file := range []string{other, filepath.Join(t.TempDir(), "none.pem")} {
		if conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), Pinned(file)); err == nil {
			_ = conn.Close()
			t.Errorf("with %s it is trusted", file)
		}
	}
}

func TestOldVersionsAreRefused(t *testing.T) {
	url, certFile, _ := startTLS(t, t.TempDir(), new(Server), func(http.ResponseWriter, *http.Request) {})
	old := Pinned(certFile)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), old); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.1 is accepted")
	}
}

// HTTP/2 requests in progress are finished when the server retires, and clients are
// told to reconnect.
func TestHTTP2IsDrained(t *testing.T) {
	retire, entered, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
	url, certFile, wait := startTLS(t, t.TempDir(), &Server{Gate: Gate{Retire: retire}, Grace: time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(entered)
			<-release
		}
		fmt.Fprint(w, r.Proto)
	})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: Pinned(certFile), ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	get := func(path string) (string, error) {
		res, err := client.Get(url + path)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return string(body), err
	}
	if body, err := get("/"); body != "HTTP/2.0" || err != nil {
		t.Fatalf("answered by %q, %v", body, err)
	}
	slow := make(chan error, 1)
	go func() {
		body, err := get("/slow")
		if err == nil && body != "HTTP/2.0" {
			err = fmt.Errorf("answered %q", body)
		}
		slow <- err
	}()
	<-entered
	close(retire)
	close(release)
	if err := <-slow; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if err := wait(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// An unfinished handshake is a pending connection like any other.
func TestHandshakesGiveWay(t *testing.T) {
	certFile, keyFile := writeCertificate(t, t.TempDir(), 1)
	certificate, err := LoadCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	url, _ := startPool(t, t.Context(), &Server{TLS: certificate.Server()}, sayRefused, &capacity{total: 5, established: 1})
	var held []*testConn
	for range 12 {
		held = append(held, dial(t, url).send("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"))
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: Pinned(certFile)}}
	defer client.CloseIdleConnections()
	res, err := client.Get("https" + strings.TrimPrefix(url, "http"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); string(body) != "false" {
		t.Errorf("a new client is refused: %s", body)
	}
	closed := make(chan struct{}, len(held))
	for _, c := range held { // in any order: one whose bytes are unread is skipped
		go func() {
			_, _ = io.Copy(io.Discard, c.from)
			closed <- struct{}{}
		}()
	}
	for range 7 {
		<-closed
	}
}
