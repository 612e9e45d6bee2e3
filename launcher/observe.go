package launcher

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

// wsserverTimeout bounds asking wsserver for its clients and last event, so that
// a stopped one does not hold up `status`.
const wsserverTimeout = 500 * time.Millisecond

// status looks at the whole system now. Everything in it is measured when
// somebody asks; nothing is kept up to date for its own sake.
func (l *Launcher) status(ctx context.Context) Status {
	began := l.began.UTC()
	s := Status{
		Mode: l.mode(), PID: os.Getpid(), StartedAt: &began, Dir: l.cfg.Dir,
		API:        l.live.APIURL(),
		WebSocket:  l.live.WebSocket(),
		LogDir:     l.cfg.LogDir(),
		RoundTrip:  l.roundTrip.Load(),
		ReadyAfter: time.Duration(l.readyTook.Load()).Seconds(),
	}
	living := map[int]bool{os.Getpid(): true}
	for _, c := range l.supervisor.Status() {
		s.Components = append(s.Components, l.componentStatus(ctx, c))
		living[c.PID] = true
	}
	l.usage.forget(living)
	s.State = l.overall(s.Components)
	s.Clients, s.Seq, s.Epoch = l.traffic(ctx)
	return s
}

func (l *Launcher) mode() string {
	if l.opts.InProcess {
		return ModeInProcess
	}
	return ModeProcesses
}

func (l *Launcher) componentStatus(ctx context.Context, c supervisor.Status) ComponentStatus {
	out := ComponentStatus{
		Name: c.Name, State: string(c.State), PID: c.PID, Address: l.sockets.addr(c.Name),
		Generation: c.Generation, Restarts: c.Restarts, Exit: c.LastExit, Suspended: c.Suspended, Misses: c.Misses,
		WaitsFor: c.WaitsFor,
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
		out.ReadyWhen = l.readyWhen(c.Name)
	}
	switch {
	case c.PID > 0:
		out.RSSBytes, out.CPUPercent = l.usage.measure(ctx, c.PID, c.StartedAt)
	case l.opts.InProcess && out.StartedAt != nil:
		out.PID = os.Getpid() // its goroutines are ours
		out.RSSBytes, out.CPUPercent = l.usage.measure(ctx, os.Getpid(), l.began)
	}
	return out
}

// readyWhen is what the settings say that one of the user's components has to show.
func (l *Launcher) readyWhen(name string) string {
	for _, c := range l.cfg.Components {
		switch {
		case c.Name != name:
		case c.Ready.Log != "":
			return "log: " + c.Ready.Log
		case c.Ready.HTTP != "":
			return "http: " + c.Ready.HTTP
		case c.Ready.TCP != "":
			return "tcp: " + c.Ready.TCP
		}
	}
	return ""
}

// overall is the state of the whole: what the worst of its parts allows.
func (l *Launcher) overall(components []ComponentStatus) State {
	state := Ready
	for _, c := range components {
		switch supervisor.State(c.State) {
		case supervisor.StateReady:
		case supervisor.StateFailed:
			state = Failed
		default:
			if state == Ready {
				state = Degraded
			}
		}
	}
	switch {
	case l.stopping.Load():
		return Stopping
	case l.readyTook.Load() == 0:
		return Starting
	}
	return state
}

// traffic asks wsserver how many clients it has and where the log stands. While
// wsserver does not answer nobody is connected, and the last event is the one that
// the consumer had.
func (l *Launcher) traffic(ctx context.Context) (clients int, seq uint64, epoch string) {
	ctx, cancel := context.WithTimeout(ctx, wsserverTimeout)
	defer cancel()
	var health struct {
		Clients int    `json:"clients"`
		Seq     uint64 `json:"seq"`
		Epoch   string `json:"epoch"`
	}
	if err := l.ask(ctx, config.WSServer, "/readyz", &health); err != nil {
		last := l.seen.last()
		return 0, last.Seq, last.Epoch
	}
	return health.Clients, health.Seq, health.Epoch
}

// ask sends a GET to a component; out, if not nil, gets the answer.
func (l *Launcher) ask(ctx context.Context, component, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.sockets.addr(component)+path, nil)
	if err != nil {
		return err
	}
	if token := l.cfg.Auth.Token; token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := l.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to the end, or not needed
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", path, res.Status)
	}
	if out == nil {
		_, err := io.Copy(io.Discard, res.Body) // to its end, or the connection is not used again
		return err
	}
	return json.NewDecoder(res.Body).Decode(out)
}
