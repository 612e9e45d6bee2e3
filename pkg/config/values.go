package config

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"taskctl/pkg/access"
	"taskctl/pkg/client"
	"taskctl/pkg/store/postgres"
)

func checkAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || strconv.FormatUint(n, 10) != port {
		return errAddress
	}
	return nil
}

// checkWebSocketURL refuses what a client would refuse when it starts.
func checkWebSocketURL(s string) error {
	if _, err := client.New(client.Config{WebSocketURL: s}); err != nil {
		return errURL
	}
	return nil
}

// brokerURL checks for an address with a host and one of the schemes.
func brokerURL(schemes ...string) func(string) error {
	return func(s string) error {
		if u, err := url.Parse(s); err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
			return schemeError(schemes)
		}
		return nil
	}
}

// postgresError returns the mistake in a connection string.
type postgresError struct{ error }

func checkPostgresURL(s string) error {
	if _, err := postgres.ParseURL(s); s != "" && err != nil {
		return postgresError{err}
	}
	return nil
}

func anyText(string) error { return nil }

// checkIdentifier accepts a name that needs no quotes in SQL, so that people can
// type it.
func checkIdentifier(s string) error {
	for i, r := range s {
		letter := 'a' <= r && r <= 'z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return errIdentifier
		}
	}
	if s == "" || len(s) > maxIdentifier {
		return errIdentifier
	}
	return nil
}

// maxIdentifier is the length of a name in PostgreSQL, in bytes.
const maxIdentifier = 63

func parseComponent(s string) (string, error) {
	if ours := []string{WSServer, API, Consumer, Hooks}; !slices.Contains(ours, s) {
		return "", choiceError(ours)
	}
	return s, nil
}

// checkSecret refuses what an HTTP header cannot carry: control characters, and
// spaces at the ends, which are trimmed.
func checkSecret(s string) error {
	if strings.ContainsFunc(s, unicode.IsControl) || strings.TrimSpace(s) != s {
		return errSecret
	}
	return nil
}

func parseOrigin(s string) (string, error) {
	origin, err := access.ParseOrigin(s)
	if err != nil {
		return "", errOrigin
	}
	return origin, nil
}

func parseProxy(s string) (string, error) {
	prefix, err := access.ParseProxy(s)
	if err != nil {
		return "", errProxy
	}
	return prefix.String(), nil
}

func parseHost(s string) (string, error) {
	host, err := access.ParseHost(s)
	if err != nil {
		return "", errHost
	}
	return host, nil
}

// countFrom returns a reader of whole numbers not below least.
func countFrom(least int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > 1<<31-1 {
			return 0, countError(least)
		}
		return n, nil
	}
}

// positive is parse without 0, which packages below treat as "not set".
func positive[T time.Duration | int64](parse func(string) (T, error)) func(string) (T, error) {
	return func(s string) (T, error) {
		n, err := parse(s)
		if err == nil && n == 0 {
			err = errZero
		}
		return n, err
	}
}
