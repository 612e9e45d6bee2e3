package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/screen"
)

// watchEvery is how often `status --watch` looks.
const watchEvery = time.Second

// troubleLines is how many of the launcher's last complaints are shown.
const troubleLines = 5

// watch keeps showing the status: as a live view on a terminal, else as one
// status after another; as JSON, an object a line.
func (p *program) watch(ctx context.Context, cfg *config.Config, asJSON bool) error {
	if asJSON {
		out := json.NewEncoder(p.stdout)
		return p.watchEach(ctx, cfg, func(s launcher.Status) error { return out.Encode(s) })
	}
	palette := screen.PaletteFor(p.stdout, p.getenv)
	if !screen.IsTerminal(p.stdout) || !screen.IsTerminal(p.stdin) || p.getenv("TERM") == "dumb" {
		return p.watchEach(ctx, cfg, func(s launcher.Status) error {
			_, err := io.WriteString(p.stdout, p.renderStatus(s, palette, 0)+"\n")
			return err
		})
	}
	view := &statusView{p: p, ctx: ctx, cfg: cfg, palette: palette}
	_, err := tea.NewProgram(view, tea.WithContext(ctx), tea.WithInput(p.stdin), tea.WithOutput(p.stdout),
		tea.WithoutSignalHandler()).Run()
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// watchEach shows one look after another until ctx ends. A system that does not
// run, or does not answer, is worth watching too.
func (p *program) watchEach(ctx context.Context, cfg *config.Config, show func(launcher.Status) error) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		s, err := launcher.Look(ctx, cfg)
		if ctx.Err() != nil {
			return nil
		}
		if s.State == "" {
			return err
		}
		if err := show(s); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// statusView is the live view of `status --watch`.
type statusView struct {
	p       *program
	ctx     context.Context //nolint:containedctx // bubbletea's commands take no context of their own
	cfg     *config.Config
	palette screen.Palette
	width   int

	last    sighting
	rate    float64 // events a second since the look before
	trouble []string
}

// sighting is one look at the system.
type sighting struct {
	at      time.Time
	status  launcher.Status
	err     error
	trouble []string
}

// Init looks at once.
func (v *statusView) Init() tea.Cmd { return v.look }

func (v *statusView) look() tea.Msg {
	s, err := launcher.Look(v.ctx, v.cfg)
	return sighting{at: time.Now(), status: s, err: err, trouble: complaints(v.ctx, v.cfg)}
}

// complaints are the launcher's last warnings and errors.
func complaints(ctx context.Context, cfg *config.Config) []string {
	var lines []string
	options := logfile.ReadOptions{Names: []string{config.Launcher}, Last: 500}
	err := logfile.Read(ctx, cfg.LogDir(), options, func(e logfile.Entry) error {
		if strings.HasPrefix(e.Text, "level=WARN") || strings.HasPrefix(e.Text, "level=ERROR") {
			lines = append(lines, e.Time.Local().Format(time.TimeOnly)+"  "+logfile.Printable(e.Text))
		}
		return nil
	})
	if err != nil {
		return []string{err.Error()}
	}
	return lines[max(0, len(lines)-troubleLines):]
}

// Update takes a key, a size, or the next look.
func (v *statusView) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		switch msg.String() {
		case "q", "esc", "ctrl+c":
			return v, tea.Quit
		case "ctrl+z":
			return v, tea.Suspend
		}
	case tea.WindowSizeMsg:
		v.width = msg.Width
	case sighting:
		if elapsed := msg.at.Sub(v.last.at).Seconds(); !v.last.at.IsZero() && msg.status.Seq >= v.last.status.Seq {
			v.rate = float64(msg.status.Seq-v.last.status.Seq) / elapsed
		}
		v.last, v.trouble = msg, msg.trouble
		return v, tea.Tick(watchEvery, func(time.Time) tea.Msg { return v.look() })
	}
	return v, nil
}

// View lays out the last look.
func (v *statusView) View() tea.View {
	var b strings.Builder
	switch {
	case v.last.at.IsZero():
	case v.last.err != nil:
		fmt.Fprintln(&b, v.palette.Yellow(explain(v.last.err, v.p.lang, v.cfg.Dir)))
	default:
		b.WriteString(v.p.renderStatus(v.last.status, v.palette, v.width))
		fmt.Fprintln(&b, v.p.lang.WatchRate(v.rate))
	}
	if len(v.trouble) > 0 {
		fmt.Fprintf(&b, "\n%s\n", v.palette.Bold(v.p.lang.WatchTrouble()))
		var rows [][]string
		for _, line := range v.trouble {
			rows = append(rows, []string{line})
		}
		b.WriteString(screen.Table("  ", v.width, rows))
	}
	fmt.Fprintf(&b, "\n%s", v.palette.Dim(v.p.lang.WatchKeys()))
	view := tea.NewView(b.String())
	view.AltScreen = true
	return view
}
