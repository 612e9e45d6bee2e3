// Package config loads taskctl's settings: one file, the environment and the
// flags in one pass, one Validate, and one place that turns the result into
// each part's own configuration. Nothing below it reads the environment.
package config

import (
	"net"
	"path/filepath"
	"slices"
	"time"

	"taskctl/pkg/hooks"
)

// Config is every setting, loaded and checked.
type Config struct {
	Dir  string // absolute; everything is written below it
	File string // the file that was read; empty where there was none

	API struct {
		Addr      string
		Origins   []string
		Hosts     []string
		AccessLog bool
	}
	WSServer struct {
		Addr       string
		RingBytes  int64
		MaxClients int
	}
	Limits struct {
		Rate                  int // requests per second of a token or address; 0: any number
		ConnectionsPerAddress int // 0: any number
	}
	TrustedProxies []string // addresses and prefixes
	WebSocketURL   string   // empty: derived from WSServer.Addr
	Store          string
	Broker         string // empty: the store's own; see UsedBroker
	Postgres       struct {
		URL              string
		PasswordFile     string // relative to Dir, or absolute
		Schema           string
		PoolSize         int
		ConnectTimeout   time.Duration
		StatementTimeout time.Duration
		LosslessFailover bool
	}
	NATS     BrokerServer
	Redis    BrokerServer
	RabbitMQ BrokerServer
	Auth     struct {
		Token     string
		TokenFile string // relative to Dir; holds what Token would
		fromFile  string
	}
	TLS struct {
		Cert, Key string // relative to Dir; empty: plain HTTP
	}
	Lang   string // empty: what the environment asks for
	Events struct {
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
	Start struct {
		Only     []string // empty: all of ours
		TestTask bool
		Timeout  time.Duration
	}
	Stop struct{ Timeout time.Duration }

	// Components are the user's own processes, in the order of the file.
	Components []Component
	// Hooks are the receivers of events, in the order of the file.
	Hooks []hooks.Hook

	sources map[string]string // key → where its value came from
}

// BrokerServer is the server of a broker.
type BrokerServer struct {
	URL    string
	CAFile string // relative to Dir, or absolute; empty: the machine's certificate authorities
}

// The component names that are ours.
const (
	WSServer = "wsserver"
	API      = "api"
	Consumer = "consumer"
	Hooks    = "hooks" // runs only where hooks are configured
	Launcher = "launcher"
)

// ComponentNames are the components in the order of their start: ours, then the
// user's own.
func (c *Config) ComponentNames() []string {
	names := []string{WSServer, API, Consumer}
	for _, component := range c.Components {
		names = append(names, component.Name)
	}
	return names
}

// The stores and brokers.
const (
	StoreSQLite    = "sqlite"
	StorePostgres  = "postgres"
	BrokerDirect   = "direct"
	BrokerPostgres = "postgres"
	BrokerNATS     = "nats"
	BrokerRedis    = "redis"
	BrokerRabbitMQ = "rabbitmq"
)

// UsedBroker is the broker that carries the events.
func (c *Config) UsedBroker() string {
	switch {
	case c.Broker != "":
		return c.Broker
	case c.Store == StorePostgres:
		return BrokerPostgres
	}
	return BrokerDirect
}

// BrokerServer is the server of the broker; false if it has none of its own.
func (c *Config) BrokerServer() (BrokerServer, bool) {
	switch c.UsedBroker() {
	case BrokerNATS:
		return c.NATS, true
	case BrokerRedis:
		return c.Redis, true
	case BrokerRabbitMQ:
		return c.RabbitMQ, true
	}
	return BrokerServer{}, false
}

// Runs reports whether this machine runs a component of ours.
func (c *Config) Runs(component string) bool {
	return len(c.Start.Only) == 0 || slices.Contains(c.Start.Only, component)
}

// LogDir is where the launcher writes its logs.
func (c *Config) LogDir() string { return filepath.Join(c.Dir, "logs") }

// DataDir holds the database, the run state, the control socket and the link token.
func (c *Config) DataDir() string { return filepath.Join(c.Dir, "data") }

// Data returns the path of a file in DataDir.
func (c *Config) Data(name string) string { return filepath.Join(c.DataDir(), name) }

// Database is the SQLite file.
func (c *Config) Database() string { return c.Data("taskctl.db") }

// LockFile is the name of the file in DataDir that the launcher holds locked, and open.
const LockFile = "launcher.lock"

// LinkToken is the file with the secret that lets the api publish into wsserver.
func (c *Config) LinkToken() string { return c.Data("link.token") }

// secure is the letter that TLS adds to a URL scheme: http becomes https.
func (c *Config) secure() string {
	if c.TLS.Cert == "" {
		return ""
	}
	return "s"
}

// APIURL is where HTTP clients on this machine find the api.
func (c *Config) APIURL() string { return "http" + c.secure() + "://" + dialable(c.API.Addr) }

// WebSocket is where consumers find the notifications.
func (c *Config) WebSocket() string {
	if c.WebSocketURL != "" {
		return c.WebSocketURL
	}
	return c.LocalWebSocket()
}

// LocalWebSocket is the notification server's own listener. The launcher's consumer
// uses it, because websocket_url may be a proxy that is down.
func (c *Config) LocalWebSocket() string {
	return "ws" + c.secure() + "://" + dialable(c.WSServer.Addr) + "/"
}

// LinkURL is where the api finds wsserver's link.
func (c *Config) LinkURL() string {
	return "ws" + c.secure() + "://" + dialable(c.WSServer.Addr) + "/link"
}

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
