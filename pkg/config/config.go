// Package config loads taskctl's settings: one file, the environment and the
// flags in one pass, one Validate, and one place that turns the result into
// each part's own configuration. Nothing below it reads the environment.
package config

import (
	"net"
	"path/filepath"
	"time"
)

// Config is every setting, loaded and checked.
type Config struct {
	Dir  string // absolute; everything is written below it
	File string // the file that was read; empty where there was none

	API struct {
		Addr    string
		Origins []string
		Hosts   []string
	}
	WSServer struct {
		Addr       string
		RingBytes  int64
		MaxClients int
	}
	WebSocketURL string // empty: derived from WSServer.Addr
	Store        string
	Broker       string
	Auth         struct{ Token string }
	Lang         string // empty: what the environment asks for
	Events       struct {
		MaxAge time.Duration
		Max    int
	}
	Logs struct {
		MaxSize  int64
		MaxAge   time.Duration
		MaxTotal int64
	}
	Restart struct {
		Max        int
		Window     time.Duration
		BackoffMin time.Duration
		BackoffMax time.Duration
	}
	Start struct{ Timeout time.Duration }
	Stop  struct{ Timeout time.Duration }

	// Components are the user's own processes, in the order of the file.
	Components []Component

	sources map[string]string // key → where its value came from
}

// Component is a process of the user's that joins the supervision.
type Component struct {
	Name    string
	Command []string
	Dir     string // relative to Config.Dir, or absolute; empty: Config.Dir
	Env     map[string]string
	After   []string
	Ready   Ready
	Restart Restart
	Stop    Stop

	line int
}

// Ready says how a component of the user's shows that it is ready: at most one
// member is set; none means once it runs.
type Ready struct {
	Log  string // a line of its output contains this
	HTTP string // this URL answers with a status below 400
	TCP  string // this host:port accepts
}

// Restart is a component's own restart policy; nil members follow the settings.
type Restart struct {
	Max        *int
	Window     *time.Duration
	BackoffMin *time.Duration
	BackoffMax *time.Duration
}

// Stop is how a component of the user's is asked to stop, and how long it may take.
type Stop struct {
	Signal  string         // "SIGTERM" where empty
	Timeout *time.Duration // nil follows the settings
}

// The component names that are ours.
const (
	WSServer = "wsserver"
	API      = "api"
	Consumer = "consumer"
	Launcher = "launcher"
)

// LogDir is where the launcher writes its logs.
func (c *Config) LogDir() string { return filepath.Join(c.Dir, "logs") }

// DataDir holds the database, the run state, the control socket and the link token.
func (c *Config) DataDir() string { return filepath.Join(c.Dir, "data") }

// Data returns the path of a file in DataDir.
func (c *Config) Data(name string) string { return filepath.Join(c.DataDir(), name) }

// Database is the SQLite file.
func (c *Config) Database() string { return c.Data("taskctl.db") }

// LinkToken is the file with the secret that lets the api publish into wsserver.
func (c *Config) LinkToken() string { return c.Data("link.token") }

// APIURL is where HTTP clients on this machine find the api.
func (c *Config) APIURL() string { return "http://" + dialable(c.API.Addr) }

// WebSocket is where consumers find the notifications.
func (c *Config) WebSocket() string {
	if c.WebSocketURL != "" {
		return c.WebSocketURL
	}
	return "ws://" + dialable(c.WSServer.Addr) + "/"
}

// LinkURL is where the api finds wsserver's link.
func (c *Config) LinkURL() string { return "ws://" + dialable(c.WSServer.Addr) + "/link" }

// dialable turns an address to listen on into one to dial: every interface
// means this machine.
func dialable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
