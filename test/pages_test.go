package test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// furnish puts tasks on a board as they are in use.
func furnish(s *system) {
	for _, made := range []task{
		{Title: "Renew the TLS certificates", Description: "The old ones end on the 30th.", Completed: true},
		{Title: "Water the plants"},
		{Title: "مراجعة التقرير قبل الاجتماع"},
		{Title: "Reply to the auditors", Description: "They asked for the access log of March, and for who approved the two exceptions. The first is in the archive; the second only Ana knows."},
		{Title: "Comprar pan", Description: "Integral, del horno de la esquina", Completed: true},
		{Title: "Buy 🥐 and ☕ for the 👩🏽‍💻 team"},
		{Title: "Plan the load test", Description: "A thousand clients, for an hour."},
		{Title: "Call Ana back"},
	} {
		s.request(http.MethodPost, "/tasks", made, nil)
	}
}

// looks are the widths and schemes that people have.
func looks() map[string]look {
	all := make(map[string]look)
	for _, scheme := range []string{"light", "dark"} {
		all["small-"+scheme] = look{width: 320, height: 568, scheme: scheme}
		all["phone-"+scheme] = look{width: 360, height: 740, scheme: scheme}
		all["tablet-"+scheme] = look{width: 768, height: 1024, scheme: scheme}
		all["desktop-"+scheme] = look{width: 1280, height: 860, scheme: scheme}
	}
	return all
}

// states are what the pages can look like, and how they are brought about from
// the one before.
func states(s *system) []state {
	return []state{
		{"board", func(w *window) { w.live() }},
		{"editing", func(w *window) {
			w.clickInRow("Reply to the auditors", `[data-focus="edit"]`)
			w.clickInRow("Call Ana back", ".tool.danger")
			w.until(`document.querySelector('.editor') && document.querySelector('.undo')`)
			value[any](w, `document.querySelector('.undo .button').focus()`) // keeps it open
		}},
		{"collision", func(w *window) {
			w.click(".undo .button")
			w.fill(".editor input", "Reply to the auditors before noon")
			for _, other := range s.tasks() {
				if other.Title == "Reply to the auditors" {
					s.request(http.MethodPatch, "/tasks/"+other.ID, map[string]string{"title": "Reply to the two auditors"}, nil)
				}
			}
			w.until(`document.querySelector('.editor .notice')`)
			w.click(".editor .primary")
			w.until(`document.querySelector('.conflict')`)
			w.forgive("412")
		}},
		{"nothing-found", func(w *window) {
			w.click(`.conflict .button:nth-of-type(2)`)
			for _, other := range s.tasks() {
				if strings.HasPrefix(other.Title, "Reply to the two") {
					s.request(http.MethodPatch, "/tasks/"+other.ID, map[string]string{"title": "Reply to the auditors"}, nil)
				}
			}
			w.do(chromedp.Navigate(s.API + "/?q=zebra&show=done"))
			w.live()
			w.until(`document.querySelector('.empty')`)
		}},
		{"shortcuts", func(w *window) { w.click(".top .tool"); w.until(`document.querySelector('dialog[open]')`) }},
		{"docs", func(w *window) {
			w.do(chromedp.Navigate(s.API + "/docs"))
			w.until(`document.querySelector('#schemas article')`)
			value[any](w, `document.querySelectorAll('#create-task details').forEach((e) => { e.open = true; })`)
		}},
	}
}

type state struct {
	name  string
	bring func(*window)
}

// TestEveryLook brings about every state in every way, checks that nothing scrolls
// sideways, lets axe-core judge it where TASKCTL_AXE names its axe.min.js, and
// takes the pictures that people look at.
func TestEveryLook(t *testing.T) {
	axe, err := axeCore()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("axe-core", func(t *testing.T) {
		if axe == "" {
			t.Skip("TASKCTL_AXE does not name axe-core's axe.min.js (npm install axe-core): the looks are not examined")
		}
	})
	s := start(t)
	furnish(s)
	for name, as := range looks() {
		t.Run(name, func(t *testing.T) {
			w := visit(t, s.API+"/", as)
			for _, state := range states(s) {
				state.bring(w)
				w.still()
				w.picture(state.name + "-" + name)
				if value[bool](w, `document.documentElement.scrollWidth > innerWidth`) {
					t.Errorf("%s scrolls sideways", state.name)
				}
				if axe != "" {
					w.examine(state.name, axe)
				}
			}
		})
	}
}

