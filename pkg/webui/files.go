package webui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed static
var static embed.FS

// versionPlaceholder stands for the version of the files in the pages' addresses.
const versionPlaceholder = "board/VERSION/"

// files are the embedded files under one version. An address with a version always
// has the same bytes, so browsers may cache it for ever, and a page never mixes
// modules of two versions.
type files struct {
	version string
	byName  map[string]*file
}

// file is one embedded file.
type file struct {
	contentType string
	etag        string // without the quotes
	plain       []byte
	compressed  func() []byte // computed at the first request for it
}

// loadFiles reads the embedded files, which cannot fail.
func loadFiles() files {
	all := files{byName: make(map[string]*file)}
	hash := sha256.New()
	_ = fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		hash.Write(body)
		name = strings.TrimPrefix(name, "static/")
		if ext := path.Ext(name); ext == ".js" || ext == ".css" {
			body = compact(body)
		}
		all.byName[name] = newFile(name, body)
		return nil
	})
	all.version = hex.EncodeToString(hash.Sum(nil))[:12]
	return all
}

// compact drops what is only for readers of the source, a seventh of what a browser
// would download: indentation, and lines that are a comment. The line breaks stay,
// because they end statements. So a text of several lines in a module must not depend on
// its indentation, nor contain a line that begins with //.
func compact(source []byte) []byte {
	out := make([]byte, 0, len(source))
	for line := range bytes.Lines(source) {
		line = bytes.TrimLeft(line, " \t")
		if !bytes.HasPrefix(line, []byte("//")) {
			out = append(out, line...)
		}
	}
	return out
}

// page is an HTML file with the version in its addresses. They are relative, so
// that the page works under any path prefix of a proxy.
func (f files) page(name string) *file {
	body := bytes.ReplaceAll(f.byName[name].plain, []byte(versionPlaceholder), []byte("board/"+f.version+"/"))
	return newFile(name, body)
}

// serve answers with the file of the path.
func (f files) serve(w http.ResponseWriter, r *http.Request) {
	found := f.byName[r.PathValue("name")]
	if found == nil || strings.HasSuffix(r.PathValue("name"), ".html") { // pages have their own addresses
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	found.serve(w, r)
}

func newFile(name string, body []byte) *file {
	sum := sha256.Sum256(body)
	return &file{
		contentType: contentType(name),
		etag:        hex.EncodeToString(sum[:8]),
		plain:       body,
		compressed:  sync.OnceValue(func() []byte { return compress(body) }),
	}
}

// serve answers with the file, compressed if the client accepts that.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	body, etag := f.plain, f.etag
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body, etag = f.compressed(), f.etag+"-gzip" // a coded body is another representation (RFC 9110 §8.8.3)
		header.Set("Content-Encoding", "gzip")
	}
	header.Add("Vary", "Accept-Encoding")
	header.Set("Content-Type", f.contentType)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("ETag", strconv.Quote(etag))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// contentType does not use the machine's table of types, which differs between
// machines: with nosniff, a wrong type keeps a module from loading.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return "text/plain; charset=utf-8"
	}
}

func compress(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // a known level
	_, _ = w.Write(body)                                    // into memory
	_ = w.Close()
	return out.Bytes()
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3): gzip or *, with a weight
// above zero.
func acceptsGzip(header string) bool {
	accepted := false
	for coding := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(coding, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "*" {
			continue
		}
		_, q, weighted := strings.Cut(weight, "q=")
		value, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		accepted = !weighted || (err == nil && value > 0)
		if name == "gzip" {
			return accepted
		}
	}
	return accepted
}
