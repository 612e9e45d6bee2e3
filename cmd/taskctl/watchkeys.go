package main

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// press does what a key asks for.
func (v *watchView) press(key string) tea.Cmd {
	switch key {
	case "ctrl+c":
		return tea.Quit
	case "ctrl+z":
		return tea.Suspend
	}
	if v.pane != nil {
		v.pressInPane(key)
		return nil
	}
	switch key {
	case "q", "esc":
		return tea.Quit
	case "up", "k":
		v.move(-1)
	case "down", "j":
		v.move(1)
	case "pgup":
		v.move(-selectPage)
	case "pgdown":
		v.move(selectPage)
	case "home", "g":
		v.move(-len(v.last.status.Components))
	case "end", "G":
		v.move(len(v.last.status.Components))
	default:
		if v.selected != "" {
			return v.pressOn(key, v.selected)
		}
	}
	return nil
}

// selectPage is how many components PgUp and PgDn pass over.
const selectPage = 10

// pressOn does what a key asks for with one component.
func (v *watchView) pressOn(key, name string) tea.Cmd {
	switch key {
	case "l", "enter":
		v.pane = v.logPane(name)
		return v.readPane()
	case "w":
		v.pane = v.whyPane(name)
		return v.readPane()
	case "r":
		v.notice = v.p.lang.WatchRestarting(name)
		return v.bringUp(name, v.p.restarting([]string{name}))
	case "s":
		v.notice = v.p.lang.WatchStarting(name)
		return v.bringUp(name, v.p.starting([]string{name}))
	case "x":
		v.notice = v.p.lang.WatchStopping(name)
		return v.stop(name)
	}
	return nil
}

// pressInPane scrolls the text, or leaves it.
func (v *watchView) pressInPane(key string) {
	page := max(1, v.height-paneFrame)
	switch key {
	case "q", "esc", "left", "backspace":
		v.pane = nil
	case "up", "k":
		v.pane.scroll(-1)
	case "down", "j":
		v.pane.scroll(1)
	case "pgup", "b":
		v.pane.scroll(-page)
	case "pgdown", "space":
		v.pane.scroll(page)
	case "home", "g":
		v.pane.scroll(-len(v.pane.text))
	case "end", "G":
		v.pane.scroll(len(v.pane.text))
	}
}

// outcome is the result of a request to the launcher, as text for people.
type outcome struct{ text string }

// bringUp asks for a component to be ready.
func (v *watchView) bringUp(name string, do bringUp) tea.Cmd {
	return func() tea.Msg {
		client, err := clientOf(v.cfg)
		if err != nil {
			return v.failed(err)
		}
		became, err := v.p.bringUpWith(v.ctx, client, []string{name}, do)
		if lines := append(became.up, became.down...); len(lines) > 0 {
			return outcome{strings.Join(lines, "\n")}
		}
		if err != nil {
			return v.failed(err)
		}
		return outcome{}
	}
}

// stop asks for a component to be stopped.
func (v *watchView) stop(name string) tea.Cmd {
	return func() tea.Msg {
		client, err := clientOf(v.cfg)
		if err == nil {
			err = client.StopComponents(v.ctx, name)
		}
		if err != nil {
			return v.failed(err)
		}
		return outcome{v.p.lang.ComponentStopped(name)}
	}
}

func (v *watchView) failed(err error) outcome {
	return outcome{v.palette.Red(explain(err, v.p.lang, v.cfg.Dir))}
}
