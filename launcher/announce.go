package launcher

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"taskctl/pkg/config"
	"taskctl/pkg/screen"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/supervisor"
)

// announce prints that all components are ready, or which of the user's own are not.
func (s *system) announce(ctx context.Context) {
	if s.opts.JSON {
		s.printJSON(s.Status(ctx))
		return
	}
	s.printScreen()
}

// printJSON prints a value as one line of JSON.
func (s *system) printJSON(v any) {
	line, err := json.Marshal(v)
	if err != nil {
		s.log.Error("print JSON", "error", err)
		return
	}
	s.terminal.print(s.opts.Stdout, string(line)+"\n")
}

// printScreen prints the announcement for people.
func (s *system) printScreen() {
	lang, p := s.opts.Lang, s.opts.Palette
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", p.Bold(lang.StartHeading(s.cfg.Dir)))
	var rows [][]string
	var notReady []string
	for _, c := range s.supervisor.Status() {
		state := lang.StateName(string(c.State))
		switch {
		case !asIntended(c.State, c.Generation):
			notReady = append(notReady, c.Name)
			state = p.Yellow(state)
		case c.State != supervisor.StateStopped:
			state = p.Green(state)
		}
		pid := ""
		if c.PID > 0 {
			pid = fmt.Sprintf("pid %d", c.PID)
		}
		rows = append(rows, []string{c.Name, state, s.url(c.Name), pid})
	}
	b.WriteString(screen.Table("  ", 0, rows))
	b.WriteByte('\n')
	var lines []string
	if s.cfg.Runs(config.API) {
		lines = append(lines, lang.StartBoard(s.cfg.APIURL()+"/"))
	}
	if trip := s.roundTrip.Load(); trip != nil {
		lines = append(lines, lang.StartTestTask(lang.TestTaskTitle(), trip.Took))
	} else if !s.wantsTestTask() {
		lines = append(lines, lang.StartNoTestTask())
	}
	if loss := s.loss(); loss != nil {
		lines = append(lines, p.Red(lang.HistoryLost(loss.Had.String(), loss.Has.String(), loss.When)))
	}
	lines = append(lines, lang.StartLogs(s.cfg.LogDir()), lang.StartReady(time.Duration(s.readyAfter.Load()), notReady))
	for _, line := range lines {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	b.WriteByte('\n')
	if s.opts.Detached != nil {
		b.WriteString(lang.StartHowToStopDetached(os.Getpid()))
	} else {
		b.WriteString(p.Bold(lang.StartHowToStop()))
	}
	s.terminal.print(s.opts.Stdout, b.String()+"\n")
}

// loss is the loss of events that the database has detected since this start began, or
// nil.
func (s *system) loss() *sqlite.Loss {
	if s.cfg.Store != config.StoreSQLite {
		return nil
	}
	loss, err := sqlite.LastLoss(s.cfg.Database())
	if err != nil || loss == nil || loss.When.Before(s.startedAt.Truncate(time.Second)) {
		return nil
	}
	return loss
}

// url is the URL of a component; empty if it has none.
func (s *system) url(component string) string {
	switch component {
	case config.WSServer:
		return s.cfg.WebSocket()
	case config.API:
		return s.cfg.APIURL()
	}
	return ""
}
