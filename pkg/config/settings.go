package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/taskctl/taskctl/pkg/access"
	"github.com/taskctl/taskctl/pkg/client"
)

// setting is one named scalar: the file's key, from which the variable's and the
// flag's names follow, and the way into Config.
type setting struct {
	key    string
	doc    string // for the commented file: whole lines, no "#"
	secret bool
	get    func(*Config) string
	set    func(*Config, string) error
}

// Env is the name of the variable that sets a key: "api.addr" → "TASKCTL_API_ADDR".
func Env(key string) string {
	return "TASKCTL_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// Flag is the name of the flag that sets a key: "restart.backoff_min" → "restart-backoff-min".
func Flag(key string) string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(key)
}

// settings is the whole list, in the order of the documented file.
func settings() []setting {
	return []setting{
		address("api.addr", "Where the REST API listens. localhost means 127.0.0.1 and ::1; port 0 picks one.\nBeyond loopback, auth.token must be set.",
			func(c *Config) *string { return &c.API.Addr }),
		list("api.origins", "Browser origins that may use the API and the notifications, besides the board's\nown: [https://tasks.example]",
			parseOrigin, func(c *Config) *[]string { return &c.API.Origins }),
		list("api.hosts", "Host names that requests on a loopback address may carry, besides localhost.",
			parseHost, func(c *Config) *[]string { return &c.API.Hosts }),
		address("wsserver.addr", "Where the WebSocket notification server listens.",
			func(c *Config) *string { return &c.WSServer.Addr }),
		size("wsserver.ring_bytes", "Memory for the newest notifications, shared by all clients; whoever is further\nbehind is fed from the database.",
			func(c *Config) *int64 { return &c.WSServer.RingBytes }),
		count("wsserver.max_clients", "Clients at once; one more is told to come back later.",
			1, func(c *Config) *int { return &c.WSServer.MaxClients }),
		text("websocket_url", "Where consumers connect; empty: derived from wsserver.addr.",
			checkWebSocketURL, func(c *Config) *string { return &c.WebSocketURL }),
		choice("store", "Where tasks live: sqlite (data/taskctl.db).",
			func(c *Config) *string { return &c.Store }, "sqlite"),
		choice("broker", "How events travel from the API to wsserver: direct (a WebSocket between the two).",
			func(c *Config) *string { return &c.Broker }, "direct"),
		secret(text("auth.token", "When set, every request and connection must carry it (Authorization: Bearer …).",
			checkSecret, func(c *Config) *string { return &c.Auth.Token })),
		choice("lang", "Language of messages for people: en or es; empty: what the environment says.",
			func(c *Config) *string { return &c.Lang }, "en", "es", ""),
		duration("events.max_age", "How long the event log is kept, so that clients can resume.",
			func(c *Config) *time.Duration { return &c.Events.MaxAge }),
		count("events.max", "How many events are kept at most.",
			1, func(c *Config) *int { return &c.Events.Max }),
		size("logs.max_size", "A log file is rotated at this size …",
			func(c *Config) *int64 { return &c.Logs.MaxSize }),
		duration("logs.max_age", "… and a rotated one is deleted at this age, …",
			func(c *Config) *time.Duration { return &c.Logs.MaxAge }),
		size("logs.max_total", "… or when all of logs/ together is larger than this.",
			func(c *Config) *int64 { return &c.Logs.MaxTotal }),
		count("restart.max", "A component that dies this often within restart.window is given up (failed);\n0 never gives up.",
			0, func(c *Config) *int { return &c.Restart.Max }),
		duration("restart.window", "",
			func(c *Config) *time.Duration { return &c.Restart.Window }),
		duration("restart.backoff_min", "A component that dies before it was ready for a second is restarted after this\nlong, doubling up to restart.backoff_max.",
			func(c *Config) *time.Duration { return &c.Restart.BackoffMin }),
		duration("restart.backoff_max", "",
			func(c *Config) *time.Duration { return &c.Restart.BackoffMax }),
		duration("start.timeout", "How long a component may take to become ready.",
			func(c *Config) *time.Duration { return &c.Start.Timeout }),
		duration("stop.timeout", "How long a component may take to stop before it is killed.",
			func(c *Config) *time.Duration { return &c.Stop.Timeout }),
	}
}

// Default returns the built-in settings.
func Default() *Config {
	c := &Config{Store: "sqlite", Broker: "direct", sources: map[string]string{}}
	c.API.Addr = "localhost:8001"
	c.WSServer.Addr = "localhost:8765"
	c.WSServer.RingBytes = 8 << 20
	c.WSServer.MaxClients = 10_000
	c.Events.MaxAge = 7 * 24 * time.Hour
	c.Events.Max = 1_000_000
	c.Logs.MaxSize = 10 << 20
	c.Logs.MaxAge = 30 * 24 * time.Hour
	c.Logs.MaxTotal = 200 << 20
	c.Restart.Max = 5
	c.Restart.Window = time.Minute
	c.Restart.BackoffMin = 100 * time.Millisecond
	c.Restart.BackoffMax = 10 * time.Second
	c.Start.Timeout = 30 * time.Second
	c.Stop.Timeout = 10 * time.Second
	return c
}

