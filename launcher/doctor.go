package launcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/shirou/gopsutil/v4/disk"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/store/sqlite"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

// Finding is one thing that was looked at.
type Finding struct {
	Check  string `json:"check"` // a fixed word: "ports", "disk", …
	State  string `json:"state"` // "good", "warning" or "bad"
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// The weights of a finding.
const (
	Good    = "good"
	Warning = "warning"
	Bad     = "bad" // would keep taskctl from running
)

// examination collects findings in one language.
type examination struct {
	cfg      *config.Config
	say      message.Lang
	running  int // the pid of the launcher, or 0
	findings []Finding
}

func (e *examination) add(check, state, detail, fix string) {
	e.findings = append(e.findings, Finding{check, state, detail, fix})
}

// Examine looks at everything that could keep a system from running, and
// changes nothing.
func Examine(ctx context.Context, cfg *config.Config, say message.Lang) []Finding {
	e := &examination{cfg: cfg, say: say}
	e.launcher(ctx)
	e.components(ctx)
	e.leftovers()
	e.directories()
	e.ports(ctx)
	e.database(ctx)
	e.disk(ctx)
	e.files()
	return e.findings
}

func (e *examination) launcher(ctx context.Context) {
	pid, err := Owner(e.cfg)
	switch {
	case err == nil && Dial(e.cfg).Answers(ctx):
		e.running = pid
		e.add("launcher", Good, e.say.DoctorRunning(pid), "")
	case err == nil:
		e.running = pid
		e.add("launcher", Bad, e.say.DoctorNotAnswering(pid), e.say.DoctorFixStop())
	case errors.Is(err, ErrNotRunning):
		if socket := e.cfg.Data(socketFile); exists(socket) {
			e.add("launcher", Warning, e.say.DoctorStaleSocket(socket), e.say.DoctorFixStart())
			return
		}
		e.add("launcher", Good, e.say.DoctorNotRunning(), "")
	default:
		e.add("launcher", Bad, err.Error(), "")
	}
}

// components names those that are not well. A launcher that does not answer has
// been told of already.
func (e *examination) components(ctx context.Context) {
	if e.running == 0 {
		return
	}
	status, err := Dial(e.cfg).Status(ctx)
	if err != nil {
		return
	}
	for _, c := range status.Components {
		switch supervisor.State(c.State) {
		case supervisor.StateReady:
		case supervisor.StateFailed:
			e.add("components", Bad, e.say.DoctorComponent(c.Name, c.State), e.say.DoctorFixComponent(c.Name))
		default:
			e.add("components", Warning, e.say.DoctorComponent(c.Name, c.State), e.say.DoctorFixComponent(c.Name))
		}
	}
}

func (e *examination) leftovers() {
	if e.running != 0 {
		return // what the ledger names is at work
	}
	left, err := supervisor.Leftovers(e.cfg.Data(ledgerFile))
	if err != nil {
		e.add("leftovers", Warning, err.Error(), "")
		return
	}
	for _, l := range left {
		e.add("leftovers", Warning, e.say.DoctorLeft(fmt.Sprintf("%s (%s)", l.Component, l.Member)), e.say.DoctorFixStart())
	}
	if len(left) == 0 {
		e.add("leftovers", Good, e.say.DoctorNothingLeft(), "")
	}
}

// directories checks that what has to be written can be, and that what is
// secret is.
func (e *examination) directories() {
	var dirs []string
	for _, dir := range []string{e.cfg.DataDir(), e.cfg.LogDir()} {
		dirs = append(dirs, nearest(dir))
	}
	for _, dir := range slices.Compact(dirs) {
		if info, err := os.Stat(dir); err == nil && !info.IsDir() {
			e.add("directories", Bad, e.say.DoctorNotDirectory(dir), e.say.DoctorFixNotDirectory())
			continue
		}
		probe, err := os.CreateTemp(dir, ".doctor-*")
		if err != nil {
			fix := e.say.DoctorFixWritable(dir)
			switch {
			case errors.Is(err, syscall.EROFS):
				fix = e.say.DoctorFixReadOnly()
			case errors.Is(err, syscall.ENOSPC):
				fix = e.say.DoctorFixDisk()
			}
			e.add("directories", Bad, e.say.DoctorNotWritable(dir, cause(err)), fix)
			continue
		}
		_ = probe.Close()
		_ = os.Remove(probe.Name())
		e.add("directories", Good, e.say.DoctorWritable(dir), "")
	}
	private := true
	for _, path := range []string{e.cfg.DataDir(), e.cfg.LinkToken(), e.cfg.Data(socketFile)} {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
			private = false
			e.add("secrets", Warning, e.say.DoctorTooOpen(path, fmt.Sprintf("%#o", info.Mode().Perm())), e.say.DoctorFixTooOpen(path))
		}
	}
	if private && exists(e.cfg.DataDir()) {
		e.add("secrets", Good, e.say.DoctorPrivate(), "")
	}
}

