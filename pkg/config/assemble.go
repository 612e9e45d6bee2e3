package config

import (
	"cmp"
	"crypto/tls"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"time"

	"taskctl/pkg/access"
	"taskctl/pkg/api"
	"taskctl/pkg/client"
	"taskctl/pkg/listen"
	"taskctl/pkg/logfile"
	"taskctl/pkg/store/postgres"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/wsserver"
)

// retireGrace is how long a replaced generation keeps idle connections open, so
// that it can answer the next request on each with `Connection: close`.
const retireGrace = 10 * time.Second

// At returns the settings with the addresses of the open listeners, where port 0
// has become a number. A component that this machine does not run has none.
func (c *Config) At(apiAddr, wsserverAddr string) *Config {
	live := *c
	live.API.Addr, live.WSServer.Addr = cmp.Or(apiAddr, c.API.Addr), cmp.Or(wsserverAddr, c.WSServer.Addr)
	return &live
}

// Environ renders the settings as the environment of a child process. A child thus
// keeps the settings that its launcher started with, also when the file changes.
func (c *Config) Environ(devNull string) []string {
	env := []string{"TASKCTL_DIR=" + c.Dir, "TASKCTL_CONFIG=" + devNull}
	for _, s := range settings() {
		if value := s.get(c); value != s.get(Default()) {
			env = append(env, Env(s.key)+"="+value)
		}
	}
	return append(env, c.hooksEntry()...)
}

// Token is auth.token, or the token in auth.token_file; empty: neither is set.
func (c *Config) Token() string { return cmp.Or(c.Auth.Token, c.Auth.fromFile) }

// TokenStore keeps the named tokens.
func (c *Config) TokenStore() access.Store { return access.Store{Dir: c.DataDir()} }

// NeedsToken reports whether requests need a token.
func (c *Config) NeedsToken() bool { return c.Token() != "" || c.TokenStore().Exists() }

// InternalToken is the path of the secret with which the components of this system,
// and commands on this machine, authenticate.
func (c *Config) InternalToken() string { return c.Data("internal.token") }

// Tokens are the secrets that requests may authenticate with. The caller reads the
// internal one.
func (c *Config) Tokens(internal string, logger *slog.Logger) *access.Tokens {
	return access.NewTokens(access.TokenOptions{Token: c.Token(), Internal: internal, Store: c.TokenStore(), Logger: logger})
}

// Certificate reads the certificate of both ports; nil: there is none.
func (c *Config) Certificate(logger *slog.Logger) (*listen.Certificate, error) {
	if c.TLS.Cert == "" {
		return nil, nil
	}
	return listen.LoadCertificate(c.inDir(c.TLS.Cert), c.inDir(c.TLS.Key), logger)
}

// ClientTLS is the TLS configuration of clients on this machine. It trusts tls.cert
// besides the system's certificates; nil: tls.cert is not set.
func (c *Config) ClientTLS() *tls.Config {
	if c.TLS.Cert == "" {
		return nil
	}
	return listen.Pinned(c.inDir(c.TLS.Cert))
}

// Credentials is how both servers check their clients.
type Credentials struct {
	Tokens      *access.Tokens
	Certificate *listen.Certificate // nil: plain HTTP
}

// perAddress limits the connections of one address, except that of a proxy, which
// connects for many clients.
func (c *Config) perAddress() listen.PerAddress {
	return listen.PerAddress{Max: c.Limits.ConnectionsPerAddress, Exempt: c.proxies().Contains}
}

func (c *Config) proxies() access.Proxies {
	var proxies access.Proxies
	for _, text := range c.TrustedProxies {
		prefix, _ := access.ParseProxy(text) // validated
		proxies = append(proxies, prefix)
	}
	return proxies
}

// APIConfig is the api's own part of the settings.
func (c *Config) APIConfig(version string, credentials Credentials) api.Config {
	return api.Config{
		TLS:          credentials.Certificate.Server(),
		PerAddress:   c.perAddress(),
		AccessLog:    c.API.AccessLog,
		Access:       c.access(c.API.Addr, credentials.Tokens),
		Version:      version,
		WebSocketURL: c.WebSocket(),
		Grace:        retireGrace,
		DrainTimeout: c.drainTimeout(),
	}
}