// text is a setting that check finds nothing wrong with.
func text(key, doc string, check func(string) error, field func(*Config) *string) setting {
	return setting{
		key: key, doc: doc,
		get: func(c *Config) string { return *field(c) },
		set: func(c *Config, s string) error {
			if err := check(s); err != nil {
				return err
			}
			*field(c) = s
			return nil
		},
	}
}

func address(key, doc string, field func(*Config) *string) setting {
	return text(key, doc, checkAddress, field)
}

// choice takes one of some words; an empty one stands for the default and is not
// named to people.
func choice(key, doc string, field func(*Config) *string, choices ...string) setting {
	return text(key, doc, func(s string) error {
		if slices.Contains(choices, s) {
			return nil
		}
		return choiceError(slices.DeleteFunc(slices.Clone(choices), func(c string) bool { return c == "" }))
	}, field)
}

func secret(s setting) setting {
	s.secret = true
	return s
}

// list is values with commas between them, each as parse returns it.
func list(key, doc string, parse func(string) (string, error), field func(*Config) *[]string) setting {
	return setting{
		key: key, doc: doc,
		get: func(c *Config) string { return strings.Join(*field(c), ",") },
		set: func(c *Config, s string) error {
			var items []string
			for item := range strings.SplitSeq(s, ",") {
				if item = strings.TrimSpace(item); item == "" {
					continue
				}
				item, err := parse(item)
				if err != nil {
					return err
				}
				items = append(items, item)
			}
			*field(c) = items
			return nil
		},
	}
}

func count(key, doc string, least int, field func(*Config) *int) setting {
	return setting{
		key: key, doc: doc,
		get: func(c *Config) string { return strconv.Itoa(*field(c)) },
		set: func(c *Config, s string) (err error) { *field(c), err = countFrom(least)(s); return err },
	}
}

func duration(key, doc string, field func(*Config) *time.Duration) setting {
	return setting{
		key: key, doc: doc,
		get: func(c *Config) string { return FormatDuration(*field(c)) },
		set: func(c *Config, s string) (err error) { *field(c), err = positive(ParseDuration)(s); return err },
	}
}

func size(key, doc string, field func(*Config) *int64) setting {
	return setting{
		key: key, doc: doc,
		get: func(c *Config) string { return FormatSize(*field(c)) },
		set: func(c *Config, s string) (err error) { *field(c), err = positive(ParseSize)(s); return err },
	}
}

func checkAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || strconv.FormatUint(n, 10) != port {
		return errAddress
	}
	return nil
}

// checkWebSocketURL refuses what a client would when it starts.
func checkWebSocketURL(s string) error {
	if _, err := client.New(client.Config{WebSocketURL: s}); err != nil {
		return errURL
	}
	return nil
}

// checkSecret refuses what a header cannot carry: control characters, and spaces
// that would be trimmed on the way.
func checkSecret(s string) error {
	if strings.ContainsFunc(s, unicode.IsControl) || strings.TrimSpace(s) != s {
		return errSecret
	}
	return nil
}

func parseOrigin(s string) (string, error) {
	origin, err := access.ParseOrigin(s)
	if err != nil {
		return "", errOrigin
	}
	return origin, nil
}

func parseHost(s string) (string, error) {
	if strings.ContainsAny(s, ":/@ ") {
		return "", errHost
	}
	return s, nil
}

// countFrom is how a whole number is read that is at least this.
func countFrom(least int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > 1<<31-1 {
			return 0, countError(least)
		}
		return n, nil
	}
}

// positive is parse without 0, which the rooms below would take for "not set" and
// replace with defaults of their own.
func positive[T time.Duration | int64](parse func(string) (T, error)) func(string) (T, error) {
	return func(s string) (T, error) {
		n, err := parse(s)
		if err == nil && n == 0 {
			err = errZero
		}
		return n, err
	}
}

// ParseDuration reads a Go duration, or a whole number of days: "90s", "1h30m", "7d".
// It is never negative.
func ParseDuration(s string) (time.Duration, error) {
	if digits, isDays := strings.CutSuffix(s, "d"); isDays {
		days, err := strconv.Atoi(digits)
		if err != nil || days < 0 || days > 36_500 {
			return 0, errDuration
		}
		return time.Duration(days) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errDuration
	}
	return d, nil
}

// FormatDuration renders a duration as ParseDuration reads it, without empty parts.
func FormatDuration(d time.Duration) string {
	if d >= 24*time.Hour && d%(24*time.Hour) == 0 {
		return strconv.Itoa(int(d/(24*time.Hour))) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// sizeUnits are tried in this order, so that a suffix of another comes after it.
var sizeUnits = [...]struct {
	suffix string
	bytes  int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"kB", 1e3}, {"B", 1}, {"", 1}}

// ParseSize reads a number of bytes: "8388608", "8MiB", "10MB".
func ParseSize(s string) (int64, error) {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > (1<<62)/u.bytes {
			return 0, errSize
		}
		return n * u.bytes, nil
	}
	return 0, errSize
}

// FormatSize renders a size as ParseSize reads it, in the largest whole unit.
func FormatSize(n int64) string {
	for _, u := range sizeUnits[:3] {
		if n >= u.bytes && n%u.bytes == 0 {
			return fmt.Sprintf("%d%s", n/u.bytes, u.suffix)
		}
	}
	return strconv.FormatInt(n, 10)
}
