package message_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"taskctl/pkg/message"
)

// catalogue parses this package.
func catalogue(t *testing.T) []*ast.File {
	t.Helper()
	return parsed(t, "*.go")
}

// parsed parses the files of a pattern, all but the tests.
func parsed(t *testing.T, pattern string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// TestTranslationsTakeTheSameArguments checks that each text exists in both languages
// with the same values in the same order: here, and in the help of the commands.
func TestTranslationsTakeTheSameArguments(t *testing.T) {
	verbs := regexp.MustCompile(`%[-+# 0-9.]*[a-zA-Z%]`)
	checked := 0
	for _, file := range append(catalogue(t), parsed(t, "../../cmd/taskctl/*.go")...) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			if selector, ok := call.Fun.(*ast.SelectorExpr); !ok || selector.Sel.Name != "say" && selector.Sel.Name != "text" {
				return true
			}
			en, es := literal(call.Args[0]), literal(call.Args[1])
			if en == "" || es == "" {
				t.Errorf("a text is missing: %q, %q", en, es)
			}
			if !slices.Equal(verbs.FindAllString(en, -1), verbs.FindAllString(es, -1)) {
				t.Errorf("the languages format differently:\n%q\n%q", en, es)
			}
			checked++
			return true
		})
	}
	if checked < 100 {
		t.Errorf("only %d texts were found: the test does not see them", checked)
	}
}

func literal(e ast.Expr) string {
	if sum, ok := e.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		return literal(sum.X) + literal(sum.Y)
	}
	basic, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, err := strconv.Unquote(basic.Value)
	if err != nil {
		return ""
	}
	return text
}

// TestEveryTextIsUsed finds texts that are no longer used.
func TestEveryTextIsUsed(t *testing.T) {
	var said strings.Builder
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		said.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range catalogue(t) {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !f.Name.IsExported() {
				continue
			}
			// It is called, or passed as a value.
			if !regexp.MustCompile(`\.` + f.Name.Name + `\b`).MatchString(said.String()) {
				t.Errorf("nobody says %s", f.Name.Name)
			}
		}
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name string
		want message.Lang
		ok   bool
	}{
		{"en", message.English, true},
		{"es", message.Spanish, true},
		{"ES", message.Spanish, true},
		{"es_MX.UTF-8", message.Spanish, true},
		{"es-AR", message.Spanish, true},
		{"C", message.English, true},
		{"C.UTF-8", message.English, true},
		{"POSIX", message.English, true},
		{"fr_FR", message.English, false},
		{"", message.English, false},
		{"est", message.English, false},
	} {
		if got, ok := message.Parse(tt.name); got != tt.want || ok != tt.ok {
			t.Errorf("Parse(%q) = %v, %v; want %v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}
