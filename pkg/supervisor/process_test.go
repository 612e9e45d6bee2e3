package supervisor

import (
	"slices"
	"testing"

	"taskctl/pkg/supervisor/child"
)

func TestEnvironment(t *testing.T) {
	p := Process{Env: []string{
		"A=1", "B=1", child.Variable + "=notify=3 lifeline=4", GenerationVariable + "=OUTER.x.1", "A=2=3", "B=",
	}}
	wiring := child.Descriptors{Notify: 3, Lifeline: 4}
	for _, tt := range []struct {
		name   string
		wiring *child.Descriptors
		want   []string
	}{
		{"a command", nil, []string{"A=2=3", "B=", GenerationVariable + "=RUN.m.1"}},
		{"one of ours", &wiring, []string{"A=2=3", "B=", GenerationVariable + "=RUN.m.1", child.Variable + "=notify=3 lifeline=4"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.environ("RUN.m.1", tt.wiring); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
