package config

import (
	"slices"
	"testing"

	"taskctl/pkg/message"
)

func TestFromProcfile(t *testing.T) {
	text, bad := FromProcfile("# comment\nweb: bundle exec rails s -p \"$PORT\" # it's fine\n\napi: ./serve --name 'a b'\nWorker:  sh -c 'echo \\\\ done'\n", message.English)
	if bad != 0 {
		t.Fatalf("line %d is refused", bad)
	}
	c, err := load(t, text, nil, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	want := [][2]string{
		{"web", `bundle exec rails s -p "$PORT" # it's fine`},
		{"app-api", "./serve --name 'a b'"},
		{"worker", `sh -c 'echo \\ done'`},
	}
	if len(c.Components) != len(want) {
		t.Fatalf("got %+v", c.Components)
	}
	for i, w := range want {
		if got := c.Components[i]; got.Name != w[0] || !slices.Equal(got.Command, []string{"sh", "-c", w[1]}) {
			t.Errorf("got %s: %q, want %q", got.Name, got.Command, w)
		}
	}
	for text, line := range map[string]int{"web: a\nnonsense\n": 2, "a: x\na: y\n": 0} {
		if _, bad := FromProcfile(text, message.English); line != 0 && bad != line {
			t.Errorf("%q: line %d is refused, want %d", text, bad, line)
		}
	}
	if text, bad := FromProcfile("# nothing\n", message.Spanish); text != DefaultYAML(message.Spanish) || bad != 0 {
		t.Error("a Procfile without processes must give the default settings")
	}
}
