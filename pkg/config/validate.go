package config

import (
	"net"
	"net/url"
	"strconv"

	"github.com/taskctl/taskctl/pkg/listen"
	"github.com/taskctl/taskctl/pkg/message"
)

// validate checks what no single value shows.
func (c *Config) validate() Problems {
	var problems Problems
	fail := func(key string, text func(message.Lang) string) {
		problems = append(problems, Problem{Where: c.Source(key), Text: text})
	}
	oneOf := func(key, value string, choices ...string) {
		for _, choice := range choices {
			if value == choice {
				return
			}
		}
		fail(key, func(l message.Lang) string { return l.ConfigNotOneOf(key, value, choices...) })
	}

	for _, l := range []struct{ key, addr string }{{"api.addr", c.API.Addr}, {"wsserver.addr", c.WSServer.Addr}} {
		host, port, err := net.SplitHostPort(l.addr)
		if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 0 || n > 65535 {
			fail(l.key, func(lang message.Lang) string { return lang.ConfigNotAddress(l.key, l.addr) })
			continue
		}
		if !listen.IsLoopback(host) && c.Auth.Token == "" {
			fail(l.key, func(lang message.Lang) string { return lang.ConfigNeedsToken(l.key, l.addr) })
		}
	}
	if _, port, _ := net.SplitHostPort(c.API.Addr); c.API.Addr == c.WSServer.Addr && port != "0" {
		fail("wsserver.addr", func(l message.Lang) string {
			return l.ConfigSameAddress("api.addr", "wsserver.addr", c.API.Addr)
		})
	}
	if c.WebSocketURL != "" {
		u, err := url.Parse(c.WebSocketURL)
		if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" {
			fail("websocket_url", func(l message.Lang) string { return l.ConfigNotURL("websocket_url", c.WebSocketURL) })
		}
	}
	oneOf("store", c.Store, "sqlite")
	oneOf("broker", c.Broker, "direct")
	if c.Lang != "" {
		oneOf("lang", c.Lang, "en", "es")
	}
	return problems
}

// Language is the language to speak: the setting, else what the environment asks for.
func (c *Config) Language(getenv func(string) string) message.Lang {
	if lang, ok := message.Parse(c.Lang); c.Lang != "" && ok {
		return lang
	}
	return message.FromEnvironment(getenv)
}