// WSServerConfig is the notification server's own part of the settings.
func (c *Config) WSServerConfig(credentials Credentials) wsserver.Config {
	return wsserver.Config{
		TLS:          credentials.Certificate.Server(),
		PerAddress:   c.perAddress(),
		Access:       c.access(c.WSServer.Addr, credentials.Tokens),
		RingBytes:    c.WSServer.RingBytes,
		MaxClients:   c.WSServer.MaxClients,
		Grace:        retireGrace,
		DrainTimeout: c.drainTimeout(),
	}
}

// StoreOptions are the options of a SQLite store; the caller adds the publisher.
func (c *Config) StoreOptions() sqlite.Options {
	return sqlite.Options{
		Path:      c.Database(),
		Retention: sqlite.Retention{MaxAge: c.Events.MaxAge, MaxEvents: c.Events.Max},
	}
}

// LogNames are the components that have a log file.
func (c *Config) LogNames() []string {
	names := []string{Launcher, WSServer, API, Consumer, Hooks}
	for _, own := range c.Components {
		names = append(names, own.Name)
	}
	return names
}

// PostgresOptions is StoreOptions for a database that several machines share.
func (c *Config) PostgresOptions() postgres.Options {
	p := c.Postgres
	if p.PasswordFile != "" {
		p.PasswordFile = c.inDir(p.PasswordFile)
	}
	return postgres.Options{
		URL: p.URL, PasswordFile: p.PasswordFile, Schema: p.Schema, PoolSize: p.PoolSize,
		ConnectTimeout: p.ConnectTimeout, StatementTimeout: p.StatementTimeout, LosslessFailover: p.LosslessFailover,
		Retention: postgres.Retention{MaxAge: c.Events.MaxAge, MaxEvents: c.Events.Max},
	}
}

// BrokerCA is the path of a broker's certificate authorities; empty: those of the
// machine.
func (c *Config) BrokerCA(server BrokerServer) string {
	if server.CAFile == "" {
		return ""
	}
	return c.inDir(server.CAFile)
}

// StoreServer names the database server, without secrets; empty for SQLite.
func (c *Config) StoreServer() string {
	if c.Store != StorePostgres {
		return ""
	}
	return postgres.ServerName(c.Postgres.URL)
}

// LogOptions bound the log files.
func (c *Config) LogOptions() logfile.Options {
	return logfile.Options{MaxSize: c.Logs.MaxSize, Keep: c.Logs.MaxAge, TotalCap: c.Logs.MaxTotal}
}

// ClientConfig connects a client on this machine to the system. Where no auth.token
// is set but a token is needed, it uses the internal one, if this user can read it.
func (c *Config) ClientConfig() client.Config {
	token := c.Token()
	if token == "" && c.TokenStore().Exists() {
		token, _ = access.ReadSecret(c.InternalToken()) // without it the server says what is missing
	}
	return client.Config{BaseURL: c.APIURL(), WebSocketURL: c.WebSocket(), Token: token, TLS: c.ClientTLS()}
}

// SubscriberConfig is ClientConfig for a client that connects to websocket_url. That
// may be elsewhere, so it does not get the internal token there.
func (c *Config) SubscriberConfig() client.Config {
	to := c.ClientConfig()
	if c.WebSocketURL != "" {
		to.Token = c.Token()
	}
	return to
}

// RetireTimeout is how long a replaced generation may take to end.
func (c *Config) RetireTimeout() time.Duration { return retireGrace + c.Stop.Timeout }

// drainTimeout ends before stop.timeout, so that a component can report what it did
// not finish before it is killed.
func (c *Config) drainTimeout() time.Duration { return c.Stop.Timeout * 8 / 10 }

// access is the access control of the listener at addr. The board may call both
// ports, under each name of this machine.
func (c *Config) access(addr string, tokens *access.Tokens) access.Policy {
	host, _, _ := net.SplitHostPort(addr) // validated
	return access.Policy{
		Tokens:   tokens,
		Proxies:  c.proxies(),
		Limiter:  access.NewLimiter(c.Limits.Rate),
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
		scheme := "http" + c.secure() + "://"
		origin := scheme + net.JoinHostPort(h, port)
		if n, _ := strconv.Atoi(port); n == 80 && c.secure() == "" || n == 443 && c.secure() != "" {
			origin = scheme + h
		}
		origins = append(origins, origin)
	}
	return origins
}
