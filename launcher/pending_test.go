package launcher

import (
	"testing"

	"taskctl/pkg/config"
	"taskctl/pkg/supervisor"
)

func TestPendingComponents(t *testing.T) {
	ready := func(name string) supervisor.Status {
		return supervisor.Status{Name: name, State: supervisor.StateReady}
	}
	starting := func(name string) supervisor.Status {
		return supervisor.Status{Name: name, State: supervisor.StateStarting}
	}
	died := func(name string) supervisor.Status {
		return supervisor.Status{Name: name, State: supervisor.StateBackingOff, LastExit: &supervisor.Exit{}}
	}
	chain := []config.Component{{Name: "a"}, {Name: "b", After: []string{"a"}}, {Name: "c", After: []string{"api", "b"}}}
	for _, test := range []struct {
		name       string
		components []config.Component
		changes    []supervisor.Status
		waits      bool
	}{
		{"no component", nil, nil, false},
		{"not yet", chain, []supervisor.Status{ready("api"), ready("a"), starting("b")}, true},
		{"all are ready, ours reported later", chain, []supervisor.Status{ready("a"), ready("b"), ready("c"), ready("api")}, false},
		{"the first dies, so those after it are not waited for", chain, []supervisor.Status{starting("a"), died("a"), starting("a")}, false},
		{"one of ours that dies is not waited for", chain, []supervisor.Status{died("consumer")}, true},
		{"one alone dies", []config.Component{{Name: "a"}, {Name: "b"}}, []supervisor.Status{died("a")}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newPendingComponents(test.components)
			for _, s := range test.changes {
				l.changed(s)
			}
			waits := true
			select {
			case <-l.none:
				waits = false
			default:
			}
			if waits != test.waits {
				t.Errorf("waits %t, want %t", waits, test.waits)
			}
		})
	}
}
