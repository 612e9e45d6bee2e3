package notice

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"

	"taskctl/pkg/message"
)

// ErrCertificates means that a file holds no certificate in PEM.
var ErrCertificates = errors.New("it holds no certificate in PEM")

// Trust is the TLS configuration for the certificate authorities in a PEM file; nil, for
// no file: those of the machine. It is read for each connection, so that the file can
// be replaced while the system runs.
func Trust(file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %w", file, ErrCertificates)
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}

// Causes that a ServerError describes.
var (
	ErrLogin = errors.New("the server refuses the user or the password")
	ErrPlain = errors.New("the server does not use TLS")
	ErrMute  = errors.New("the server ends the connection without an answer")
)

// ServerError is why a server cannot be used as the broker. It never contains the
// password.
type ServerError struct {
	Kind string // the name of the program: "NATS"
	URL  string // from the settings
	Err  error  // wraps ErrLogin, ErrPlain or ErrMute where they apply
}

func (e *ServerError) Error() string { return e.Describe(message.English) }

// Unwrap returns the cause.
func (e *ServerError) Unwrap() error { return e.Err }

// Describe returns what is wrong and what can be done about it, in the user's language.
func (e *ServerError) Describe(l message.Lang) string {
	var untrusted *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	var file *fs.PathError
	group, server, why := strings.ToLower(e.Kind), Host(e.URL), e.cause()
	switch {
	case errors.Is(e.Err, ErrLogin):
		return l.BrokerLogin(e.Kind, server, group)
	case errors.As(e.Err, &untrusted):
		return l.BrokerCertificate(e.Kind, server, group, why)
	case errors.As(e.Err, &plain), errors.Is(e.Err, ErrPlain):
		return l.BrokerPlain(e.Kind, server, group)
	case errors.As(e.Err, &file), errors.Is(e.Err, ErrCertificates):
		return l.BrokerCAFile(e.Kind, server, group, e.Err.Error())
	case errors.Is(e.Err, ErrMute), errors.Is(e.Err, io.EOF), errors.Is(e.Err, io.ErrUnexpectedEOF), errors.Is(e.Err, syscall.ECONNRESET):
		return l.BrokerClosed(e.Kind, server, group)
	}
	return l.BrokerUnreachable(e.Kind, server, group, why)
}

// cause is the innermost error that says what happened. The others repeat the address.
func (e *ServerError) cause() string {
	var netErr *net.OpError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(e.Err, &untrusted):
		return untrusted.Err.Error()
	case errors.Is(e.Err, context.DeadlineExceeded):
		return "timeout"
	case errors.As(e.Err, &netErr):
		return netErr.Err.Error()
	}
	return e.Err.Error()
}

// Host is the address in a URL, without user and password.
func Host(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "?"
	}
	return u.Host
}
