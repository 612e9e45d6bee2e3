package config

import (
	"net"
	"strings"

	"github.com/taskctl/taskctl/pkg/listen"
	"github.com/taskctl/taskctl/pkg/message"
)

// validate checks what no single value shows. Each value by itself is good.
func (c *Config) validate() Problems {
	var problems Problems
	fail := func(key string, text func(message.Lang) string) {
		problems = append(problems, Problem{Where: c.Source(key), Text: text})
	}
	for _, l := range []struct{ key, addr string }{{"api.addr", c.API.Addr}, {"wsserver.addr", c.WSServer.Addr}} {
		if host, _, _ := net.SplitHostPort(l.addr); !listen.IsLoopback(host) && c.Auth.Token == "" {
			fail(l.key, func(lang message.Lang) string { return lang.ConfigNeedsToken(l.key, l.addr) })
		}
	}
	if port, shared := sharedPort(c.API.Addr, c.WSServer.Addr); shared {
		fail("wsserver.addr", func(l message.Lang) string { return l.ConfigSamePort("api.addr", "wsserver.addr", port) })
	}
	return problems
}

// sharedPort returns the port that two listeners want on one address, if they do.
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

// Language is the language to speak: the setting, else what the environment asks for.
func (c *Config) Language(getenv func(string) string) message.Lang {
	if lang, ok := message.Parse(c.Lang); c.Lang != "" && ok {
		return lang
	}
	return message.FromEnvironment(getenv)
}
