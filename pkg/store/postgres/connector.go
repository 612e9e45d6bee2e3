package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// connector opens connections to one database.
type connector struct {
	options Options
	config  *pgconn.Config
	trips   counter
}

// newConnector checks the URL. The error never contains its password.
func newConnector(o Options) (*connector, error) {
	config, err := ParseURL(o.URL)
	if err != nil {
		return nil, err
	}
	config.ConnectTimeout = o.ConnectTimeout
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "taskctl"
	}
	return &connector{options: o, config: config}, nil
}

// ParseURL reads a connection string as libpq does: a URL or key=value pairs, with
// sslmode, sslrootcert and the others. Missing values come from the PG* variables and
// ~/.pgpass. The error never contains a password.
func ParseURL(url string) (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig(url)
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		text := err.Error()
		if _, reason, found := strings.Cut(text, "`: "); found {
			text = reason // without the connection string
		}
		return nil, errors.New(text)
	}
	return config, err
}

// name is the address of the database, without secrets.
func (c *connector) name() string { return nameOf(c.config) }

// ServerName is the address of the database in a URL, without secrets: host:port/name.
func ServerName(url string) string {
	config, err := ParseURL(url)
	if err != nil {
		return ""
	}
	return nameOf(config)
}

func nameOf(c *pgconn.Config) string {
	if strings.HasPrefix(c.Host, "/") {
		return c.Host + " (" + c.Database + ")"
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) + "/" + c.Database
}

// connect opens a connection, checks the server, and sets the session settings that the
// store needs. The error is a *ServerError.
func (c *connector) connect(ctx context.Context) (*conn, error) {
	return c.connectNotified(ctx, nil)
}

// connectNotified is connect for a connection that listens.
func (c *connector) connectNotified(ctx context.Context, notified func(payload string)) (*conn, error) {
	connected, err := c.dial(ctx, notified)
	if err != nil {
		return nil, c.serverError(err)
	}
	if err := connected.setUp(c.options); err != nil {
		return nil, errors.Join(c.serverError(err), connected.close())
	}
	return connected, nil
}

func (c *connector) dial(ctx context.Context, notified func(payload string)) (*conn, error) {
	config := c.config.Copy()
	if notified != nil {
		config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { notified(n.Payload) }
	}
	if c.options.PasswordFile != "" { // read for each connection, because the file may be replaced
		text, err := os.ReadFile(c.options.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("read the password: %w", err)
		}
		config.Password = strings.TrimRight(string(text), "\r\n")
	}
	connected := &conn{
		prepared: map[*statement]*pgconn.StatementDescription{},
		timeout:  c.options.StatementTimeout, trips: &c.trips,
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if n.Severity == "WARNING" || n.SeverityUnlocalized == "WARNING" {
			connected.warned = n
		}
	}
	hosts := time.Duration(1 + len(config.Fallbacks)) // each host gets its own attempt
	ctx, cancel := context.WithTimeout(ctx, hosts*c.options.ConnectTimeout+grace)
	defer cancel()
	var err error
	connected.pg, err = pgconn.ConnectConfig(ctx, config)
	return connected, err
}

// idleInTransaction is how long the server keeps the row lock of a node that has died.
// The other nodes wait that long.
const idleInTransaction = 2 * time.Second

// setUp checks the server and sets the session up, in one round trip. A second one asks
// for values that not every server provides.
func (c *conn) setUp(o Options) error {
	if err := c.deadline(); err != nil {
		return err
	}
	// With synchronous_commit off, the server answers before the commit is synced.
	settings := fmt.Sprintf(`SELECT
		current_setting('server_version_num'), pg_is_in_recovery(), current_setting('server_encoding'),
		current_setting('default_transaction_read_only'), current_setting('fsync'),
		set_config('statement_timeout', '%d', false),
		set_config('idle_in_transaction_session_timeout', '%d', false),
		set_config('default_transaction_isolation', 'read committed', false),
		set_config('idle_session_timeout', '0', false),
		set_config('client_encoding', 'UTF8', false),
		set_config('synchronous_commit', CASE current_setting('synchronous_commit')
			WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),
		pg_backend_pid()`,
		o.StatementTimeout.Milliseconds(), idleInTransaction.Milliseconds())
	c.trips.increment()
	results, err := c.pg.Exec(context.Background(), settings).ReadAll()
	if err != nil {
		return err
	}
	s := results[0].Rows[0]
	version, err := strconv.Atoi(string(s[0]))
	switch {
	case err != nil:
		return fmt.Errorf("read the server's version: %w", err)
	case version < minVersion:
		return &ServerError{Problem: TooOld, Detail: strconv.Itoa(version / 10_000)}
	case string(s[1]) == "t", string(s[3]) == "on":
		return &ServerError{Problem: Standby}
	case string(s[2]) != "UTF8":
		return &ServerError{Problem: Encoding, Detail: string(s[2])}
	}
	c.server.fsyncOff = string(s[4]) == "off"
	c.server.version = version
	c.pooled = string(s[len(s)-1]) != strconv.FormatUint(uint64(c.pg.PID()), 10)
	return c.identify(o.Schema)
}

// minVersion is the oldest server that is supported, as server_version_num.
const minVersion = 140_000
