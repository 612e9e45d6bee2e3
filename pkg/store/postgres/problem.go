package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

// Problem is the reason why a database cannot be used.
type Problem uint8

// The problems a database can have.
const (
	Unusable      Problem = iota // any other reason: see Err
	Unreachable                  // no server answers, or it is starting or shutting down
	WrongPassword                // or another refusal of this user
	NoDatabase                   // there is no database of this name
	NoRights                     // the user lacks a right that the store needs
	Newer                        // a newer taskctl has migrated the schema
	Foreign                      // the schema holds tables of another program
	TooOld                       // the server is older than version 14
	Standby                      // the server accepts no writes
	Encoding                     // the database cannot hold every text
	Certificate                  // the server's certificate is not accepted
	Password                     // the password file cannot be read
	Pooler                       // a pooler gives every transaction another session
)

// ServerError is returned by Open when the database cannot be used.
type ServerError struct {
	Problem Problem
	Server  string // host:port/database
	User    string
	Schema  string
	Detail  string // a name or value for the text of the problem
	Err     error  // the cause, if there is more to say
}

func (e *ServerError) Error() string { return e.Describe(message.English) }

// Unwrap returns the cause.
func (e *ServerError) Unwrap() error { return e.Err }

// Temporary reports whether waiting may help.
func (e *ServerError) Temporary() bool { return e.Problem == Unreachable || e.Problem == Standby }

// Waiting says in the user's language which server the store waits for.
func (e *ServerError) Waiting(l message.Lang) string {
	if e.Problem == Standby {
		return e.Describe(l)
	}
	return l.PostgresWaiting(e.Server, cause(e.Err))
}

// Describe returns the problem and what can be done about it, in the user's language.
// It never contains the password.
func (e *ServerError) Describe(l message.Lang) string {
	switch e.Problem {
	case Unreachable:
		return l.PostgresUnreachable(e.Server, cause(e.Err))
	case WrongPassword:
		return l.PostgresLogin(e.Server, e.User, cause(e.Err))
	case NoDatabase:
		return l.PostgresNoDatabase(e.Server)
	case NoRights:
		return l.PostgresNoRights(e.Server, e.User, e.Schema, e.Detail)
	case Newer:
		return l.PostgresNewer(e.Server, e.Schema)
	case Foreign:
		return l.PostgresForeign(e.Server, e.Schema)
	case TooOld:
		return l.PostgresTooOld(e.Server, e.Detail)
	case Standby:
		return l.PostgresStandby(e.Server)
	case Encoding:
		return l.PostgresEncoding(e.Server, e.Detail)
	case Certificate:
		return l.PostgresCertificate(e.Server, cause(e.Err))
	case Password:
		return l.PostgresPasswordFile(cause(e.Err))
	case Pooler:
		return l.PostgresPooler(e.Server)
	default:
		return l.PostgresUnusable(e.Server, cause(e.Err))
	}
}

// cause is the error without the connection settings that pgconn puts before it.
func cause(err error) string {
	var refused *pgconn.PgError
	var netErr *net.OpError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refused):
		return refused.Message
	case errors.As(err, &netErr):
		return netErr.Err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return lastAttempt(err)
}

// lastAttempt is the error of the last attempt. With sslmode=prefer, an attempt without
// TLS follows a refused one with TLS.
func lastAttempt(err error) string {
	text := err.Error()
	return text[strings.LastIndex(text, "\n")+1:]
}

// serverError turns an error of connecting into a ServerError.
func (c *connector) serverError(err error) error {
	e := &ServerError{Err: err}
	var already *ServerError
	if errors.As(err, &already) {
		e = already
	} else {
		e.Problem = problemOf(err)
	}
	if e.Problem == NoRights && e.Detail == "" {
		e.Detail = cause(err)
	}
	e.Server, e.User, e.Schema = c.name(), c.config.User, c.options.Schema
	return e
}

func problemOf(err error) Problem {
	var (
		refused   *pgconn.PgError
		untrusted *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		file      *fs.PathError
	)
	switch {
	case errors.As(err, &refused):
		return problemOfCode(refused.Code)
	case errors.As(err, &untrusted), errors.As(err, &authority), errors.As(err, &host),
		strings.Contains(lastAttempt(err), "server refused TLS"):
		return Certificate
	case errors.As(err, &file) && strings.HasPrefix(err.Error(), "read the password"):
		return Password
	}
	return Unreachable
}

func problemOfCode(code string) Problem {
	switch code {
	case "28P01", "28000":
		return WrongPassword
	case "3D000":
		return NoDatabase
	case "42501":
		return NoRights
	case "25006":
		return Standby
	case "25P03", "57014", "55P03": // a timeout of the server: idle in a transaction, of a statement, for a lock
		return Unreachable
	}
	switch {
	case strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "08"), strings.HasPrefix(code, "53"):
		return Unreachable // starting, shutting down, or full
	}
	return Unusable
}

// readError translates errors of the server and the network, and leaves errors of this
// package unchanged.
func readError(verb string, err error) error {
	var refused *pgconn.PgError
	if err == nil || !errors.As(err, &refused) && !lost(err) {
		return err
	}
	return unavailable(verb, err)
}

// unavailable wraps an error as task.ErrUnavailable, with the verb that failed. A
// damaged database or a missing table remains another error, because a retry does not
// help.
func unavailable(verb string, err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (strings.HasPrefix(refused.Code, "42") || strings.HasPrefix(refused.Code, "XX")) {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return fmt.Errorf("%s: %w: %w", verb, task.ErrUnavailable, err)
}

// lost reports whether the connection broke, so that err is not an answer of the
// server.
func lost(err error) bool {
	if err == nil {
		return false
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Severity == "FATAL" || refused.SeverityUnlocalized == "FATAL" || refused.SeverityUnlocalized == "PANIC"
	}
	var netErr net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &netErr) || errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, errNotSent)
}

// errNotSent means that the connection was closed before anything was sent.
var errNotSent = errors.New("the connection is closed")

// uncertain reports whether a transaction may have been committed in spite of err.
func uncertain(err error) bool { return lost(err) && !errors.Is(err, errNotSent) }

// conflict reports whether a statement failed because a row with its key exists.
func conflict(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "23505"
}
