package config

import (
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/taskctl/taskctl/pkg/access"
	"github.com/taskctl/taskctl/pkg/api"
	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/listen"
	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/store/sqlite"
	"github.com/taskctl/taskctl/pkg/wsserver"
)

// retireGrace is how long a replaced generation keeps connections that are not
// being used, for one more request on each: one that is used less often finds
// it closed, as with every HTTP server's idle timeout.
const retireGrace = 10 * time.Second

// At returns the settings with the addresses that the listeners really have:
// port 0 has become a number.
func (c *Config) At(apiAddr, wsserverAddr string) *Config {
	live := *c
	live.API.Addr, live.WSServer.Addr = apiAddr, wsserverAddr
	return &live
}

// Environ renders the settings for a child process, in which they win over
// everything but flags: it keeps the settings its launcher started with,
// whatever becomes of the file.
func (c *Config) Environ(devNull string) []string {
	env := []string{"TASKCTL_DIR=" + c.Dir, "TASKCTL_CONFIG=" + devNull}
	for _, s := range settings() {
		if value := s.get(c); value != s.get(Default()) {
			env = append(env, Env(s.key)+"="+value)
		}
	}
	return env
}

// APIConfig is the api's own part of the settings.
func (c *Config) APIConfig(version string) api.Config {
	return api.Config{
		Access:       c.access(c.API.Addr),
		Version:      version,
		WebSocketURL: c.WebSocket(),
		Grace:        retireGrace,
		DrainTimeout: c.drainTimeout(),
	}
}

// WSServerConfig is the notification server's own part of the settings.
func (c *Config) WSServerConfig() wsserver.Config {
	return wsserver.Config{
		Access:       c.access(c.WSServer.Addr),
		RingBytes:    c.WSServer.RingBytes,
		MaxClients:   c.WSServer.MaxClients,
		Grace:        retireGrace,
		DrainTimeout: c.drainTimeout(),
	}
}

// StoreOptions opens the database for reading and writing; the caller adds who
// listens to it.
func (c *Config) StoreOptions() sqlite.Options {
	return sqlite.Options{
		Path:      c.Database(),
		Retention: sqlite.Retention{MaxAge: c.Events.MaxAge, MaxEvents: c.Events.Max},
	}
}

// LogOptions bound the log files.
func (c *Config) LogOptions() logfile.Options {
	return logfile.Options{MaxSize: c.Logs.MaxSize, Keep: c.Logs.MaxAge, TotalCap: c.Logs.MaxTotal}
}

// ClientConfig reaches the system from this machine.
func (c *Config) ClientConfig() client.Config {
	return client.Config{BaseURL: c.APIURL(), WebSocketURL: c.WebSocket(), Token: c.Auth.Token}
}

// RetireTimeout is how long a replaced generation may take to leave.
func (c *Config) RetireTimeout() time.Duration { return retireGrace + c.Stop.Timeout }

// drainTimeout leaves a component time to say so before it is killed.
func (c *Config) drainTimeout() time.Duration { return c.Stop.Timeout * 8 / 10 }

// access is who may come in at an address: the board is at home on both ports,
// by whichever of this machine's names it was opened.
func (c *Config) access(addr string) access.Policy {
	host, _, _ := net.SplitHostPort(addr) // validated
	return access.Policy{
		Token:    c.Auth.Token,
		Origins:  slices.Concat(c.API.Origins, c.boardOrigins()),
		Hosts:    c.API.Hosts,
		Loopback: listen.IsLoopback(host),
	}
}

// boardOrigins are the origins that the board, which the api serves, has in a
// browser on this machine.
func (c *Config) boardOrigins() []string {
	host, port, _ := net.SplitHostPort(c.API.Addr) // validated
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	if !listen.IsLoopback(host) && host != "" {
		hosts = append(hosts, host)
	}
	var origins []string
	for _, h := range hosts {
		origin := "http://" + net.JoinHostPort(h, port)
		if n, _ := strconv.Atoi(port); n == 80 {
			origin = "http://" + h
		}
		origins = append(origins, origin)
	}
	return origins
}
