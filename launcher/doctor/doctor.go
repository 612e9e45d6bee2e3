// Package doctor checks everything that could keep a system from running, and says how
// to fix it. It changes nothing.
package doctor

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

	"taskctl/launcher/control"
	"taskctl/launcher/ports"
	"taskctl/launcher/userprocess"
	"taskctl/pkg/config"
	"taskctl/pkg/listen"
	"taskctl/pkg/logfile"
	"taskctl/pkg/message"
	"taskctl/pkg/ownfile"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/supervisor"
	"taskctl/pkg/wsserver"
)

// Finding is the result of one check.
type Finding struct {
	Check  string `json:"check"` // the name of the check: "ports", "disk", …
	State  string `json:"state"` // "good", "warning" or "bad"
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// The states of a finding.
const (
	Good    = "good"
	Warning = "warning"
	Bad     = "bad" // keeps taskctl from running
)

// examination collects findings in one language.
type examination struct {
	cfg      *config.Config
	lang     message.Lang
	running  int // the pid of the running launcher; 0: none
	findings []Finding
}

func (e *examination) add(check, state, detail, fix string) {
	e.findings = append(e.findings, Finding{check, state, detail, fix})
}

// Examine runs all checks. environ is the environment that components would inherit.
func Examine(ctx context.Context, cfg *config.Config, lang message.Lang, environ []string) []Finding {
	e := &examination{cfg: cfg, lang: lang}
	e.launcher(ctx)
	e.components(ctx)
	e.commands(environ)
	e.leftovers()
	e.directories()
	e.ports(ctx)
	e.database(ctx)
	e.broker(ctx)
	e.disk(ctx)
	e.descriptors()
	return e.findings
}

func (e *examination) launcher(ctx context.Context) {
	owner, err := control.Owner(e.cfg)
	switch {
	case err == nil && control.NewClient(e.cfg).Answers(ctx):
		e.running = owner.PID
		e.add("launcher", Good, e.lang.DoctorRunning(owner.PID), "")
	case err == nil:
		e.running = owner.PID
		e.add("launcher", Bad, e.lang.DoctorNotAnswering(owner.PID), e.lang.DoctorFixStop())
	case errors.Is(err, control.ErrNotRunning):
		if socket := control.SocketPath(e.cfg); exists(socket) {
			e.add("launcher", Warning, e.lang.DoctorStaleSocket(socket), e.lang.DoctorFixStart())
			return
		}
		e.add("launcher", Good, e.lang.DoctorNotRunning(), "")
	default:
		e.add("launcher", Bad, err.Error(), "")
	}
}

// components reports the components that are not ready. If the launcher does not
// answer, its own check has reported that.
func (e *examination) components(ctx context.Context) {
	if e.running == 0 {
		return
	}
	status, err := control.NewClient(e.cfg).Status(ctx)
	if err != nil {
		return
	}
	for _, c := range status.Components {
		switch supervisor.State(c.State) {
		case supervisor.StateReady, supervisor.StateDone:
		case supervisor.StateStopped:
			if c.Generation > 0 { // otherwise it waits for `taskctl start NAME`
				e.add("components", Warning, e.lang.DoctorComponent(c.Name, c.State), e.lang.DoctorFixComponent(c.Name))
			}
		case supervisor.StateFailed:
			e.add("components", Bad, e.lang.DoctorComponent(c.Name, c.State), e.lang.DoctorFixComponent(c.Name))
		default:
			e.add("components", Warning, e.lang.DoctorComponent(c.Name, c.State), e.lang.DoctorFixComponent(c.Name))
		}
	}
}

// commands finds problems that keep the user's own components from running.
func (e *examination) commands(environ []string) {
	mistakes, faults := userprocess.Check(e.cfg, environ)
	for _, m := range mistakes {
		e.add("settings", Bad, config.Problems{m}.In(e.lang), "")
	}
	for _, f := range faults {
		state := Bad
		if f.Expected {
			state = Warning
		}
		e.add("commands", state, config.Problems{f.Problem}.In(e.lang), "")
	}
}

func (e *examination) leftovers() {
	if e.running != 0 {
		return // the processes of the run state belong to the running launcher
	}
	left, err := supervisor.Leftovers(e.cfg.Data(control.RunStateFile))
	if err != nil {
		e.add("leftovers", Warning, err.Error(), "")
		return
	}
	for _, l := range left {
		e.add("leftovers", Warning, e.lang.DoctorLeft(fmt.Sprintf("%s (%s)", l.Component, l.Member)), e.lang.DoctorFixStart())
	}
	if len(left) == 0 {
		e.add("leftovers", Good, e.lang.DoctorNothingLeft(), "")
	}
}

// directories checks that data/ and logs/ can be written, and that only this user can
// read secrets.
func (e *examination) directories() {
	var dirs []string
	for _, dir := range []string{e.cfg.DataDir(), e.cfg.LogDir()} {
		dirs = append(dirs, nearest(dir))
	}
	for _, dir := range slices.Compact(dirs) {
		if info, err := os.Stat(dir); err == nil && !info.IsDir() {
			e.add("directories", Bad, e.lang.DoctorNotDirectory(dir), e.lang.DoctorFixNotDirectory())
			continue
		}
		probe, err := os.CreateTemp(dir, ".doctor-*")
		if err != nil {
			fix := e.lang.DoctorFixWritable(dir)
			switch {
			case errors.Is(err, syscall.EROFS):
				fix = e.lang.DoctorFixReadOnly()
			case errors.Is(err, syscall.ENOSPC):
				fix = e.lang.DoctorFixDisk()
			}
			e.add("directories", Bad, e.lang.DoctorNotWritable(dir, cause(err)), fix)
			continue
		}
		_ = probe.Close()
		_ = os.Remove(probe.Name())
		e.add("directories", Good, e.lang.DoctorWritable(dir), "")
	}
	for _, log := range logfile.NotRegular(e.cfg.LogDir(), e.cfg.LogNames()...) {
		e.add("logs", Bad, e.lang.LogNotRegular(log.Path, log.Type), e.lang.DoctorFixLog(log.Path, log.Type))
	}
	var (
		unsafe *control.UnsafeError
		other  *ownfile.NotRegularError
	)
	switch err := control.CheckDirectories(e.cfg); {
	case errors.As(err, &other):
		e.add("directories", Bad, e.lang.NotRegular(other.Path, other.Type), "")
	case errors.As(err, &unsafe):
		e.add("directories", Bad, unsafe.Error(), unsafe.Text(e.lang))
	}
	private := true
	for _, path := range []string{e.cfg.DataDir(), e.cfg.LinkToken(), control.SocketPath(e.cfg)} {
		private = !e.openTo(0o077, path, e.lang.DoctorFixTooOpen(path)) && private
	}
	if private && exists(e.cfg.DataDir()) {
		e.add("secrets", Good, e.lang.DoctorPrivate(), "")
	}
	for _, path := range e.cfg.SecretFiles() { // the group may read them: a service has one of its own
		e.openTo(0o007, path, e.lang.DoctorFixSecretFile(path))
	}
}

// openTo reports whether a file gives any of these permissions, and adds a warning if it
// does.
func (e *examination) openTo(permissions fs.FileMode, path, fix string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&permissions == 0 || os.PathSeparator != '/' {
		return false
	}
	e.add("secrets", Warning, e.lang.DoctorTooOpen(path, fmt.Sprintf("%#o", info.Mode().Perm())), fix)
	return true
}

func (e *examination) ports(ctx context.Context) {
	for _, s := range ports.Settings(e.cfg) {
		if e.running != 0 {
			e.add("ports", Good, e.lang.DoctorPortOurs(s.Key, s.Addr), "")
			continue
		}
		set, err := ports.Bind(ctx, s, nil)
		var taken *ports.TakenError
		switch {
		case errors.As(err, &taken):
			fix := e.lang.DoctorFixPort(s.Key, config.Env(s.Key))
			if dir := taken.Holder.Dir; dir != "" {
				fix += "; " + e.lang.PortOfSystem(dir)
			}
			e.add("ports", Bad, e.lang.DoctorPortTaken(s.Key, taken.Addr, taken.Holder.Text(e.lang)), fix)
		case err != nil:
			e.add("ports", Bad, err.Error(), e.lang.DoctorFixPort(s.Key, config.Env(s.Key)))
		default:
			e.add("ports", Good, e.lang.DoctorPortFree(s.Key, s.Addr), "")
			_ = set.Close() // only bound to see whether the port is free
		}
	}
}

func (e *examination) database(ctx context.Context) {
	if e.cfg.Store == config.StorePostgres {
		e.postgres(ctx)
		return
	}
	path := e.cfg.Database()
	if !exists(path) {
		e.add("database", Good, e.lang.DoctorNoDatabase(), "")
		return
	}
	store, err := sqlite.Open(ctx, sqlite.Options{Path: path, ReadOnly: true})
	if err != nil {
		e.add("database", Bad, e.lang.DoctorBadDatabase(err.Error()), e.lang.DoctorFixDatabase(path))
		return
	}
	defer func() { _ = store.Close() }() // opened for reading
	_, head, err := store.Bounds(ctx)
	if err != nil {
		e.add("database", Bad, e.lang.DoctorBadDatabase(err.Error()), e.lang.DoctorFixDatabase(path))
		return
	}
	e.add("database", Good, e.lang.DoctorDatabase(head.Seq), "")
	if loss, err := sqlite.LastLoss(path); err == nil && loss != nil {
		e.add("database", Warning, e.lang.HistoryLost(loss.Had.String(), loss.Has.String(), loss.When), "")
	}
}

const (
	databaseReserve = 100 << 20 // recommended free space for the database, besides that for logs
	minFreeSpace    = 1 << 20   // with less, the system does not start
)

func (e *examination) disk(ctx context.Context) {
	space, err := disk.UsageWithContext(ctx, nearest(e.cfg.Dir))
	if err != nil {
		e.add("disk", Warning, err.Error(), "")
		return
	}
	detail := e.lang.DoctorDisk(e.lang.Bytes(int64(space.Free)), e.lang.Bytes(e.cfg.Logs.MaxTotal))
	switch free := int64(space.Free); {
	case free < minFreeSpace:
		e.add("disk", Bad, detail, e.lang.DoctorFixDisk())
	case free < e.cfg.Logs.MaxTotal+databaseReserve:
		e.add("disk", Warning, detail, e.lang.DoctorFixDisk())
	default:
		e.add("disk", Good, detail, "")
	}
}

func (e *examination) descriptors() {
	limit := uint64(listen.MaxOpenFiles())
	if limit == 0 {
		return
	}
	detail := e.lang.DoctorFiles(limit, e.cfg.WSServer.MaxClients)
	if listen.CheckOpenFiles() != nil {
		e.add("files", Bad, detail, e.lang.DoctorFixFiles())
		return
	}
	if wsserver.ClientLimit() < e.cfg.WSServer.MaxClients {
		e.add("files", Warning, detail, e.lang.DoctorFixFiles())
		return
	}
	e.add("files", Good, detail, "")
}

// nearest is the directory itself, or its nearest existing parent, because start
// creates the missing ones.
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

// cause is the error without the path, for a text that already names the path.
func cause(err error) string {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}
