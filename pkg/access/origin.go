package access

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// nullOrigin is what a browser sends for a page without an origin of its own, such
// as a file or a sandboxed frame.
const nullOrigin = "null"

// The reasons why a setting can never match the header of a browser.
var (
	errOrigin = errors.New("must be an origin such as https://tasks.example or https://*.tasks.example, without a path")
	errHost   = errors.New("must be a host name such as tasks.example or *.tasks.example, without a port")
)

// ParseOrigin checks an origin of the configuration and returns it as browsers write
// it: a scheme, a host, and a port unless it is the scheme's default. The host may
// begin with "*.", which stands for one or more labels. "null" is allowed by name.
func ParseOrigin(s string) (string, error) {
	if s == nullOrigin {
		return s, nil
	}
	scheme, rest, found := strings.Cut(strings.TrimSuffix(s, "/"), "://")
	scheme = strings.ToLower(scheme)
	if !found || !isScheme(scheme) || scheme == "ws" || scheme == "wss" || scheme == "file" { // no page has these schemes
		return "", errOrigin
	}
	host, port := splitPort(rest)
	host, err := normalizeHost(host)
	if err != nil {
		return "", errOrigin
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" {
		if strings.HasSuffix(rest, ":") {
			return "", errOrigin
		}
		return scheme + "://" + host, nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", errOrigin
	}
	if (scheme == "http" && n == 80) || (scheme == "https" && n == 443) {
		return scheme + "://" + host, nil
	}
	return scheme + "://" + host + ":" + strconv.FormatUint(n, 10), nil
}

// ParseHost checks a host name of the configuration and returns it as clients send
// it. It may begin with "*.", which stands for one or more labels.
func ParseHost(s string) (string, error) {
	host, err := normalizeHost(s)
	if err != nil {
		return "", errHost
	}
	return host, nil
}

// normalizeHost returns an address without brackets, or a name in lower case, with
// labels beyond ASCII in Punycode (RFC 5891), and without the final dot.
func normalizeHost(s string) (string, error) {
	if inner, found := strings.CutPrefix(s, "["); found {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil || !addr.Is6() || addr.Zone() != "" || !strings.HasSuffix(inner, "]") {
			return "", errHost
		}
		return addr.String(), nil
	}
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		return addr.String(), nil
	}
	wildcard, name := "", s
	if rest, found := strings.CutPrefix(s, "*."); found {
		wildcard, name = "*.", rest
	}
	name, err := idna.Lookup.ToASCII(strings.TrimSuffix(name, "."))
	if err != nil || name == "" {
		return "", errHost
	}
	return wildcard + name, nil
}

func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return s != ""
}

// splitPort divides host:port at the last colon outside brackets. net.SplitHostPort
// does not accept a missing port.
func splitPort(hostport string) (host, port string) {
	i := strings.LastIndexByte(hostport, ':')
	if i < 0 || strings.HasSuffix(hostport, "]") {
		return hostport, ""
	}
	return hostport[:i], hostport[i+1:]
}

// matches reports whether the value of a client equals a setting, ignoring case, or
// matches its wildcard.
func matches(setting, value string) bool {
	before, after, wildcard := strings.Cut(setting, "*")
	if !wildcard {
		return strings.EqualFold(setting, value)
	}
	value = strings.ToLower(value)
	labels := len(value) - len(before) - len(after)
	return labels > 0 && strings.HasPrefix(value, before) && strings.HasSuffix(value, after) &&
		!strings.ContainsAny(value[len(before):len(before)+labels], ":/@?#[]")
}
