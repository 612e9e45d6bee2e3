package webui

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// get requests path; headers are names and values in turn.
func get(t testing.TB, h http.Handler, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "localhost:8001"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t testing.TB, res *http.Response) string {
	t.Helper()
	var from io.Reader = res.Body
	if res.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		from = unzipped
	}
	body, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func handler() http.Handler {
	return Handler(Config{WebSocketURL: "ws://localhost:8765/"})
}

// addresses are the files that a page names.
var addresses = regexp.MustCompile(`(?:href|src)="(board/[^"]+)"`)

func TestPageFilesExist(t *testing.T) {
	h := handler()
	for _, path := range []string{"/", "/docs"} {
		res := get(t, h, path)
		page := bodyOf(t, res)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Fatalf("%s: %s, %s", path, res.Status, res.Header.Get("Content-Type"))
		}
		named := addresses.FindAllStringSubmatch(page, -1)
		if len(named) < 5 || strings.Contains(page, "VERSION") {
			t.Fatalf("%s names %d files:\n%s", path, len(named), page)
		}
		for _, match := range named {
			file := get(t, h, "/"+match[1])
			if file.StatusCode != http.StatusOK {
				t.Errorf("%s names %s: %s", path, match[1], file.Status)
			}
			if got := file.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
				t.Errorf("%s: Cache-Control %q", match[1], got)
			}
			if got := file.Header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("%s: X-Content-Type-Options %q", match[1], got)
			}
		}
	}
}

func TestPageHeaders(t *testing.T) {
	for _, path := range []string{"/", "/docs"} {
		res := get(t, handler(), path)
		policy := res.Header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'",
			"connect-src 'self' ws://localhost:8765;", "require-trusted-types-for 'script'",
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy has no %q:\n%s", path, want, policy)
			}
		}
		for _, never := range []string{"unsafe", "*", "http:", "https:", "data:"} {
			if strings.Contains(policy, never) {
				t.Errorf("%s: the policy has %q:\n%s", path, never, policy)
			}
		}
		page := bodyOf(t, res)
		if inline := regexp.MustCompile(`<style|style=|<script>|\son\w+=|https?://`).FindString(page); inline != "" {
			t.Errorf("%s has %q in it", path, inline)
		}
	}
}

func TestCompression(t *testing.T) {
	h := handler()
	tests := []struct {
		accept string
		want   bool
	}{
		{"", false},
		{"gzip", true},
		{"br, GZIP;q=0.8", true},
		{"gzip;q=0", false},
		{"*", true},
		{"gzip;q=0, *", false},
		{"deflate, br", false},
		{"gzip;q=nonsense", false},
	}
	plain := bodyOf(t, get(t, h, "/"))
	for _, test := range tests {
		t.Run(test.accept, func(t *testing.T) {
			res := get(t, h, "/", "Accept-Encoding", test.accept)
			if got := res.Header.Get("Content-Encoding") == "gzip"; got != test.want {
				t.Fatalf("compressed: %v, want %v", got, test.want)
			}
			if bodyOf(t, res) != plain {
				t.Error("the page is another one")
			}
			if res.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("Vary %q", res.Header.Get("Vary"))
			}
		})
	}
}

func TestETag(t *testing.T) {
	h := handler()
	plain, compressed := get(t, h, "/"), get(t, h, "/", "Accept-Encoding", "gzip")
	if plain.Header.Get("ETag") == compressed.Header.Get("ETag") {
		t.Error("other bytes have the same tag")
	}
	again := get(t, h, "/", "Accept-Encoding", "gzip", "If-None-Match", compressed.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified || bodyOf(t, &http.Response{Body: again.Body}) != "" {
		t.Errorf("asked again: %s", again.Status)
	}
}

func TestNotFound(t *testing.T) {
	h := handler()
	version := loadFiles().version
	for _, path := range []string{
		"/board/", "/board/app.js", "/board/000000000000/app.js", "/board/" + version + "/",
		"/board/" + version + "/vendor", "/board/" + version + "/index.html", "/board/" + version + "/../webui.go", "/other",
	} {
		if res := get(t, h, path); res.StatusCode == http.StatusOK {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
}

func TestSettings(t *testing.T) {
	h := Handler(Config{WebSocketURL: "ws://localhost:8765/", Token: func() bool { return true }})
	res := get(t, h, "/board/config.json", "Host", "127.0.0.1:8001")
	var got struct {
		WebSocketURL string `json:"websocket_url"`
		Token        bool   `json:"token"`
	}
	if err := json.Unmarshal([]byte(bodyOf(t, res)), &got); err != nil {
		t.Fatal(err)
	}
	if got.WebSocketURL != "ws://127.0.0.1:8765/" || !got.Token {
		t.Errorf("got %+v", got)
	}
	if res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control %q", res.Header.Get("Cache-Control"))
	}
}

func TestWebSocketURL(t *testing.T) {
	tests := []struct{ configured, host, want, connect string }{
		{"ws://localhost:8765/", "localhost:8001", "ws://localhost:8765/", "ws://localhost:8765"},
		{"ws://localhost:8765/", "127.0.0.1:8001", "ws://127.0.0.1:8765/", "ws://127.0.0.1:8765"},
		{"ws://localhost:8765/ws", "[::1]:8001", "ws://localhost:8765/ws", "ws://localhost:8765"},
		{"ws://127.0.0.1:8765/", "tasks.example", "ws://tasks.example:8765/", "ws://tasks.example:8765"},
		{"ws://0.0.0.0:8765/", "192.0.2.7:8001", "ws://192.0.2.7:8765/", "ws://192.0.2.7:8765"},
		{"ws://[::]:8765/", "[2001:db8::1]:8001", "ws://[2001:db8::1]:8765/", "ws:"},
		{"wss://push.example/ws", "localhost:8001", "wss://push.example/ws", "wss://push.example"},
		{"ws://localhost:8765/", "", "ws://localhost:8765/", "ws://localhost:8765"},
		{"", "localhost:8001", "", ""},
	}
	for _, test := range tests {
		t.Run(test.configured+" at "+test.host, func(t *testing.T) {
			got := webSocketURL(test.configured, test.host)
			if got.String() != test.want {
				t.Errorf("URL %q, want %q", got, test.want)
			}
			want := strings.TrimSpace("connect-src 'self' "+test.connect) + ";"
			if policy := contentPolicy(got); !strings.Contains(policy, want) {
				t.Errorf("the policy has no %q: %s", want, policy)
			}
		})
	}
}
