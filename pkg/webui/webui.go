// Package webui holds the pages for browsers: the board, which shows tasks and
// the health of the system as they change, and the viewer of the API's own
// description. They are plain files, embedded as they are edited: there is no
// build step, and nothing in them is fetched from another machine.
package webui

import (
	"encoding/json"
	"net/http"
)

// Config is what the pages have to know.
type Config struct {
	WebSocketURL string // where notifications are, as programs on this machine reach them
	Token        bool   // whether requests and connections need a token
}

// Handler serves /, /docs and everything below /board/. None of it is secret,
// and a page that is to ask for the token has to be there without one.
func Handler(cfg Config) http.Handler {
	files := loadFiles()
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page(cfg, files.page("index.html")))
	mux.Handle("GET /docs", page(cfg, files.page("docs.html")))
	mux.Handle("GET /board/config.json", settings(cfg))
	mux.Handle("GET /board/"+files.version+"/{name...}", http.HandlerFunc(files.serve))
	return mux
}

// page serves a page of HTML with the headers that keep it to itself.
func page(cfg Config, f *file) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy(webSocketURL(cfg.WebSocketURL, r.Host)))
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-cache") // ask every time: it names the version of all the rest
		f.serve(w, r)
	})
}

// settings tells the pages what only the server knows.
func settings(cfg Config) http.Handler {
	type answer struct {
		WebSocketURL string `json:"websocket_url"`
		Token        bool   `json:"token"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := json.Marshal(answer{webSocketURL(cfg.WebSocketURL, r.Host).String(), cfg.Token})
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
