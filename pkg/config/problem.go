package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"taskctl/pkg/hooks"
	"taskctl/pkg/message"
)

// Problem is one mistake in the settings, and where it is.
type Problem struct {
	Where string // "configs/taskctl.yaml:12", "TASKCTL_API_ADDR", "--api-addr"
	// Text describes the mistake, and how to correct it, in a language.
	Text func(message.Lang) string
}

// Problems is every mistake found, in the order of reading. It is an error.
type Problems []Problem

// Error is the English text, a line for each problem.
func (p Problems) Error() string { return p.In(message.English) }

// In is the text in a language, a line for each problem.
func (p Problems) In(lang message.Lang) string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Where + ": " + problem.Text(lang)
	}
	return strings.Join(lines, "\n")
}

// Reasons for which a value is refused.
var (
	errDuration   = errors.New("not a duration")
	errSize       = errors.New("not a size")
	errZero       = errors.New("not more than 0")
	errAddress    = errors.New("not an address to listen on")
	errURL        = errors.New("not a WebSocket URL")
	errHTTP       = errors.New("not an HTTP URL")
	errOrigin     = errors.New("not an origin")
	errHost       = errors.New("not a host name")
	errIdentifier = errors.New("not a name in SQL")
	errProxy      = errors.New("not an address or prefix")
	errSecret     = errors.New("not fit for a header")
)

// choiceError lists the values that a setting accepts.
type choiceError []string

func (c choiceError) Error() string { return fmt.Sprintf("not one of %q", []string(c)) }

// schemeError lists the URL schemes that a setting accepts.
type schemeError []string

func (s schemeError) Error() string { return fmt.Sprintf("not a URL of %q", []string(s)) }

// countError is the smallest number that a setting accepts.
type countError int

func (c countError) Error() string { return fmt.Sprintf("not a whole number from %d", int(c)) }

// valueText is the message for a value that its setting does not accept.
func valueText(key, value string, err error) func(message.Lang) string {
	var choices choiceError
	var schemes schemeError
	var least countError
	var database postgresError
	return func(l message.Lang) string {
		switch {
		case errors.As(err, &choices):
			return l.ConfigNotOneOf(key, value, choices...)
		case errors.Is(err, errAddress):
			return l.ConfigNotAddress(key, value)
		case errors.As(err, &schemes):
			return l.ConfigNotServerURL(key, redacted(value), schemes...)
		case errors.Is(err, errURL):
			return l.ConfigNotURL(key, redacted(value))
		case errors.As(err, &database):
			return l.ConfigNotPostgres(key, redacted(value), database.Error())
		case errors.Is(err, errIdentifier):
			return l.ConfigNotIdentifier(key, value)
		case errors.Is(err, errHTTP):
			return l.ConfigNotHTTP(key, redacted(value))
		case errors.Is(err, hooks.ErrURL):
			return l.HookBadURL(key)
		case errors.Is(err, hooks.ErrSecret):
			return l.HookBadSecret(key)
		case errors.Is(err, errOrigin):
			return l.ConfigNotOrigin(key, value)
		case errors.Is(err, errHost):
			return l.ConfigNotHost(key, value)
		case errors.Is(err, errProxy):
			return l.ConfigNotProxy(key, value)
		case errors.Is(err, errSecret):
			return l.ConfigNotSecret(key) // the value is a secret
		case errors.As(err, &least):
			return l.ConfigNotCount(key, value, int(least))
		case errors.Is(err, errZero):
			return l.ConfigZero(key, value)
		case errors.Is(err, errDuration):
			return l.ConfigNotDuration(key, value)
		case errors.Is(err, errSize):
			return l.ConfigNotSize(key, value)
		}
		return l.ConfigBadValue(key, value, err.Error())
	}
}

// redacted is a URL without its password.
func redacted(value string) string {
	u, err := url.Parse(value)
	if err != nil {
		return value[strings.LastIndexByte(value, '@')+1:]
	}
	if u.Scheme == "" { // key=value pairs, as libpq takes them too
		return regexp.MustCompile(`password\s*=\s*('(\\.|[^'])*'|\S*)`).ReplaceAllString(value, "password=xxxxx")
	}
	if query := u.Query(); query.Has("password") {
		query.Set("password", "xxxxx")
		u.RawQuery = query.Encode()
	}
	return u.Redacted()
}
