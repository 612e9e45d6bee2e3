package access

import "fmt"

// Scope is what a token allows. Each scope includes the ones before it.
type Scope uint8

// The scopes. Public needs no token.
const (
	Public Scope = iota
	Read
	Write
	Admin
)

var scopeNames = [...]string{"public", "read", "write", "admin"}

func (s Scope) String() string { return scopeNames[s] }

// ParseScope reads the scope of a token.
func ParseScope(name string) (Scope, error) {
	for s := Read; s <= Admin; s++ {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%q is not a scope: read, write or admin", name)
}

// Rule says which scope a request needs.
type Rule struct {
	Port   Port
	Method string // GET includes HEAD
	Path   string
	Scope  Scope
}

// Port is one of the two listeners.
type Port string

// The listeners.
const (
	API      Port = "api"
	WSServer Port = "wsserver"
)

// Rules is the one table of scopes. Both listeners look up their routes in it. A path
// that is not in the table needs Read.
func Rules() []Rule {
	return []Rule{
		{API, "GET", "/tasks", Read},
		{API, "POST", "/tasks", Write},
		{API, "GET", "/tasks/{id}", Read},
		{API, "PUT", "/tasks/{id}", Write},
		{API, "PATCH", "/tasks/{id}", Write},
		{API, "DELETE", "/tasks/{id}", Write},
		{API, "GET", "/events", Read},
		{API, "GET", "/healthz", Public}, // without Read, only the status
		{API, "GET", "/readyz", Public},
		{API, "GET", "/metrics", Admin},
		{API, "GET", "/system", Admin},
		{API, "GET", "/openapi.json", Read},
		{API, "GET", "/asyncapi.json", Read},
		{API, "POST", "/session", Public}, // checks the token in its body
		{API, "GET", "/session", Public},  // also answers without a token
		{API, "DELETE", "/session", Public},
		{API, "GET", "/", Public}, // the board asks for a token itself
		{API, "GET", "/board/{file}", Public},
		{API, "GET", "/docs", Public},
		{WSServer, "GET", "/", Read},
		{WSServer, "GET", "/ws", Read},
		{WSServer, "GET", "/healthz", Public},
		{WSServer, "GET", "/readyz", Public},
		{WSServer, "GET", "/metrics", Admin},
	}
}

// Required returns the scope that a request needs.
func Required(port Port, method, path string) Scope {
	if method == "HEAD" {
		method = "GET"
	}
	for _, r := range Rules() {
		if r.Port == port && r.Method == method && r.Path == path {
			return r.Scope
		}
	}
	return Read
}
