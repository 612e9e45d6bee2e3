package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// route is one row of the surface: what serves it, and what the OpenAPI document
// says about it.
//
// The document is made with huma, from the Go types; the requests are served by
// plain handlers. Served through huma they cost two microseconds more per GET and
// four per POST (14 and 25 allocations), several times what the handlers need,
// and its own answers would still have to be replaced one by one: the errors of
// its parameters and bodies by way of the package variable huma.NewError, which
// one program may set only once for all its servers.
type route struct {
	method string
	path   string
	serve  handler
	about  func(*book) *huma.Operation // nil: not for programs
	page   bool                        // a page for browsers, without data: it asks for the token itself
	always bool                        // answered also where there are too many connections
}

// routesOf is the whole surface. HEAD goes with every GET, and OPTIONS with
// everything.
func (s *Server) routesOf() []route {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return []route{
		{method: get, path: tasksPath, serve: s.listTasks, about: aboutListTasks},
		{method: post, path: tasksPath, serve: s.createTask, about: aboutCreateTask},
		{method: get, path: taskPath, serve: s.getTask, about: aboutGetTask},
		{method: put, path: taskPath, serve: s.replaceTask, about: aboutReplaceTask},
		{method: patch, path: taskPath, serve: s.patchTask, about: aboutPatchTask},
		{method: del, path: taskPath, serve: s.deleteTask, about: aboutDeleteTask},
		{method: get, path: "/events", serve: s.events, about: aboutEvents},
		{method: get, path: "/healthz", serve: s.health, about: aboutHealth, always: true},
		{method: get, path: "/readyz", serve: s.readiness, about: aboutReadiness, always: true},
		{method: get, path: "/metrics", serve: s.metrics, about: aboutMetrics, always: true},
		{method: get, path: "/openapi.json", serve: s.openAPI, about: aboutOpenAPI},
		{method: get, path: "/", serve: s.index, about: aboutIndex, page: true},
		{method: get, path: "/asyncapi.json", serve: s.asyncAPI},
		{method: get, path: "/system", serve: s.system},
		{method: get, path: boardPath, serve: s.boardFile, page: true},
		{method: get, path: "/docs", serve: s.boardFile, page: true},
	}
}

// The paths that others build on.
const (
	tasksPath = "/tasks"
	taskPath  = tasksPath + "/{id}"
	boardPath = "/board/{file}"
)

// resource is everything at one path.
type resource struct {
	path    string // as in the routes, for metrics
	allow   string // the Allow header
	methods map[string]handler
	page    bool // let in without the token
	always  bool // also on a spare connection
	meter   *routeMeter
}

// routeTable finds the resource of a path. It knows the two patterns there are,
// and neither cleans paths nor redirects: a path is one of ours or it is not.
type routeTable struct {
	exact   map[string]*resource
	task    *resource // the two patterns
	board   *resource
	nowhere *resource // what is not there
}

func newRouteTable(routes []route, meter *meter) routeTable {
	table := routeTable{exact: make(map[string]*resource)}
	for _, r := range routes {
		res := table.exact[r.path]
		if res == nil {
			res = &resource{path: r.path, methods: make(map[string]handler), page: r.page, always: r.always, meter: meter.route(r.path)}
			table.exact[r.path] = res
		}
		res.methods[r.method] = r.serve
		if r.method == http.MethodGet {
			res.methods[http.MethodHead] = r.serve
		}
	}
	for _, res := range table.exact {
		allowed := slices.Sorted(maps.Keys(res.methods))
		res.allow = strings.Join(append(allowed, http.MethodOptions), ", ")
	}
	table.task, table.board = table.exact[taskPath], table.exact[boardPath]
	delete(table.exact, taskPath)
	delete(table.exact, boardPath)
	table.nowhere = &resource{path: "other", meter: meter.route("other")}
	return table
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
	return t.nowhere
}
