package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
)

// TLSFault says why a TLS connection could not be established.
type TLSFault string

// The faults that [ConnectError.TLS] returns.
const (
	TLSUnknownAuthority TLSFault = "unknown_authority" // the certificate is signed by an authority that this machine does not trust
	TLSWrongHost        TLSFault = "wrong_host"        // the certificate is for other host names
	TLSExpired          TLSFault = "expired"           // or not valid yet
	TLSInvalid          TLSFault = "invalid"           // the certificate is unusable for another reason
	TLSNotSpoken        TLSFault = "not_tls"           // the server answered without TLS
)

// TLS returns the fault of the TLS handshake; empty if the error has another cause.
func (e *ConnectError) TLS() TLSFault {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(e.Err, &authority):
		return TLSUnknownAuthority
	case errors.As(e.Err, &host):
		return TLSWrongHost
	case errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired:
		return TLSExpired
	case errors.As(e.Err, &invalid), errors.As(e.Err, &verify):
		return TLSInvalid
	case errors.As(e.Err, &record), errors.Is(e.Err, http.ErrSchemeMismatch):
		return TLSNotSpoken
	}
	return ""
}

// text describes the fault in English.
func (f TLSFault) text() string {
	switch f {
	case TLSUnknownAuthority:
		return "its certificate is signed by an authority that this machine does not trust"
	case TLSWrongHost:
		return "its certificate is for another host name"
	case TLSExpired:
		return "its certificate has expired or is not valid yet"
	case TLSNotSpoken:
		return "it does not use TLS on this port"
	}
	return "its certificate is invalid"
}
