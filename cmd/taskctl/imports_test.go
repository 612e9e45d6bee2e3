package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "taskctl/"

// ranks order the rooms: an import may only point to a lower rank. Rooms of one
// rank are siblings and never import each other. A room without a rank fails, and
// so does one that docs/architecture.md does not list.
var ranks = map[string]int{
	"cmd/taskctl/chaos":            95,
	"cmd/taskctl/e2e":              95,
	"cmd/taskctl/flood":            95,
	"cmd/taskctl/e2etest":          94,
	"cmd/taskctl":                  90,
	"docs/clients/watch":           65, // the example of docs/notifications.md
	"launcher":                     80,
	"launcher/doctor":              78,
	"launcher/components":          76,
	"launcher/control":             74, // what a command needs to talk to a running system
	"launcher/userprocess":         75,
	"launcher/ports":               72,
	"launcher/lifecycle":           71,
	"launcher/systemd":             71,
	"pkg/config":                   70,
	"pkg/api":                      60,
	"pkg/consumer":                 61, // over client
	"pkg/wsserver":                 60,
	"pkg/webui":                    59,
	"pkg/bench":                    61, // over client
	"pkg/backoff":                  10,
	"pkg/command":                  10,
	"pkg/filelock":                 10,
	"pkg/ownfile":                  10,
	"pkg/filewatch":                10,
	"pkg/hooks":                    62, // over client
	"pkg/checkpoint":               20,
	"pkg/client":                   60,
	"pkg/store/sqlite":             60,
	"pkg/store/postgres":           60,
	"pkg/broker/direct":            60,
	"pkg/broker/postgres":          60,
	"pkg/broker/nats":              60,
	"pkg/broker/redis":             60,
	"pkg/broker/rabbitmq":          60,
	"pkg/broker/notice":            58,
	"pkg/broker/notice/noticetest": 59,
	"pkg/eventlog":                 50,
	"pkg/exposition":               20,
	"pkg/access":                   40,
	"pkg/supervisor":               40, // knows nothing of tasks
	"pkg/supervisor/child":         30,
	"pkg/listen":                   20,
	"pkg/logfile":                  20,
	"pkg/screen":                   20,
	"pkg/message":                  10,
	"pkg/task":                     10,
	"pkg/taskfile":                 20,
	"pkg/task/searchtext":          15,
	"pkg/wait":                     5,
	"pkg/wait/waittest":            4,
	"pkg/store/storetest":          55,
	"pkg/store/postgrestest":       55,
	"pkg/store/writequeue":         50,
	"pkg/store/schemascript":       50,
	"pkg/store/storecopy":          50,
	"pkg/broker/brokertest":        55,
	"pkg/eventlog/eventlogtest":    51,
	"pkg/client/clienttest":        61,
}

// rooms returns every package of the module with the packages that it imports.
func rooms(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "../../...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	imports := map[string][]string{}
	for packages := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := packages.Decode(&p); errors.Is(err, io.EOF) {
			return imports
		} else if err != nil {
			t.Fatal(err)
		}
		imports[strings.TrimPrefix(p.ImportPath, module)] = p.Imports
	}
}

func TestImportsPointDown(t *testing.T) {
	for room, imports := range rooms(t) {
		rank, known := ranks[room]
		if !known {
			t.Errorf("%s has no rank: give it one in this test", room)
			continue
		}
		for _, path := range imports {
			imported, ours := strings.CutPrefix(path, module)
			if !ours {
				if room == "pkg/task" && strings.Contains(path, ".") {
					t.Errorf("pkg/task imports %s; it may import the standard library only", path)
				}
				continue
			}
			if ranks[imported] >= rank {
				t.Errorf("%s (%d) imports %s (%d), which is not below it", room, rank, imported, ranks[imported])
			}
		}
	}
}

// TestImportsAreDocumented compares the room list of docs/architecture.md, whose
// columns are room, purpose and imports, with the ranks and with the code: every room
// stands there once, the highest first, with the imports of its row.
func TestImportsAreDocumented(t *testing.T) {
	document, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	imports := rooms(t)
	name := regexp.MustCompile("`([^`]+)`")
	listed := map[string]bool{}
	above := 100
	for line := range strings.Lines(string(document)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 { // not a row of three columns
			continue
		}
		for _, m := range name.FindAllStringSubmatch(cells[1], -1) {
			room := m[1]
			rank, known := ranks[room]
			switch {
			case !known:
				t.Errorf("docs/architecture.md lists %s, which is not a room", room)
			case listed[room]:
				t.Errorf("docs/architecture.md lists %s twice", room)
			case rank > above:
				t.Errorf("docs/architecture.md lists %s (%d) below a room of rank %d", room, rank, above)
			}
			listed[room], above = true, rank
			for _, arrow := range name.FindAllStringSubmatch(cells[3], -1) {
				if !slices.Contains(imports[room], module+arrow[1]) {
					t.Errorf("docs/architecture.md says that %s imports %s, which it does not", room, arrow[1])
				}
			}
		}
	}
	for room := range ranks {
		if !listed[room] {
			t.Errorf("docs/architecture.md does not list %s: add it to the table of rooms", room)
		}
		if _, exists := imports[room]; !exists {
			t.Errorf("%s has a rank, but does not exist", room)
		}
	}
}