func (e *examination) ports(ctx context.Context) {
	for _, a := range socketAddrs(e.cfg) {
		if e.running != 0 {
			e.add("ports", Good, e.say.DoctorPortOurs(a.key, a.addr), "")
			continue
		}
		set, err := bind(ctx, a, nil)
		var taken *PortTakenError
		switch {
		case errors.As(err, &taken):
			e.add("ports", Bad, e.say.DoctorPortTaken(a.key, taken.Addr, HolderText(e.say, taken.Holder)), e.say.DoctorFixPort(a.key, config.Env(a.key)))
		case err != nil:
			e.add("ports", Bad, err.Error(), e.say.DoctorFixPort(a.key, config.Env(a.key)))
		default:
			e.add("ports", Good, e.say.DoctorPortFree(a.key, a.addr), "")
			_ = set.Close() // it was only tried
		}
	}
}

func (e *examination) database(ctx context.Context) {
	path := e.cfg.Database()
	if !exists(path) {
		e.add("database", Good, e.say.DoctorNoDatabase(), "")
		return
	}
	store, err := sqlite.Open(ctx, sqlite.Options{Path: path, ReadOnly: true})
	if err != nil {
		e.add("database", Bad, e.say.DoctorBadDatabase(err.Error()), e.say.DoctorFixDatabase(path))
		return
	}
	defer func() { _ = store.Close() }() // it was only read
	_, head, err := store.Bounds(ctx)
	if err != nil {
		e.add("database", Bad, e.say.DoctorBadDatabase(err.Error()), e.say.DoctorFixDatabase(path))
		return
	}
	e.add("database", Good, e.say.DoctorDatabase(head.Seq), "")
}

const (
	reserve = 100 << 20 // what the database and its log should find free besides the logs
	least   = 1 << 20   // with less than this nothing starts
)

func (e *examination) disk(ctx context.Context) {
	usage, err := disk.UsageWithContext(ctx, nearest(e.cfg.Dir))
	if err != nil {
		e.add("disk", Warning, err.Error(), "")
		return
	}
	detail := e.say.DoctorDisk(screen.Bytes(int64(usage.Free)), screen.Bytes(e.cfg.Logs.MaxTotal))
	switch free := int64(usage.Free); {
	case free < least:
		e.add("disk", Bad, detail, e.say.DoctorFixDisk())
	case free < e.cfg.Logs.MaxTotal+reserve:
		e.add("disk", Warning, detail, e.say.DoctorFixDisk())
	default:
		e.add("disk", Good, detail, "")
	}
}

// spareFiles is what wsserver needs besides one descriptor for each client.
const spareFiles = 64

func (e *examination) files() {
	limit, known := fileLimit()
	if !known {
		return
	}
	detail := e.say.DoctorFiles(limit, e.cfg.WSServer.MaxClients)
	if limit < uint64(e.cfg.WSServer.MaxClients)+spareFiles {
		e.add("files", Warning, detail, e.say.DoctorFixFiles())
		return
	}
	e.add("files", Good, detail, "")
}

// nearest is the directory itself, or that of those above it which is there: what
// is missing will be made.
func nearest(dir string) string {
	for !exists(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// cause is the reason alone of an error about a file that is named beside it.
func cause(err error) string {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}
