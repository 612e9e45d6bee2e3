package webui

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// webSocketURL is the address of the notifications for a browser that reached this
// server as host. An address that is valid on this machine only, such as localhost
// or 0.0.0.0, gets the host that the browser used; any other was configured and
// stays.
func webSocketURL(configured, host string) *url.URL {
	u, err := url.Parse(configured)
	if err != nil || u.Host == "" {
		return &url.URL{}
	}
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if name == "" || !isLocal(u.Hostname()) {
		return u
	}
	if addr, err := netip.ParseAddr(name); err == nil && addr.Is6() && addr.IsLoopback() {
		name = "localhost" // a content security policy cannot name [::1], and both are served
	}
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	if port := u.Port(); port != "" {
		name += ":" + port
	}
	u.Host = name
	return u
}

func isLocal(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && (addr.IsLoopback() || addr.IsUnspecified())
}

// contentPolicy lets a page load this server's files, and connect to this server
// and the notification server. Markup or script that gets into a page as text has
// no effect: no inline script or style runs, and only lit-html, from its constant
// templates, may turn a string into markup.
func contentPolicy(notifications *url.URL) string {
	connect := "'self'"
	switch {
	case notifications.Host == "":
	case strings.Contains(notifications.Hostname(), ":"): // see webSocketURL: only the scheme can be named
		connect += " " + notifications.Scheme + ":"
	default:
		connect += " " + notifications.Scheme + "://" + notifications.Host
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self'",
		"connect-src " + connect,
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types lit-html",
	}, "; ")
}
