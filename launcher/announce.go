package launcher

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/screen"
)

// announce prints the one screen that says that all is ready.
func (l *Launcher) announce() {
	say, p := l.opts.Lang, l.opts.Palette
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", p.Bold(say.StartHeading(l.cfg.Dir)))
	var rows [][]string
	for _, c := range l.supervisor.Status() {
		pid := ""
		if c.PID > 0 {
			pid = fmt.Sprintf("pid %d", c.PID)
		}
		rows = append(rows, []string{c.Name, p.Green(say.StateName(string(c.State))), l.url(c.Name), pid})
	}
	b.WriteString(screen.Table("  ", 0, rows))
	b.WriteByte('\n')
	lines := []string{say.StartBoard(l.live.APIURL() + "/")}
	if trip := l.roundTrip.Load(); trip != nil {
		lines = append(lines, say.StartTestTask(testTaskTitle, trip.Took))
	} else {
		lines = append(lines, say.StartNoTestTask())
	}
	lines = append(lines, say.StartLogs(l.cfg.LogDir()), say.StartReady(time.Duration(l.readyTook.Load())))
	for _, line := range lines {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	b.WriteByte('\n')
	if l.opts.Detached != nil {
		b.WriteString(say.StartHowToStopDetached(os.Getpid()))
	} else {
		b.WriteString(p.Bold(say.StartHowToStop()))
	}
	fmt.Fprintln(l.opts.Stdout, b.String())
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