func axeCore() (string, error) {
	path := os.Getenv("TASKCTL_AXE")
	if path == "" {
		return "", nil
	}
	code, err := os.ReadFile(path)
	return string(code), err
}

// still waits until nothing moves any more but what moves for ever.
func (w *window) still() {
	w.t.Helper()
	w.until(`document.getAnimations().every((a) => a.playState !== 'running' || a.effect.getComputedTiming().iterations === Infinity)`)
}

// examine lets axe-core judge the page.
func (w *window) examine(name, axe string) {
	w.t.Helper()
	value[any](w, axe+"; undefined")
	found := value[[]struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML    string `json:"html"`
			Summary string `json:"failureSummary"`
		} `json:"nodes"`
	}](w, `axe.run(document, {resultTypes: ['violations']}).then(({violations}) => violations)`)
	for _, violation := range found {
		for _, node := range violation.Nodes {
			w.t.Errorf("%s: %s: %s\n%s\n%s", name, violation.ID, violation.Help, node.HTML, node.Summary)
		}
	}
}

// TestPhone walks through the three views of a narrow window on a touch screen.
func TestPhone(t *testing.T) {
	s := start(t)
	furnish(s)
	for _, scheme := range []string{"light", "dark"} {
		w := visit(t, s.API+"/", look{width: 390, height: 844, scheme: scheme, touch: true}).live()
		for _, view := range []struct{ name, shows string }{{"activity", ".activity"}, {"system", ".components"}, {"tasks", ".check"}} {
			w.click(fmt.Sprintf(`.views input[value=%s]`, view.name))
			w.until(fmt.Sprintf(`document.querySelector(%q).checkVisibility({contentVisibilityAuto: true})`, view.shows))
			w.picture("phone-" + view.name + "-" + scheme)
		}
		if !value[bool](w, `matchMedia('(pointer: coarse)').matches`) {
			t.Fatal("the browser does not emulate a touch screen")
		}
		small := value[[]string](w, `[...document.querySelectorAll('button, input:not(.segments input, .views input), .views span, .segments span')]
			.filter((e) => e.checkVisibility({contentVisibilityAuto: true})).map((e) => [e, e.getBoundingClientRect()])
			.filter(([, {width, height}]) => Math.min(width, height) < 44).map(([e, {width, height}]) => `+"`${e.outerHTML.slice(0, 80)} ${width}×${height}`"+`)`)
		if len(small) > 0 {
			t.Errorf("touch targets under 44 pixels: %q", small)
		}
	}
}

// TestDocsExamples pastes every command of /docs into a shell.
func TestDocsExamples(t *testing.T) {
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s on this machine", program)
		}
	}
	s := start(t, "TASKCTL_AUTH_TOKEN=secret")
	s.add("The newest")
	w := visit(t, s.API+"/docs", look{})
	w.until(`document.querySelector('dialog input')`)
	w.fill("dialog input", s.token)
	w.press("\r")
	w.until(`document.querySelector('#schemas article')`)
	commands := value[[]string](w, `[...document.querySelectorAll('main > article .code:first-of-type pre')].map((e) => e.textContent).filter((text) => text.startsWith('curl'))`)
	if len(commands) < 12 {
		t.Fatalf("%d commands: %q", len(commands), commands)
	}
	for _, command := range commands {
		cmd := exec.Command("sh", "-c", strings.Replace(command, "curl ", "curl --silent --show-error --fail-with-body ", 1))
		cmd.Env = append(os.Environ(), "TASKCTL_AUTH_TOKEN="+s.token)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s\n%v\n%s", command, err, out)
		}
	}
	// The addresses within the page lead somewhere.
	if lost := value[[]string](w, `[...document.querySelectorAll('a[href^="#"]')].map((a) => a.hash).filter((hash) => !document.querySelector(hash))`); len(lost) > 0 {
		t.Errorf("nothing is at %q", lost)
	}
}
