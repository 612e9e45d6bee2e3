package access

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestScopesAreDocumented checks that docs/security.md has the table of scopes; with
// -update it writes it.
func TestScopesAreDocumented(t *testing.T) {
	const path = "../../docs/security.md"
	const begin, end = "<!-- scopes: a test prints this table from pkg/access -->\n", "<!-- end of scopes -->"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), begin)
	got, after, foundEnd := strings.Cut(rest, end)
	if !found || !foundEnd {
		t.Fatalf("%s has no place for the table", path)
	}
	want := "| port | method | path | scope |\n|---|---|---|---|\n"
	for _, r := range Rules() {
		want += fmt.Sprintf("| %s | %s | `%s` | %s |\n", r.Port, r.Method, r.Path, r.Scope)
	}
	if got == want {
		return
	}
	if !*update {
		t.Fatalf("%s has another table than Rules; go test ./pkg/access -run Documented -update writes it", path)
	}
	if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

var update = flag.Bool("update", false, "write what documents print")
