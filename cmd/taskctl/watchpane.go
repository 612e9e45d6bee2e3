package main

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"taskctl/launcher/control"
	"taskctl/pkg/logfile"
	"taskctl/pkg/screen"
)

// watchPane shows a text of one component that may be longer than the screen. A log
// begins at its end, and follows it until someone scrolls up.
type watchPane struct {
	title     string
	keys      string
	paused    string        // said of a log that does not follow its end
	read      func() string // the text as it is now
	follows   bool          // the end is shown, whatever its length
	text      string
	top       int // the first line that is shown
	lastLines int // how many lines the last screen had to show
	lastRoom  int // of these, how many it had room for
}

// paneText is what a pane has read.
type paneText struct {
	pane *watchPane
	text string
}

// readPane reads the text of the pane again, unless the user has scrolled away from
// its end.
func (v *watchView) readPane() tea.Cmd {
	pane := v.pane
	if pane == nil || pane.text != "" && !pane.follows {
		return nil
	}
	return func() tea.Msg { return paneText{pane, pane.read()} }
}

// paneLogLines is how far back the log of a component can be scrolled.
const paneLogLines = 1000

func (v *watchView) logPane(name string) *watchPane {
	pane := &watchPane{title: v.palette.Bold(v.p.lang.WatchLog(name)), keys: v.palette.Dim(v.p.lang.WatchPaneKeys()), paused: v.p.lang.WatchPaused(), follows: true}
	format := v.p.logFormat([]string{name})
	pane.read = func() string {
		var text []byte
		options := logfile.ReadOptions{Names: []string{name}, Last: paneLogLines}
		err := logfile.Read(v.ctx, v.cfg.LogDir(), options, func(e logfile.Entry) error {
			text = format.Append(text, e)
			return nil
		})
		switch {
		case err != nil:
			return v.failed(err).text
		case len(text) == 0:
			return v.p.lang.LogsNone(v.cfg.LogDir(), name)
		}
		return string(text)
	}
	return pane
}

func (v *watchView) whyPane(name string) *watchPane {
	return &watchPane{title: v.palette.Bold("taskctl why " + name), keys: v.palette.Dim(v.p.lang.WatchPaneKeys()), read: func() string {
		why, err := control.NewClient(v.cfg).Why(v.ctx, name)
		if err != nil {
			return v.failed(err).text
		}
		return v.p.renderWhy(why, v.palette)
	}}
}

// paneFrame is how many lines a pane has besides its text.
const paneFrame = 2

// render lays the pane out for a screen.
func (p *watchPane) render(width, height int) []string {
	text := strings.ReplaceAll(strings.TrimSuffix(p.text, "\n"), "\t", "    ")
	lines := strings.Split(screen.Wrap(text, "", width), "\n")
	room := len(lines)
	if height > 0 {
		room = max(1, height-paneFrame)
	}
	p.lastLines, p.lastRoom = len(lines), room
	if p.follows {
		p.top = len(lines)
	}
	p.top = max(0, min(p.top, len(lines)-room))
	title := p.title
	if p.paused != "" && !p.follows {
		title += "  (" + p.paused + ")"
	}
	shown := lines[p.top:min(len(lines), p.top+room)]
	padding := make([]string, max(0, room-len(shown)))
	return slices.Concat([]string{screen.Truncate(title, width)}, shown, padding, []string{screen.Truncate(p.keys, width)})
}

// scroll moves the text down by a number of lines, or up if it is negative. A log whose
// end is reached follows it again.
func (p *watchPane) scroll(by int) {
	end := max(0, p.lastLines-p.lastRoom)
	p.top = min(max(0, p.top+by), end)
	p.follows = p.paused != "" && p.top == end
}
