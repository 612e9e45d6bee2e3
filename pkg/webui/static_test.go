package webui

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sources are the project's own modules, by name.
func sources(t testing.TB) map[string]string {
	t.Helper()
	found := make(map[string]string)
	names, err := fs.Glob(static, "static/*.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		body, err := static.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimPrefix(name, "static/")] = string(body)
	}
	return found
}

// maxWeight bounds the size of all files together, compressed.
const maxWeight = 48 << 10

func TestWeight(t *testing.T) {
	total := 0
	all := loadFiles()
	for name, f := range all.byName {
		total += len(f.compressed())
		if len(f.plain) > 20<<10 {
			t.Errorf("%s has %d bytes", name, len(f.plain))
		}
	}
	t.Logf("%d files, %d bytes compressed", len(all.byName), total)
	if total > maxWeight {
		t.Errorf("%d bytes compressed, at most %d", total, maxWeight)
	}
}

// TestCompact keeps all code, and its line breaks.
func TestCompact(t *testing.T) {
	const source = "// Why.\n\tlet a = 1 // not alone\n\t  // Why not.\n\tlet url = 'http://x' +\n\n\t\t`//y`\r\nlast"
	const want = "let a = 1 // not alone\nlet url = 'http://x' +\n\n`//y`\r\nlast"
	if got := string(compact([]byte(source))); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

var (
	imported = regexp.MustCompile(`from '\./([^']+)'`)
	preload  = regexp.MustCompile(`rel="modulepreload" href="board/VERSION/([^"]+)"`)
	entry    = regexp.MustCompile(`<script type="module" src="board/VERSION/([^"]+)"`)
)

// TestPreloads checks that a page names all its modules: each one that is found
// later costs a round trip.
func TestPreloads(t *testing.T) {
	code := sources(t)
	for _, page := range []string{"index.html", "docs.html"} {
		body, err := static.ReadFile("static/" + page)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		todo := []string{entry.FindStringSubmatch(string(body))[1]}
		first := todo[0]
		for len(todo) > 0 {
			name := todo[0]
			todo = todo[1:]
			if slices.Contains(want, name) {
				continue
			}
			want = append(want, name)
			for _, match := range imported.FindAllStringSubmatch(code[name], -1) {
				todo = append(todo, match[1])
			}
		}
		got := []string{first}
		for _, match := range preload.FindAllStringSubmatch(string(body), -1) {
			got = append(got, match[1])
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s preloads\n%q\nand needs\n%q", page, got, want)
		}
	}
}

// dangerous ways to put text into a document, and to reach another machine.
var dangerous = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafeHTML|\beval\(|new Function|style=|https?://`)

func TestNoMarkupFromText(t *testing.T) {
	for name, code := range sources(t) {
		if found := dangerous.FindString(code); found != "" {
			t.Errorf("%s has %q", name, found)
		}
	}
}

var (
	defined     = regexp.MustCompile(`(?m)^  '([\w.]+)': \['((?:[^'\\]|\\.)*)', '((?:[^'\\]|\\.)*)'\],$`)
	entryLine   = regexp.MustCompile(`(?m)^  '`)
	used        = regexp.MustCompile(`\bt\(([^)]*)`)
	usedPlural  = regexp.MustCompile(`\bplural\(([^)]*)`)
	quoted      = regexp.MustCompile(`'([a-zA-Z]+\.[\w.]+)'`)
	placeholder = regexp.MustCompile(`\{\w+\}`)
)

// TestCatalogue checks that every used text exists in both languages with the same
// placeholders, and that every text is used.
func TestCatalogue(t *testing.T) {
	code := sources(t)
	catalogue := code["messages.js"]
	delete(code, "messages.js")

	keys := make(map[string]bool)
	for _, match := range defined.FindAllStringSubmatch(catalogue, -1) {
		key, english, spanish := match[1], match[2], match[3]
		if keys[key] {
			t.Errorf("%s is there twice", key)
		}
		keys[key] = true
		if english == "" || spanish == "" {
			t.Errorf("%s lacks a language", key)
		}
		in := func(text string) []string {
			found := placeholder.FindAllString(text, -1)
			slices.Sort(found)
			return slices.Compact(found)
		}
		if !slices.Equal(in(english), in(spanish)) {
			t.Errorf("%s has other values in each language: %q, %q", key, in(english), in(spanish))
		}
	}
	if lines := len(entryLine.FindAllString(catalogue, -1)); lines != len(keys) || lines == 0 {
		t.Fatalf("%d of %d lines of the catalogue were understood", len(keys), lines)
	}

	needed := make(map[string]string) // and where
	for name, text := range code {
		for _, call := range used.FindAllStringSubmatch(text, -1) {
			for _, key := range quoted.FindAllStringSubmatch(call[1], -1) {
				needed[key[1]] = name
			}
		}
		for _, call := range usedPlural.FindAllStringSubmatch(text, -1) {
			for _, key := range quoted.FindAllStringSubmatch(call[1], -1) {
				needed[key[1]+".one"], needed[key[1]+".other"] = name, name
			}
			for _, key := range regexp.MustCompile(`'(\w+)'`).FindAllStringSubmatch(call[1], -1) {
				needed[key[1]+".one"], needed[key[1]+".other"] = name, name
			}
		}
	}
	for key, where := range needed {
		if !keys[key] {
			t.Errorf("%s uses %s, which the catalogue does not have", where, key)
		}
	}
	for key := range keys {
		if _, is := needed[key]; !is {
			t.Errorf("nothing uses %s", key)
		}
	}
}

// TestVendored checks that vendored files name their version and have a licence.
func TestVendored(t *testing.T) {
	names, err := fs.Glob(static, "static/vendor/*.js")
	if err != nil || len(names) == 0 {
		t.Fatalf("%q, %v", names, err)
	}
	for _, name := range names {
		if !regexp.MustCompile(`-\d+\.\d+\.\d+\.js$`).MatchString(name) {
			t.Errorf("%s has no version in its name", name)
		}
		if _, err := fs.Stat(static, strings.TrimSuffix(name, ".js")+".LICENSE.txt"); err != nil {
			t.Errorf("%s has no licence beside it: %v", name, err)
		}
	}
}
