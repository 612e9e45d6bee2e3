package config

import (
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"

	"taskctl/pkg/broker/notice"
	"taskctl/pkg/listen"
	"taskctl/pkg/message"
)

// validate checks settings against each other. Each value by itself is valid.
func (c *Config) validate(found Problems) Problems {
	var problems Problems
	fail := func(key string, text func(message.Lang) string) {
		problems = append(problems, Problem{Where: c.Source(key), Text: text})
	}
	for _, l := range []struct{ key, addr string }{{"api.addr", c.API.Addr}, {"wsserver.addr", c.WSServer.Addr}} {
		if host, _, _ := net.SplitHostPort(l.addr); !listen.IsLoopback(host) && !c.NeedsToken() {
			fail(l.key, func(lang message.Lang) string { return lang.ConfigNeedsToken(l.key, l.addr) })
		}
	}
	if err := c.checkTLS(); err != nil {
		fail("tls.cert", func(l message.Lang) string { return l.ConfigUnreadableFile("tls.cert", err.Error()) })
	}
	if port, shared := sharedPort(c.API.Addr, c.WSServer.Addr); shared {
		fail("wsserver.addr", func(l message.Lang) string { return l.ConfigSamePort("api.addr", "wsserver.addr", port) })
	}
	mistaken := slices.ContainsFunc(found, func(p Problem) bool { return p.Where == c.Source("postgres.url") })
	if c.Store == StorePostgres && c.Postgres.URL == "" && !mistaken {
		fail("store", func(l message.Lang) string { return l.ConfigNeedsURL(Env("postgres.url")) })
	}
	if c.Store != StorePostgres && c.UsedBroker() != BrokerDirect {
		fail("broker", func(l message.Lang) string { return l.ConfigNeedsStore(c.Broker, StorePostgres) })
	}
	return append(problems, c.checkBrokerCAs()...)
}

// checkBrokerCAs reads the certificate authorities of brokers.
func (c *Config) checkBrokerCAs() (problems Problems) {
	for _, b := range []struct {
		BrokerServer
		group, scheme string // the scheme with TLS
	}{{c.NATS, "nats", "tls"}, {c.Redis, "redis", "rediss"}, {c.RabbitMQ, "rabbitmq", "amqps"}} {
		key := b.group + ".ca_file"
		fail := func(text func(message.Lang) string) {
			problems = append(problems, Problem{Where: c.Source(key), Text: text})
		}
		file := c.BrokerCA(b.BrokerServer)
		_, err := notice.Trust(file)
		switch {
		case file != "" && !strings.HasPrefix(b.URL, b.scheme+"://"):
			fail(func(l message.Lang) string { return l.ConfigNeedsScheme(key, b.group+".url", b.scheme) })
		case errors.Is(err, notice.ErrCertificates):
			fail(func(l message.Lang) string { return l.ConfigNoCertificates(key, file) })
		case err != nil:
			fail(func(l message.Lang) string { return l.ConfigUnreadableFile(key, err.Error()) })
		}
	}
	return problems
}

// checkTLS reads the certificate, so that a mistake is reported before anything
// starts.
func (c *Config) checkTLS() error {
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return errors.New("tls.cert and tls.key belong together")
	}
	_, err := c.Certificate(slog.New(slog.DiscardHandler))
	return err
}

// sharedPort reports whether two listeners would share a port on one address, and
// which.
func sharedPort(a, b string) (string, bool) {
	hostA, port, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	if port != portB || port == "0" {
		return "", false
	}
	everywhere := func(host string) bool {
		ip := net.ParseIP(host)
		return host == "" || ip != nil && ip.IsUnspecified()
	}
	local := func(host, other string) bool { // localhost is 127.0.0.1 and ::1
		return strings.EqualFold(host, "localhost") && (other == "127.0.0.1" || other == "::1")
	}
	return port, strings.EqualFold(hostA, hostB) || everywhere(hostA) || everywhere(hostB) || local(hostA, hostB) || local(hostB, hostA)
}

// Language is the language of messages: the setting, else that of the environment.
func (c *Config) Language(getenv func(string) string) message.Lang {
	if lang, ok := message.Parse(c.Lang); c.Lang != "" && ok {
		return lang
	}
	return message.FromEnvironment(getenv)
}
