package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/taskctl/taskctl/"

// ranks order the rooms: an import may only point to a lower rank. Rooms of one
// rank are siblings and never import each other. A room without a rank fails.
var ranks = map[string]int{
	"cmd/taskctl/chaos":         95,
	"cmd/taskctl/e2e":           95,
	"cmd/taskctl/e2etest":       94,
	"cmd/taskctl":               90,
	"docs/clients/watch":        65, // the example of docs/notifications.md
	"launcher":                  80,
	"pkg/config":                70,
	"pkg/api":                   60,
	"pkg/consumer":              61, // over client
	"pkg/wsserver":              60,
	"pkg/webui":                 59,
	"pkg/bench":                 61, // over client
	"pkg/client":                60,
	"pkg/store/sqlite":          60,
	"pkg/broker/direct":         60,
	"pkg/eventlog":              50,
	"pkg/access":                40,
	"pkg/supervisor":            40, // knows nothing of tasks
	"pkg/supervisor/child":      30,
	"pkg/listen":                20,
	"pkg/logfile":               20,
	"pkg/screen":                20,
	"pkg/message":               10,
	"pkg/task":                  10,
	"pkg/store/storetest":       55,
	"pkg/broker/brokertest":     55,
	"pkg/eventlog/eventlogtest": 51,
	"pkg/client/clienttest":     61,
}

func TestImportsPointDown(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "../../...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for packages := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := packages.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		room := strings.TrimPrefix(p.ImportPath, module)
		rank, known := ranks[room]
		if !known {
			t.Errorf("%s has no rank: give it one in this test", room)
			continue
		}
		for _, path := range p.Imports {
			imported, ours := strings.CutPrefix(path, module)
			if !ours {
				if room == "pkg/task" && strings.Contains(path, ".") {
					t.Errorf("pkg/task imports %s; the floor stands on the standard library alone", path)
				}
				continue
			}
			if ranks[imported] >= rank {
				t.Errorf("%s (%d) imports %s (%d), which is not below it", room, rank, imported, ranks[imported])
			}
		}
	}
}
