package notice

import (
	"testing"

	"taskctl/pkg/task"
)

func TestPayload(t *testing.T) {
	for _, n := range []notice{{"db", "n", task.Position{Epoch: "e1", Seq: 9}}, {"db", "n", task.Position{}}} {
		if got, ok := parse(n.String()); !ok || got != n {
			t.Errorf("%q reads as %+v", n, got)
		}
	}
	for _, bad := range []string{"", "n", "db n x:y", "db n e1:-1", " ", "  ", "db n e1:1 more"} {
		if n, ok := parse(bad); ok {
			t.Errorf("%q reads as %+v", bad, n)
		}
	}
}
