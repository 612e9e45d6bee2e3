package launcher

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

// announce prints the one screen that says that all is ready, or what of the
// user's own is not.
func (l *Launcher) announce() {
	say, p := l.opts.Lang, l.opts.Palette
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", p.Bold(say.StartHeading(l.cfg.Dir)))
	var rows [][]string
	var notReady []string
	for _, c := range l.supervisor.Status() {
		state := say.StateName(string(c.State))
		if c.State == supervisor.StateReady {
			state = p.Green(state)
		} else {
			notReady = append(notReady, c.Name)
			state = p.Yellow(state)
		}
		pid := ""
		if c.PID > 0 {
			pid = fmt.Sprintf("pid %d", c.PID)
		}
		rows = append(rows, []string{c.Name, state, l.url(c.Name), pid})
	}
	b.WriteString(screen.Table("  ", 0, rows))
	b.WriteByte('\n')
	lines := []string{say.StartBoard(l.live.APIURL() + "/")}
	if trip := l.roundTrip.Load(); trip != nil {
		lines = append(lines, say.StartTestTask(testTaskTitle, trip.Took))
	} else {
		lines = append(lines, say.StartNoTestTask())
	}
	lines = append(lines, say.StartLogs(l.cfg.LogDir()), say.StartReady(time.Duration(l.readyTook.Load()), notReady))
	for _, line := range lines {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	b.WriteByte('\n')
	if l.opts.Detached != nil {
		b.WriteString(say.StartHowToStopDetached(os.Getpid()))
	} else {
		b.WriteString(p.Bold(say.StartHowToStop()))
	}
	l.terminal.say(l.opts.Stdout, b.String()+"\n")
}

// url is how a component is reached, where it is.
func (l *Launcher) url(component string) string {
	switch component {
	case config.WSServer:
		return l.live.WebSocket()
	case config.API:
		return l.live.APIURL()
	}
	return ""
}
