package launcher

import (
	"context"
	"os"
	"strings"
	"time"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/hooks"
	"taskctl/pkg/supervisor"
	"taskctl/pkg/task"
)

var _ control.System = (*system)(nil)

// statusTimeout bounds each request to wsserver and the api about their state, so that a
// hung component does not delay `status`.
const statusTimeout = 500 * time.Millisecond

// Status measures the whole system at the time of the call.
func (s *system) Status(ctx context.Context) control.Status {
	began := s.startedAt.UTC()
	out := control.Status{
		Mode: s.mode(), PID: os.Getpid(), StartedAt: &began, Dir: s.cfg.Dir,
		Replaced:   s.binary.replaced(),
		SettingsAt: s.settingsAt.Load(),
		API:        s.cfg.APIURL(),
		WebSocket:  s.cfg.WebSocket(),
		LogDir:     s.cfg.LogDir(),
		RoundTrip:  s.roundTrip.Load(),
		ReadyAfter: time.Duration(s.readyAfter.Load()).Seconds(),
	}
	living := map[int]bool{os.Getpid(): true}
	usage := s.supervisor.Usage()
	for _, c := range s.supervisor.Status() {
		out.Components = append(out.Components, s.componentStatus(ctx, c, usage[c.Name]))
		living[c.PID] = true
	}
	s.usage.forget(living)
	ws := s.askWSServer(ctx)
	out.Clients, out.Seq, out.Epoch = ws.Clients, ws.Seq, ws.Epoch
	out.Store, out.Broker = s.services(ctx, ws)
	out.Hooks = s.hookStatus(out)
	out.State = s.state(out)
	return out
}

// hookStatus reads the status of the hooks from their files.
func (s *system) hookStatus(now control.Status) []hooks.Status {
	if !s.withHooks(s.reloaded.Load()).RunsHooks() {
		return nil
	}
	all, err := hooks.ReadStatus(s.cfg.HooksDir(), task.Position{Epoch: now.Epoch, Seq: now.Seq})
	if err != nil {
		s.log.Warn("read the state of the hooks", "error", err)
	}
	for _, c := range now.Components {
		if c.Name == config.Hooks && c.State != string(supervisor.StateReady) {
			for i := range all {
				all[i].State = hooks.StateStopped
			}
		}
	}
	return all
}

// Stop requests the stop, and returns the receipt when everything has ended.
func (s *system) Stop(ctx context.Context) (control.Receipt, error) {
	s.stop()
	select {
	case <-s.finished:
		return s.receipt, nil
	case <-ctx.Done():
		return control.Receipt{}, ctx.Err()
	}
}

// Restart restarts the named components, or all, and returns once they are ready.
func (s *system) Restart(ctx context.Context, components ...string) error {
	err := s.supervisor.Restart(ctx, components...)
	s.api.CloseIdleConnections() // a replaced generation runs until its last client has disconnected
	return err
}

// Why returns a component's state and its last death.
func (s *system) Why(ctx context.Context, name string) (control.Why, error) {
	crash, died, err := s.supervisor.Why(name)
	if err != nil {
		return control.Why{}, err
	}
	var why control.Why
	if died {
		why.Crash = &crash
	}
	for _, c := range s.supervisor.Status() {
		if c.Name == name {
			why.Status = s.componentStatus(ctx, c, s.supervisor.Usage()[c.Name])
		}
	}
	return why, nil
}

// EmptyLogs empties current log files and returns the number of freed bytes.
func (s *system) EmptyLogs(names ...string) (freed int64, err error) { return s.logs.Empty(names...) }

func (s *system) mode() string {
	if s.opts.InProcess {
		return control.ModeInProcess
	}
	return control.ModeProcesses
}

func (s *system) componentStatus(ctx context.Context, c supervisor.Status, used supervisor.Usage) control.ComponentStatus {
	out := control.ComponentStatus{
		Name: c.Name, State: string(c.State), PID: c.PID, Address: s.sockets.addr(c.Name),
		Generation: c.Generation, Restarts: c.Restarts, Exit: c.LastExit, Suspended: c.Suspended, Misses: c.Misses,
		WaitsFor: c.WaitsFor, FileChange: c.FileChange,
	}
	if !c.StartedAt.IsZero() {
		started := c.StartedAt.UTC()
		out.StartedAt = &started
	}
	if c.LastExit != nil {
		out.LastExit = c.LastExit.String()
	}
	if c.Budget.Deaths > 0 {
		out.Budget = &c.Budget
	}
	if c.State == supervisor.StateStarting && out.StartedAt != nil {
		out.ReadyWhen = readyCondition(s.reloaded.Load().Components, c.Name)
	}
	switch {
	case used.RSSBytes > 0: // of all its processes
		out.RSSBytes, out.CPUPercent = used.RSSBytes, s.usage.share(c.PID, c.StartedAt, used.CPU.Seconds())
	case c.PID > 0:
		out.RSSBytes, out.CPUPercent = s.usage.measure(ctx, c.PID, c.StartedAt)
	case s.opts.InProcess && out.StartedAt != nil:
		out.PID = os.Getpid() // it runs as goroutines of this process
		out.RSSBytes, out.CPUPercent = s.usage.measure(ctx, os.Getpid(), s.startedAt)
	}
	return out
}

