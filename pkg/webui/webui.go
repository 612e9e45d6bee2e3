// Package webui has the pages for browsers: the board, which shows tasks and the
// state of the system as they change, and the API reference. They are plain
// embedded files: there is no build step, and a page loads nothing from another
// machine.
package webui

import (
	"encoding/json"
	"net/http"
)

// Config is the data that the pages need.
type Config struct {
	WebSocketURL string      // address of the notifications for programs on this machine
	Token        func() bool // whether requests and connections need a token; nil: they do not
}

// Handler serves /, /docs and everything below /board/. None of it is secret, and
// the page that asks for the token must load without one.
func Handler(cfg Config) http.Handler {
	files := loadFiles()
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page(cfg, files.page("index.html")))
	mux.Handle("GET /docs", page(cfg, files.page("docs.html")))
	mux.Handle("GET /board/config.json", settings(cfg))
	mux.Handle("GET /board/"+files.version+"/{name...}", http.HandlerFunc(files.serve))
	return mux
}

// page serves an HTML page with headers that isolate it from other origins.
func page(cfg Config, f *file) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy(webSocketURL(cfg.WebSocketURL, r.Host)))
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-cache") // revalidate every time: it names the version of all other files
		f.serve(w, r)
	})
}

// settings serves the data that the pages need as JSON.
func settings(cfg Config) http.Handler {
	type answer struct {
		WebSocketURL string `json:"websocket_url"`
		Token        bool   `json:"token"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := json.Marshal(answer{webSocketURL(cfg.WebSocketURL, r.Host).String(), cfg.Token != nil && cfg.Token()})
		if err != nil { // two plain fields
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(body) // it fails when the client has gone
	})
}
