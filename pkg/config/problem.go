package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/taskctl/taskctl/pkg/message"
)

// Problem is one thing wrong with the settings, with where it stands.
type Problem struct {
	Where string // "configs/taskctl.yaml:12", "TASKCTL_API_ADDR", "--api-addr"
	// Text says what is wrong and what was meant, in a language.
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

// What a value can be instead of what its setting needs.
var (
	errDuration = errors.New("not a duration")
	errSize     = errors.New("not a size")
	errZero     = errors.New("not more than 0")
	errAddress  = errors.New("not an address to listen on")
	errURL      = errors.New("not a WebSocket URL")
	errHTTP     = errors.New("not an HTTP URL")
	errOrigin   = errors.New("not an origin")
	errHost     = errors.New("not a host name")
	errSecret   = errors.New("not fit for a header")
)

// choiceError lists what a setting takes instead.
type choiceError []string

func (c choiceError) Error() string { return fmt.Sprintf("not one of %q", []string(c)) }

// countError is the least that a setting takes instead.
type countError int

func (c countError) Error() string { return fmt.Sprintf("not a whole number from %d", int(c)) }

// valueText is what to say of a value that its setting cannot take.
func valueText(key, value string, err error) func(message.Lang) string {
	var choices choiceError
	var least countError
	return func(l message.Lang) string {
		switch {
		case errors.As(err, &choices):
			return l.ConfigNotOneOf(key, value, choices...)
		case errors.Is(err, errAddress):
			return l.ConfigNotAddress(key, value)
		case errors.Is(err, errURL):
			return l.ConfigNotURL(key, redacted(value))
		case errors.Is(err, errHTTP):
			return l.ConfigNotHTTP(key, redacted(value))
		case errors.Is(err, errOrigin):
			return l.ConfigNotOrigin(key, value)
		case errors.Is(err, errHost):
			return l.ConfigNotHost(key, value)
		case errors.Is(err, errSecret):
			return l.ConfigNotSecret(key) // the value is nobody's to read
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

// redacted is a URL without the password that it may hold.
func redacted(value string) string {
	u, err := url.Parse(value)
	if err != nil {
		return value[strings.LastIndexByte(value, '@')+1:]
	}
	return u.Redacted()
}