// readyCondition is the ready condition of one of the user's own components, as in the
// settings; empty: it is ready once it runs.
func readyCondition(components []config.Component, name string) string {
	for _, c := range components {
		switch {
		case c.Name != name:
		case c.Ready.Log != "":
			return "log: " + c.Ready.Log
		case c.Ready.HTTP != "":
			return "http: " + c.Ready.HTTP
		case c.Ready.TCP != "":
			return "tcp: " + c.Ready.TCP
		case len(c.Ready.Exec) > 0:
			return "exec: " + strings.Join(c.Ready.Exec, " ")
		}
	}
	return ""
}

// state is the state of the whole system, which is that of its worst part.
func (s *system) state(out control.Status) control.State {
	switch {
	case s.stopBegan.Load() != nil:
		return control.Stopping
	case s.readyAfter.Load() == 0:
		return control.Starting
	}
	state := control.Ready
	if out.Store.State != control.Ready || out.Broker.State != control.Ready {
		state = control.Degraded
	}
	for _, c := range out.Components {
		switch {
		case supervisor.State(c.State) == supervisor.StateFailed:
			return control.Failed
		case !asIntended(supervisor.State(c.State), c.Generation):
			state = control.Degraded
		}
	}
	return state
}

// asIntended reports whether a component is in its intended state. That includes a
// stopped component that was never started, because it waits for `taskctl start NAME`.
func asIntended(state supervisor.State, generations uint64) bool {
	return state == supervisor.StateReady || state == supervisor.StateDone || state == supervisor.StateStopped && generations == 0
}

// wsserverReport is wsserver's report on its clients and its position in the log.
type wsserverReport struct {
	Clients  int    `json:"clients"`
	Seq      uint64 `json:"seq"`
	Epoch    string `json:"epoch"`
	Lag      uint64 `json:"lag"`
	Link     string `json:"link"`
	answered bool   // wsserver has answered
	readsLog bool   // wsserver can read the log
}

// askWSServer asks wsserver for its number of clients and the head of the log. If it
// does not answer, there are no clients, and the last event is that of the consumer.
func (s *system) askWSServer(ctx context.Context) wsserverReport {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	var ws wsserverReport
	err := s.prober.get(ctx, config.WSServer, "/readyz", &ws)
	if ws.answered = ws.Epoch != ""; ws.answered {
		ws.readsLog = err == nil
		return ws
	}
	last := s.position.last()
	return wsserverReport{Seq: last.Seq, Epoch: last.Epoch}
}

// linkDown is how api and wsserver report a link or a broker that is not connected.
const linkDown = "down"

// services asks api and wsserver, as far as they run on this machine, for the state of
// the store and the broker. Without an answer a service counts as ready, because the
// component that does not answer is reported by itself.
func (s *system) services(ctx context.Context, ws wsserverReport) (store, broker *control.Service) {
	store = &control.Service{Kind: s.cfg.Store, State: control.Ready, Server: s.cfg.StoreServer()}
	broker = &control.Service{Kind: s.cfg.UsedBroker(), State: control.Ready, Lag: ws.Lag}
	if ws.answered && !ws.readsLog {
		store.State = control.Degraded
	}
	linked := ws.Link != linkDown
	if s.cfg.Runs(config.API) {
		ctx, cancel := context.WithTimeout(ctx, statusTimeout)
		defer cancel()
		var api struct {
			Link   string `json:"link"`
			Type   string `json:"type"`   // of the problem, if it is not ready
			Detail string `json:"detail"` // of the problem, for people
		}
		err := s.prober.get(ctx, config.API, "/readyz", &api)
		if err != nil && (!ws.readsLog || strings.HasSuffix(api.Type, "not-writable")) {
			store.State, store.Reason = control.Degraded, api.Detail
		}
		linked = linked && (err != nil || api.Link != linkDown)
	}
	if !linked && s.cfg.Store == config.StorePostgres {
		broker.State = control.Degraded
	}
	if store.State != control.Ready && broker.Kind == config.BrokerPostgres {
		broker.State = control.Degraded // it is the same server
	}
	return store, broker
}
