package control

import (
	"time"

	"taskctl/pkg/hooks"
	"taskctl/pkg/supervisor"
	"taskctl/pkg/task"
)

// State is the state of a system, or of a part of it.
type State string

// The states of a system; a component has its own (see supervisor).
const (
	Starting State = "starting"
	Ready    State = "ready"
	Degraded State = "degraded" // a component is not ready
	Failed   State = "failed"   // a component has failed for good
	Stopping State = "stopping"
	Stopped  State = "stopped"
)

// The modes a system runs in.
const (
	ModeProcesses = "processes"
	ModeInProcess = "in-process"
)

// Status is the state of a system at one moment, as `taskctl status --json` prints it.
type Status struct {
	State      State             `json:"state"`
	Mode       string            `json:"mode"`
	PID        int               `json:"pid"`
	StartedAt  *time.Time        `json:"started_at"`                 // null if no launcher runs
	SettingsAt *time.Time        `json:"settings_read_at,omitempty"` // when the settings were last read
	Dir        string            `json:"dir"`
	Replaced   *ReplacedBinary   `json:"replaced_binary,omitempty"` // set if the program on disk is not the running one
	Clients    int               `json:"clients"`
	Seq        uint64            `json:"seq"`
	Epoch      string            `json:"epoch,omitempty"`
	RoundTrip  *RoundTrip        `json:"round_trip,omitempty"`
	API        string            `json:"api,omitempty"`       // the URL
	WebSocket  string            `json:"websocket,omitempty"` // the URL
	LogDir     string            `json:"log_dir,omitempty"`
	ReadyAfter float64           `json:"ready_after_seconds,omitempty"` // from the start to all ready
	Store      *Service          `json:"store,omitempty"`
	Broker     *Service          `json:"broker,omitempty"`
	Components []ComponentStatus `json:"components"`
	Hooks      []hooks.Status    `json:"hooks,omitempty"`
}

// ReplacedBinary is a program file that has replaced the running one.
type ReplacedBinary struct {
	Path       string    `json:"path"`
	ModifiedAt time.Time `json:"modified_at"`
}

// Service is the store or the broker that a system uses. Its state is shown, but no
// component is restarted because of it.
type Service struct {
	Kind   string `json:"kind"`             // as in the settings: "postgres"
	State  State  `json:"state"`            // ready or degraded
	Server string `json:"server,omitempty"` // the address, without secrets
	Lag    uint64 `json:"lag"`              // events in the log that wsserver has not read yet
	Reason string `json:"reason,omitempty"` // why the store refuses writes
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
	CPUPercent float64    `json:"cpu_percent"` // of one core, since the last status
	LastExit   string     `json:"last_exit"`   // in English, because programs read it

	Exit       *supervisor.Exit       `json:"exit,omitempty"`        // LastExit in detail
	Budget     *supervisor.Budget     `json:"budget,omitempty"`      // once it has died
	Suspended  bool                   `json:"suspended,omitempty"`   // stopped by a signal, so it cannot answer
	Misses     int                    `json:"misses,omitempty"`      // health checks in a row without an answer
	WaitsFor   []string               `json:"waits_for,omitempty"`   // components that must be ready before it is started
	FileChange *supervisor.FileChange `json:"file_change,omitempty"` // the last change that restarted it
	ReadyWhen  string                 `json:"ready_when,omitempty"`  // while it is starting: its ready condition, as in the settings: "log: listening"
}

// RoundTrip is the result of the test task.
type RoundTrip struct {
	TaskID   string        `json:"task_id"`
	Position task.Position `json:"-"`
	Took     time.Duration `json:"-"`
	TookMS   float64       `json:"took_ms"` // from the request until the consumer has the event
}

// Why is a component's state and its last death.
type Why struct {
	Status ComponentStatus         `json:"status"`
	Crash  *supervisor.CrashRecord `json:"crash"` // null: it never died
}
