package config

import (
	"fmt"
	"slices"
	"time"

	"taskctl/pkg/message"
)

// Component is a process of the user that is supervised as well.
type Component struct {
	Name        string
	Command     []string
	Dir         string // relative to Config.Dir, or absolute; empty: Config.Dir
	Env         map[string]string
	EnvFile     string // relative to Dir, or absolute; what Env has wins
	User        string // name or number; empty: the launcher's
	After       []string
	RestartWith []string // those of After with which it is restarted
	Job         bool     // runs to its end
	Manual      bool     // autostart: false
	OpenStdin   bool     // stdin: open
	Watch       []string // patterns of files, relative to Config.Dir: see filewatch
	Ready       Ready
	Alive       Alive
	Restart     Restart
	Stop        Stop

	file string
	line int
}

// Problem is a mistake in a component, with its line in the file.
func (c Component) Problem(text func(message.Lang) string) Problem {
	return Problem{Where: fmt.Sprintf("%s:%d", c.file, c.line), Text: text}
}

// ComesAfterJob reports whether a job runs to its end before a component is started.
func (c *Config) ComesAfterJob(of Component) bool {
	for _, other := range c.Components { // there is no circle
		if slices.Contains(of.After, other.Name) && (other.Job || c.ComesAfterJob(other)) {
			return true
		}
	}
	return false
}

// Check is a way to ask a component something: at most one member is set.
type Check struct {
	HTTP string   // this URL answers with a status below 400
	TCP  string   // this host:port accepts
	Exec []string // this command exits with 0
}

// Given reports whether the check is set.
func (c Check) Given() bool { return c.HTTP != "" || c.TCP != "" || len(c.Exec) > 0 }

// Ready tells when a component of the user is ready: when it prints Log, or when the
// check succeeds. With neither it is ready as soon as it runs.
type Ready struct {
	Log string // a line of its output contains this
	Check
	Timeout *time.Duration // nil follows the settings
}

// Alive is the health check of a component of the user; nil members mean the
// supervisor's defaults.
type Alive struct {
	Check
	Every   *time.Duration
	Timeout *time.Duration
	Misses  *int
}

// Restart is a component's own restart policy; nil members follow the settings.
type Restart struct {
	Policy     string // "always", "on-failure", "never"; empty: always, of a job never
	Max        *int
	Window     *time.Duration
	BackoffMin *time.Duration
	BackoffMax *time.Duration
}

// Stop is the signal that stops a component of the user, and how long it may take.
type Stop struct {
	Signal  string         // "SIGTERM" where empty
	Timeout *time.Duration // nil follows the settings
}
