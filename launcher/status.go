package launcher

import (
	"time"

	"github.com/taskctl/taskctl/pkg/supervisor"
	"github.com/taskctl/taskctl/pkg/task"
)

// State is how a whole system is, or one component of it.
type State string

// The states of a system; a component has its own (see supervisor).
const (
	Starting State = "starting"
	Ready    State = "ready"
	Degraded State = "degraded" // some component is not ready
	Failed   State = "failed"   // some component is given up
	Stopping State = "stopping"
	Stopped  State = "stopped"
)

// The modes a system runs in.
const (
	ModeProcesses = "processes"
	ModeInProcess = "in-process"
)

// Status is one look at a system, as `taskctl status --json` prints it.
type Status struct {
	State      State             `json:"state"`
	Mode       string            `json:"mode"`
	PID        int               `json:"pid"`
	StartedAt  *time.Time        `json:"started_at"` // null when nothing runs
	Dir        string            `json:"dir"`
	Clients    int               `json:"clients"`
	Seq        uint64            `json:"seq"`
	Epoch      string            `json:"epoch,omitempty"`
	RoundTrip  *RoundTrip        `json:"round_trip,omitempty"`
	API        string            `json:"api,omitempty"`       // the URL
	WebSocket  string            `json:"websocket,omitempty"` // the URL
	LogDir     string            `json:"log_dir,omitempty"`
	ReadyAfter float64           `json:"ready_after_seconds,omitempty"` // from the start to all ready
	Components []ComponentStatus `json:"components"`
}

// ComponentStatus is one component of a [Status].
type ComponentStatus struct {
	Name       string     `json:"name"`
	State      string     `json:"state"`
	PID        int        `json:"pid"`
	Address    string     `json:"address"`
	StartedAt  *time.Time `json:"started_at"` // of this generation; null while none runs
	Generation uint64     `json:"generation"`
	Restarts   int        `json:"restarts"`
	RSSBytes   uint64     `json:"rss_bytes"`
	CPUPercent float64    `json:"cpu_percent"` // of one core, since the last look
	LastExit   string     `json:"last_exit"`   // in English, as everything that programs read

	Exit      *supervisor.Exit   `json:"exit,omitempty"`       // the same in detail
	Budget    *supervisor.Budget `json:"budget,omitempty"`     // once it has died
	Suspended bool               `json:"suspended,omitempty"`  // stopped by a signal, which is why it does not answer
	Misses    int                `json:"misses,omitempty"`     // health checks in a row without an answer
	WaitsFor  []string           `json:"waits_for,omitempty"`  // components that have to be ready before it is started
	ReadyWhen string             `json:"ready_when,omitempty"` // what it has to show while it is starting, as in the settings: "log: listening"
}

// RoundTrip is what the test task showed.
type RoundTrip struct {
	TaskID   string        `json:"task_id"`
	Position task.Position `json:"-"`
	Took     time.Duration `json:"-"`
	TookMS   float64       `json:"took_ms"` // from the request to the consumer's word that it has it
}
