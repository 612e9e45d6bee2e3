package main

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/logfile"
	"taskctl/pkg/screen"
)

// watchView is the live view of `status --watch`: the status with one component
// selected, or a pane with the text of that component.
type watchView struct {
	p             *program
	ctx           context.Context //nolint:containedctx // bubbletea's commands take no context of their own
	cfg           *config.Config
	palette       screen.Palette
	width, height int // 0 until the terminal has told them

	last     snapshot
	rate     float64 // events per second since the previous snapshot
	selected string
	notice   string // result of the last request to the launcher
	pane     *watchPane
}

// snapshot is the result of one poll.
type snapshot struct {
	at       time.Time
	status   control.Status
	err      error
	warnings []string
}

// Init polls at once.
func (v *watchView) Init() tea.Cmd { return v.poll }

func (v *watchView) poll() tea.Msg {
	s, err := control.Inspect(v.ctx, v.cfg)
	return snapshot{at: time.Now(), status: s, err: err, warnings: lastWarnings(v.ctx, v.cfg)}
}

// warningLines is how many of the launcher's last warnings and errors are shown.
const warningLines = 5

// lastWarnings returns the last warnings and errors in the log of the launcher.
func lastWarnings(ctx context.Context, cfg *config.Config) []string {
	var lines []string
	options := logfile.ReadOptions{Names: []string{config.Launcher}, Last: 500}
	err := logfile.Read(ctx, cfg.LogDir(), options, func(e logfile.Entry) error {
		if strings.HasPrefix(e.Text, "level=WARN") || strings.HasPrefix(e.Text, "level=ERROR") {
			lines = append(lines, e.Time.Local().Format(time.TimeOnly)+"  "+oneLine(e.Text))
		}
		return nil
	})
	if err != nil {
		return []string{err.Error()}
	}
	return lines[max(0, len(lines)-warningLines):]
}

// Update takes a key, a size, a snapshot, or the end of a request.
func (v *watchView) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return v, v.press(msg.String())
	case tea.WindowSizeMsg:
		v.width, v.height = msg.Width, msg.Height
	case snapshot:
		v.update(msg)
		return v, tea.Batch(tea.Tick(watchEvery, func(time.Time) tea.Msg { return v.poll() }), v.readPane())
	case paneText:
		if msg.pane == v.pane {
			v.pane.text = msg.text
		}
	case outcome:
		v.notice = msg.text
	}
	return v, nil
}

// update stores a snapshot, and keeps the selection on a component that exists.
func (v *watchView) update(next snapshot) {
	if elapsed := next.at.Sub(v.last.at).Seconds(); !v.last.at.IsZero() && next.status.Seq >= v.last.status.Seq {
		v.rate = float64(next.status.Seq-v.last.status.Seq) / elapsed
	}
	v.last = next
	v.move(0)
}

// move selects the component that number of places further down.
func (v *watchView) move(by int) {
	all := v.last.status.Components
	if len(all) == 0 {
		v.selected = ""
		return
	}
	at := slices.IndexFunc(all, func(c control.ComponentStatus) bool { return c.Name == v.selected })
	v.selected = all[min(max(0, max(0, at)+by), len(all)-1)].Name
}

// View lays out what fills the screen.
func (v *watchView) View() tea.View {
	var lines []string
	switch {
	case v.pane != nil:
		lines = v.pane.render(v.width, v.height)
	case !v.last.at.IsZero():
		lines = v.statusLines()
	}
	view := tea.NewView(strings.Join(lines, "\n"))
	view.AltScreen = true
	return view
}

// statusLines are the status and the keys. Where the screen is too low for all of
// it, it shows the components around the selected one, of the rest the beginning,
// and of the warnings the latest.
func (v *watchView) statusLines() []string {
	notice := splitLines(screen.Wrap(v.notice, "", v.width))
	if v.height > 0 {
		notice = notice[:min(len(notice), max(1, v.height/3))]
	}
	foot := slices.Concat(notice, splitLines(screen.Wrap(v.palette.Dim(v.p.lang.WatchKeys()), "", v.width)))
	if v.last.err != nil && len(v.last.status.Components) == 0 {
		reason := v.palette.Yellow(explain(v.last.err, v.p.lang, v.cfg.Dir))
		return append(fitLines(splitLines(screen.Wrap(reason, "", v.width)), v.height-len(foot)), foot...)
	}
	page := v.p.renderStatus(v.last.status, statusLayout{palette: v.palette, width: v.width, selected: v.selected})
	top := append(splitLines(page.top), "")
	rest := append(splitLines(page.rest), splitLines(screen.Wrap(v.p.lang.WatchRate(v.rate), "", v.width))...)
	components, warnings := page.components, v.wrappedWarnings()
	if v.height > 0 {
		top = fitLines(top, max(1, v.height/4))
		room := v.height - len(top) - len(foot)
		components = aroundSelected(components, max(minTableLines, min(room, max(lowTableLines, room-len(rest)))))
		rest = fitLines(rest, room-len(components))
		warnings = latest(warnings, room-len(components)-len(rest)-2)
	}
	if len(warnings) > 0 {
		rest = append(rest, "", v.palette.Bold(v.p.lang.WatchTrouble()))
	}
	lines := slices.Concat(top, components, rest, warnings)
	if v.height > 0 {
		lines = fitLines(lines, v.height-len(foot))
	}
	return append(lines, foot...)
}

const (
	lowTableLines = 6 // what the table of components keeps on a screen too low for all of the status
	minTableLines = 2 // what it keeps on any: its heading and the selected component
)

// aroundSelected is the table's heading, and below it the lines that are the
// nearest to the selected component.
func aroundSelected(table []string, height int) []string {
	if len(table) <= height {
		return table
	}
	at := slices.IndexFunc(table, func(line string) bool { return strings.HasPrefix(line, mark) })
	heading, lines := table[:1], table[1:]
	from := min(max(0, at-1-(height-1)/2), len(lines)-(height-1))
	return slices.Concat(heading, lines[from:from+height-1])
}

func (v *watchView) wrappedWarnings() []string {
	var lines []string
	for _, line := range v.last.warnings {
		lines = append(lines, splitLines(screen.Wrap(line, "  ", v.width))...)
	}
	return lines
}

func splitLines(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

// fitLines are the first lines, as many as there is room for.
func fitLines(lines []string, room int) []string { return lines[:min(len(lines), max(0, room))] }

// latest are the last lines, as many as there is room for.
func latest(lines []string, room int) []string { return lines[max(0, len(lines)-max(0, room)):] }
