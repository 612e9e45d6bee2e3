package config

import (
	"strings"
	"time"
)

// setting is one scalar: its key in the file, from which the names of its variable
// and flag are derived, and how it is read into Config.
type setting struct {
	key    string
	doc    string // for the commented file: whole lines without "#"
	secret bool
	isList bool                // a sequence in the file, values with commas elsewhere
	mask   func(string) string // what may be shown of the value; nil: all of it
	get    func(*Config) string
	set    func(*Config, string) error
}

// Env is the name of the variable that sets a key: "api.addr" → "TASKCTL_API_ADDR".
func Env(key string) string {
	return "TASKCTL_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// Flag is the name of the flag that sets a key: "restart.backoff_min" → "restart-backoff-min".
func Flag(key string) string {
	if key == "start.only" { // a flag of `start` alone
		return "only"
	}
	return strings.NewReplacer(".", "-", "_", "-").Replace(key)
}

// settings lists all settings in the order of the commented file.
func settings() []setting {
	return []setting{
		address("api.addr", "Where the REST API listens. localhost means 127.0.0.1 and ::1; port 0 picks one.\nBeyond loopback, auth.token must be set.",
			func(c *Config) *string { return &c.API.Addr }),
		list("api.origins", "Browser origins that may use the API and the notifications, besides the board's\nown: [https://tasks.example, https://*.corp.example]",
			parseOrigin, func(c *Config) *[]string { return &c.API.Origins }),
		list("api.hosts", "Host names that requests on a loopback address may carry, besides localhost:\n[tasks.example, \"*.corp.example\"]",
			parseHost, func(c *Config) *[]string { return &c.API.Hosts }),
		flag("api.access_log", "Log a line for every request.",
			func(c *Config) *bool { return &c.API.AccessLog }),
		count("limits.rate", "Requests per second of one token, or of one address without a token, on either port;\nfurther ones are answered 429 with Retry-After. 0: no limit.",
			0, func(c *Config) *int { return &c.Limits.Rate }),
		count("limits.connections_per_address", "Connections of one address on either port, except this machine's; requests on further\nones are answered 503. 0: no limit.",
			0, func(c *Config) *int { return &c.Limits.ConnectionsPerAddress }),
		list("trusted_proxies", "Proxies whose X-Forwarded-For counts in limits and logs: [10.0.0.0/8, \"::1\"]",
			parseProxy, func(c *Config) *[]string { return &c.TrustedProxies }),
		address("wsserver.addr", "Where the WebSocket notification server listens.",
			func(c *Config) *string { return &c.WSServer.Addr }),
		size("wsserver.ring_bytes", "Memory for the newest notifications, shared by all clients; older ones are read from\nthe database.",
			func(c *Config) *int64 { return &c.WSServer.RingBytes }),
		count("wsserver.max_clients", "Clients at once; further ones are answered 503 with Retry-After.",
			1, func(c *Config) *int { return &c.WSServer.MaxClients }),
		text("websocket_url", "Where consumers connect; empty: derived from wsserver.addr.",
			checkWebSocketURL, func(c *Config) *string { return &c.WebSocketURL }),
		choice("store", "Where tasks are stored: sqlite (data/taskctl.db), or postgres, which several machines\ncan share.",
			func(c *Config) *string { return &c.Store }, StoreSQLite, StorePostgres),
		choice("broker", "How events travel from the API to wsserver: direct (a WebSocket between the two);\nfor several machines with store postgres: postgres (notifications of the database),\nnats, redis or rabbitmq; empty: direct with store sqlite, postgres with store postgres.",
			func(c *Config) *string { return &c.Broker }, BrokerDirect, BrokerPostgres, BrokerNATS, BrokerRedis, BrokerRabbitMQ, ""),
		masked(text("nats.url", "The server of broker: nats, with user and password if it needs them; tls:// for TLS.",
			brokerURL("nats", "tls"), func(c *Config) *string { return &c.NATS.URL }), redacted),
		text("nats.ca_file", "The certificate authorities that tls:// trusts, in PEM, relative to --dir if it\nis not an absolute path; empty: those of the machine.",
			anyText, func(c *Config) *string { return &c.NATS.CAFile }),
		masked(text("redis.url", "The server of broker: redis; rediss:// for TLS.",
			brokerURL("redis", "rediss"), func(c *Config) *string { return &c.Redis.URL }), redacted),
		text("redis.ca_file", "The certificate authorities that rediss:// trusts, in PEM, relative to --dir if it\nis not an absolute path; empty: those of the machine.",
			anyText, func(c *Config) *string { return &c.Redis.CAFile }),
		masked(text("rabbitmq.url", "The server of broker: rabbitmq; amqps:// for TLS.",
			brokerURL("amqp", "amqps"), func(c *Config) *string { return &c.RabbitMQ.URL }), redacted),
		text("rabbitmq.ca_file", "The certificate authorities that amqps:// trusts, in PEM, relative to --dir if it\nis not an absolute path; empty: those of the machine.",
			anyText, func(c *Config) *string { return &c.RabbitMQ.CAFile }),
		masked(text("postgres.url", "The database, as libpq has it, with sslmode and sslrootcert:\npostgres://taskctl@db.internal/tasks?sslmode=verify-full",
			checkPostgresURL, func(c *Config) *string { return &c.Postgres.URL }), redacted),
		text("postgres.password_file", "A file with the password, read at every connection, relative to --dir if it is\nnot an absolute path; empty: the password is in the URL or in ~/.pgpass.",
			anyText, func(c *Config) *string { return &c.Postgres.PasswordFile }),
		text("postgres.schema", "The schema of the tables, created if it is missing.",
			checkIdentifier, func(c *Config) *string { return &c.Postgres.Schema }),
		count("postgres.pool_size", "Connections for reading, for each process; there are up to three more.",
			1, func(c *Config) *int { return &c.Postgres.PoolSize }),
		duration("postgres.connect_timeout", "How long a host may take to accept a connection.",
			func(c *Config) *time.Duration { return &c.Postgres.ConnectTimeout }),
		duration("postgres.statement_timeout", "How long the server may take to answer a statement.",
			func(c *Config) *time.Duration { return &c.Postgres.StatementTimeout }),
		flag("postgres.lossless_failover", "Replication is synchronous: a replica that is promoted has every commit, so that\nclients resume there. Otherwise they have to read all tasks again.",
			func(c *Config) *bool { return &c.Postgres.LosslessFailover }),
		secret(text("auth.token", "When set, every request and connection must carry it (Authorization: Bearer …).",
			checkSecret, func(c *Config) *string { return &c.Auth.Token })),
		text("auth.token_file", "A file that holds the token instead, relative to the directory. Named tokens with\nscopes are made with `taskctl token new`, and kept in data/tokens.",
			anyText, func(c *Config) *string { return &c.Auth.TokenFile }),
		text("tls.cert", "The certificate of both ports, with its chain, and its key; both in PEM, relative to\nthe directory. Renewed files are taken up within a second. Empty: plain HTTP.",
			anyText, func(c *Config) *string { return &c.TLS.Cert }),
		text("tls.key", "",
			anyText, func(c *Config) *string { return &c.TLS.Key }),
		choice("lang", "Language of messages for people: en or es; empty: what the environment says.",
			func(c *Config) *string { return &c.Lang }, "en", "es", ""),
		duration("events.max_age", "How long the event log is kept, so that clients can resume.",
			func(c *Config) *time.Duration { return &c.Events.MaxAge }),
		count("events.max", "How many events are kept at most.",
			1, func(c *Config) *int { return &c.Events.Max }),
		size("logs.max_size", "The size at which a log file is rotated.",
			func(c *Config) *int64 { return &c.Logs.MaxSize }),
		duration("logs.max_age", "The age at which a rotated log file is deleted.",
			func(c *Config) *time.Duration { return &c.Logs.MaxAge }),
		size("logs.max_total", "The size of all of logs/ together; above it the oldest rotated files are deleted.",
			func(c *Config) *int64 { return &c.Logs.MaxTotal }),
		count("restart.max", "A component that dies this often within restart.window is not restarted any more\n(failed); 0: it is always restarted.",
			0, func(c *Config) *int { return &c.Restart.Max }),
		duration("restart.window", "",
			func(c *Config) *time.Duration { return &c.Restart.Window }),
		duration("restart.backoff_min", "A component that dies before it was ready for a second is restarted after this\nlong, doubling up to restart.backoff_max.",
			func(c *Config) *time.Duration { return &c.Restart.BackoffMin }),
		duration("restart.backoff_max", "",
			func(c *Config) *time.Duration { return &c.Restart.BackoffMax }),
		list("start.only", "The components of this machine, of wsserver, api, consumer and hooks; empty: all.",
			parseComponent, func(c *Config) *[]string { return &c.Start.Only }),
		flag("start.test_task", "Create the test task at each start, and see its notification arrive.",
			func(c *Config) *bool { return &c.Start.TestTask }),
		duration("start.timeout", "How long a component may take to become ready.",
			func(c *Config) *time.Duration { return &c.Start.Timeout }),
		duration("stop.timeout", "How long a component may take to stop before it is killed.",
			func(c *Config) *time.Duration { return &c.Stop.Timeout }),
	}
}
