package client_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"taskctl/pkg/client"
)

// A failed TLS handshake is told by its cause, for requests and for subscriptions.
func TestTLSFaults(t *testing.T) {
	secure, plain := httptest.NewUnstartedServer(nil), httptest.NewServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail here on purpose
	secure.StartTLS()
	defer secure.Close()
	defer plain.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(secure.Certificate())
	for name, test := range map[string]struct {
		host  string
		tls   *tls.Config
		fault client.TLSFault
		text  string
	}{
		"unknown authority": {secure.Listener.Addr().String(), nil, client.TLSUnknownAuthority, "an authority that this machine does not trust"},
		"another host":      {"localhost:" + port(secure), &tls.Config{RootCAs: trusted}, client.TLSWrongHost, "another host name"},
		"no TLS":            {plain.Listener.Addr().String(), nil, client.TLSNotSpoken, "does not use TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := client.New(client.Config{BaseURL: "https://" + test.host, WebSocketURL: "wss://" + test.host, TLS: test.tls, Attempts: 1})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Get(t.Context(), "x")
			checkFault(t, err, test.fault, test.text)
			for n, err := range c.Watch(t.Context(), client.SubscribeOptions{}) {
				if err != nil {
					t.Fatal(err)
				}
				checkFault(t, n.(client.Disconnected).Err, test.fault, test.text)
				break
			}
		})
	}
}

func port(s *httptest.Server) string {
	_, port, _ := strings.Cut(s.Listener.Addr().String(), ":")
	return port
}

func checkFault(t *testing.T, err error, want client.TLSFault, text string) {
	t.Helper()
	var lost *client.ConnectError
	if !errors.As(err, &lost) || lost.TLS() != want || !strings.Contains(err.Error(), text) {
		t.Errorf("%v; want the fault %s, %q", err, want, text)
	}
}
