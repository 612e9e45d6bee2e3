package config

import (
	"taskctl/pkg/logfile"
	"taskctl/pkg/store/postgres"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/supervisor"
	"taskctl/pkg/wsserver"
)

// Default returns the built-in settings. A default that a package has too is taken
// from that package, so that both stay equal.
func Default() *Config {
	c := &Config{Store: StoreSQLite, sources: map[string]string{}}
	c.API.Addr = "localhost:8001"
	c.WSServer.Addr = "localhost:8765"
	c.WSServer.RingBytes = wsserver.DefaultRingBytes
	c.WSServer.MaxClients = wsserver.DefaultMaxClients
	c.Postgres.Schema = postgres.DefaultSchema
	c.Postgres.PoolSize = postgres.DefaultPoolSize
	c.Postgres.ConnectTimeout = postgres.DefaultConnectTimeout
	c.Postgres.StatementTimeout = postgres.DefaultStatementTimeout
	c.NATS.URL = "nats://localhost:4222"
	c.Redis.URL = "redis://localhost:6379"
	c.RabbitMQ.URL = "amqp://guest:guest@localhost:5672/"
	c.Events.MaxAge = sqlite.DefaultMaxAge
	c.Events.Max = sqlite.DefaultMaxEvents
	c.Logs.MaxSize = logfile.DefaultMaxSize
	c.Logs.MaxAge = logfile.DefaultKeep
	c.Logs.MaxTotal = logfile.DefaultTotalCap
	c.Restart.Max = 5
	c.Restart.Window = supervisor.DefaultWindow
	c.Restart.BackoffMin = supervisor.DefaultBackoffMin
	c.Restart.BackoffMax = supervisor.DefaultBackoffMax
	c.Start.TestTask = true
	c.Start.Timeout = supervisor.DefaultReadyTimeout
	c.Stop.Timeout = supervisor.DefaultStopTimeout
	return c
}
