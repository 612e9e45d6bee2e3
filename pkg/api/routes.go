package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"taskctl/pkg/access"
)

// route is one row of the table: a method and a path, and the handler for them.
type route struct {
	method string
	path   string
	serve  handler
	page   bool // a page for browsers, whose Origin is not checked
	health bool // a health check: without a token it answers only the status
	always bool // answered even when there are too many connections
}

// routeList lists every route. A route for GET serves HEAD too, and every path has
// OPTIONS.
func (s *Server) routeList() []route {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return []route{
		{method: get, path: tasksPath, serve: s.listTasks},
		{method: post, path: tasksPath, serve: s.createTask},
		{method: get, path: taskPath, serve: s.getTask},
		{method: put, path: taskPath, serve: s.replaceTask},
		{method: patch, path: taskPath, serve: s.patchTask},
		{method: del, path: taskPath, serve: s.deleteTask},
		{method: get, path: "/events", serve: s.events},
		{method: get, path: "/healthz", serve: s.health, always: true, health: true},
		{method: get, path: "/readyz", serve: s.readiness, always: true, health: true},
		{method: get, path: "/metrics", serve: s.metrics, always: true},
		{method: get, path: "/openapi.json", serve: s.openAPI},
		{method: get, path: "/", serve: s.index, page: true},
		{method: get, path: "/asyncapi.json", serve: s.asyncAPI},
		{method: get, path: "/system", serve: s.system},
		{method: get, path: boardPath, serve: s.boardFile, page: true},
		{method: get, path: "/docs", serve: s.boardFile, page: true},
		{method: get, path: "/session", serve: s.getSession},
		{method: post, path: "/session", serve: s.signIn},
		{method: del, path: "/session", serve: s.signOut},
	}
}

// The paths that have patterns or prefixes.
const (
	tasksPath = "/tasks"
	taskPath  = tasksPath + "/{id}"
	boardPath = "/board/{file}"
)

// resource holds the routes of one path.
type resource struct {
	path    string // as in the routes, for metrics
	allow   string // the Allow header
	methods map[string]handler
	scopes  map[string]access.Scope // by method, from the table access.Rules
	page    bool                    // as in route
	health  bool                    // as in route
	always  bool                    // as in route
	meter   *routeMeter
}

// routeTable finds the resource of a path. It has two patterns, and neither cleans
// paths nor redirects.
type routeTable struct {
	exact   map[string]*resource
	task    *resource // taskPath
	board   *resource // boardPath
	missing *resource // every other path
}

func newRouteTable(routes []route, meter *meter) routeTable {
	table := routeTable{exact: make(map[string]*resource)}
	for _, r := range routes {
		res := table.exact[r.path]
		if res == nil {
			res = &resource{path: r.path, methods: make(map[string]handler), scopes: make(map[string]access.Scope), page: r.page, health: r.health, always: r.always, meter: meter.route(r.path)}
			table.exact[r.path] = res
		}
		res.methods[r.method] = r.serve
		res.scopes[r.method] = access.Required(access.API, r.method, r.path)
		if r.method == http.MethodGet {
			res.methods[http.MethodHead] = r.serve
			res.scopes[http.MethodHead] = res.scopes[r.method]
		}
	}
	for _, res := range table.exact {
		allowed := slices.Sorted(maps.Keys(res.methods))
		res.allow = strings.Join(append(allowed, http.MethodOptions), ", ")
	}
	table.task, table.board = table.exact[taskPath], table.exact[boardPath]
	delete(table.exact, taskPath)
	delete(table.exact, boardPath)
	table.missing = &resource{path: "other", meter: meter.route("other")}
	return table
}

// scope returns the scope that a method needs. For a method that the path does not have
// it is the scope of GET, so that every client may ask a public path for its methods.
func (res *resource) scope(method string) access.Scope {
	if scope, ok := res.scopes[method]; ok {
		return scope
	}
	if scope, ok := res.scopes[http.MethodGet]; ok {
		return scope
	}
	return access.Read
}

// find returns the resource that the request is for.
func (t *routeTable) find(x *exchange) *resource {
	path := x.r.URL.Path
	if res := t.exact[path]; res != nil {
		return res
	}
	if id, below := strings.CutPrefix(path, tasksPath+"/"); below && id != "" && !strings.Contains(id, "/") {
		x.taskID = id
		return t.task
	}
	if file, below := strings.CutPrefix(path, "/board/"); below && file != "" {
		return t.board
	}
	return t.missing
}
