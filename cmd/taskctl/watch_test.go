package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"taskctl/launcher/control"
	"taskctl/pkg/message"
	"taskctl/pkg/supervisor"
)

// watched is a view of a system with many components, one of which has died of
// something that takes long to tell.
func watched(t *testing.T, components int) *watchView {
	t.Helper()
	p, _, _ := newProgram(nil)
	now := time.Now()
	exit := supervisor.Exit{Reason: supervisor.NotStarted, Err: "the command mailer-with-a-long-name is neither in the directories of PATH nor in /srv/tasks/workers"}
	s := control.Status{State: control.Failed, Mode: control.ModeProcesses, PID: 4242, Dir: "/srv/tasks/of/somebody/with/long/names", Seq: 1234567}
	for i := range components {
		s.Components = append(s.Components, control.ComponentStatus{
			Name: fmt.Sprintf("component%d", i), State: "ready", PID: 10000 + i, Address: "localhost:18001", StartedAt: &now, RSSBytes: 23_400_000,
		})
	}
	s.Components[1].State, s.Components[1].Exit = "failed", &exit
	s.Components[1].Budget = &supervisor.Budget{Deaths: 5, Max: 5, Window: time.Minute}
	view := &watchView{p: p, ctx: t.Context()}
	view.Update(snapshot{at: now, status: s, warnings: []string{strings.Repeat("level=WARN msg=component-ended ", 5)}})
	return view
}

// lines is what the view shows on a screen of a size.
func (v *watchView) lines(width, height int) []string {
	v.Update(tea.WindowSizeMsg{Width: width, Height: height})
	return splitLines(ansi.Strip(v.View().Content))
}

func TestWatchFitsEveryScreen(t *testing.T) {
	for _, lang := range []message.Lang{message.English, message.Spanish} {
		view := watched(t, 30)
		view.p.lang = lang
		for width := 32; width <= 160; width += 4 {
			for height := 8; height <= 60; height += 4 {
				view.move(7)
				if view.selected == view.last.status.Components[29].Name {
					view.move(-29)
				}
				lines := view.lines(width, height)
				if len(lines) > height {
					t.Fatalf("%dx%d: %d lines", width, height, len(lines))
				}
				for _, line := range lines {
					if ansi.StringWidth(line) > width {
						t.Fatalf("%dx%d: a line has %d columns: %q", width, height, ansi.StringWidth(line), line)
					}
				}
				text := strings.Join(lines, "\n")
				if !strings.Contains(text, "\n"+mark) || !strings.Contains(text, view.p.text("quit", "salir")) {
					t.Fatalf("%dx%d: the selected component or the keys are missing:\n%s", width, height, text)
				}
			}
		}
	}
}

// On a narrow screen a cause is wrapped, and no unit is cut off.
func TestWatchCutsNoCause(t *testing.T) {
	view := watched(t, 4)
	for _, width := range []int{40, 60, 80, 100, 120} {
		words := strings.Join(strings.Fields(strings.Join(view.lines(width, 60), " ")), " ")
		for _, want := range []string{"last cause: could not be started: the command", "workers; `taskctl why component1` explains it", "last event: 1234567"} {
			if !strings.Contains(words, want) {
				t.Errorf("at %d columns there is no %q in:\n%s", width, want, words)
			}
		}
		if strings.Contains(words, "…") {
			t.Errorf("at %d columns something is cut:\n%s", width, words)
		}
	}
}

func TestWatchSelectionStaysWithItsComponent(t *testing.T) {
	view := watched(t, 4)
	view.move(2)
	next := view.last
	next.status.Components = next.status.Components[1:]
	view.Update(next)
	if view.selected != "component2" {
		t.Errorf("after a component above has gone, %q is selected", view.selected)
	}
	next.status.Components = next.status.Components[:1]
	view.Update(next)
	if view.selected != "component1" {
		t.Errorf("after the selected component has gone, %q is selected", view.selected)
	}
}

// A log follows its end until someone scrolls up, and again from its end.
func TestWatchPaneFollowsTheEnd(t *testing.T) {
	view := watched(t, 2)
	lines := 50
	view.pane = &watchPane{title: "log", paused: "paused", follows: true, read: func() string {
		var b strings.Builder
		for i := range lines {
			fmt.Fprintf(&b, "line %d\n", i)
		}
		return b.String()
	}}
	read := func() string {
		if cmd := view.readPane(); cmd != nil {
			view.Update(cmd())
		}
		lines += 10
		return strings.Join(view.lines(80, 12), "\n")
	}
	for _, step := range []struct{ key, want string }{
		{"", "line 49"}, {"", "line 59"}, {"up", "line 58"}, {"", "paused"}, {"home", "line 0\n"}, {"end", "line 99"}, {"", "line 109"},
	} {
		view.pressInPane(step.key)
		if got := read(); !strings.Contains(got, step.want) {
			t.Errorf("after %q there is no %q in:\n%s", step.key, step.want, got)
		}
	}
	view.pressInPane("q")
	if view.pane != nil {
		t.Error("q does not leave the log")
	}
}
