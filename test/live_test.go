package test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func navigate(address string) chromedp.Action[chromedp.Void] { return chromedp.Navigate(address) }

// watchPill collects all that the connection's sign says.
const watchPill = `window.said = [], new MutationObserver(() => {
	const text = document.querySelector('.pill').textContent.trim();
	if (said.at(-1) !== text) said.push(text);
}).observe(document.querySelector('.connection'), {subtree: true, childList: true, characterData: true}), window.sameLoad = true`

func TestKilledWSServer(t *testing.T) {
	s := start(t)
	s.add("Before")
	w := visit(t, s.API+"/", look{}).live()
	value[bool](w, watchPill)
	s.kill("wsserver")
	s.add("While it was away")
	w.until(row("While it was away"))
	w.until(`document.querySelector('.pill.ok') && said.length > 0`)
	s.add("After")
	w.until(row("After"))
	if got, want := w.titles(), []string{"After", "While it was away", "Before"}; !slices.Equal(got, want) {
		t.Errorf("shown: %q, want %q", got, want)
	}
	if got := value[[]string](w, `said`); got[0] != "Reconnecting…" || !value[bool](w, `window.sameLoad`) {
		t.Errorf("the page said %q", got)
	}
	w.until(`document.querySelector('.components')?.textContent.includes('1 restart')`)
	w.picture("restarted")
	w.forgive("WebSocket connection") // the browser logs attempts that meet nobody
}

func TestKilledAPI(t *testing.T) {
	s := start(t)
	w := visit(t, s.API+"/", look{}).live()
	s.kill("api")
	w.click("#new-title")
	w.press("Written while the api was away", kb.Enter)
	w.until(row("Written while the api was away") + `?.matches(':not(.pending)')`)
	if got := s.tasks(); len(got) != 1 {
		t.Errorf("the server has %+v", got)
	}
	w.until(`document.querySelector('.pill.ok')`)
	w.forgive("net::ERR")
	w.forgive("WebSocket connection")
}

func TestEverythingRestarted(t *testing.T) {
	s := start(t)
	s.add("Before")
	w := visit(t, s.API+"/", look{}).live()
	value[bool](w, watchPill)
	s.stop()
	w.until(`document.querySelector('.pill.warn, .pill.bad')`)
	s.again()
	s.add("After")
	w.until(row("After"))
	w.until(`document.querySelector('.pill.ok')`)
	if got, want := w.titles(), []string{"After", "Before"}; !slices.Equal(got, want) || !value[bool](w, `window.sameLoad`) {
		t.Errorf("shown: %q, want %q", got, want)
	}
	w.forgive("net::ERR")
	w.forgive("WebSocket connection")
}

// placeholderCut is how many pixels of the hint in the field for a new task do not fit.
const placeholderCut = `(() => {
	const input = document.querySelector('#new-title');
	const text = document.createElement('canvas').getContext('2d');
	text.font = getComputedStyle(input, '::placeholder').font;
	return text.measureText(input.placeholder).width - input.clientWidth;
})()`

// TestAwayOnSmallScreen checks that what the page says of a missing server, and the hint
// for a new task, fit a narrow window on one line.
func TestAwayOnSmallScreen(t *testing.T) {
	s := start(t)
	var windows []*window
	for _, language := range []string{"en", "es"} {
		windows = append(windows, visit(t, s.API+"/", look{width: 320, height: 568, language: language}).live())
	}
	s.stop()
	for _, w := range windows {
		w.until(`document.querySelector('.pill.bad')`)
		w.picture("away-" + value[string](w, `document.documentElement.lang`))
		if value[bool](w, `document.documentElement.scrollWidth > innerWidth`) {
			t.Error("the page scrolls sideways")
		}
		w.click(".top .tool")
		w.until(`document.querySelector('dialog[open]')`)
		if value[float64](w, `document.querySelector('dialog h2').getBoundingClientRect().top`) < 0 {
			t.Error("the list of shortcuts does not begin with its heading")
		}
		w.click("dialog .button")
		if cut := value[float64](w, placeholderCut); cut > 0 {
			t.Errorf("%v pixels of the hint for a new task are cut off", cut)
		}
		if height := value[float64](w, `document.querySelector('.pill').getBoundingClientRect().height`); height > 32 {
			t.Errorf("the pill is %v pixels high", height)
		}
		w.do(navigate("about:blank")) // it would go on trying
		w.forgive("net::ERR")
		w.forgive("WebSocket connection")
		w.forgive("503")
	}
}

// TestAnotherDatabase checks that a page whose history is gone reads everything
// anew.
func TestAnotherDatabase(t *testing.T) {
	s := start(t)
	s.add("In the old one")
	w := visit(t, s.API+"/", look{}).live()
	s.stop()
	s.removeDatabase()
	s.again()
	s.add("In the new one")
	w.until(row("In the new one"))
	w.until(`document.querySelector('.pill.ok')`)
	if got, want := w.titles(), []string{"In the new one"}; !slices.Equal(got, want) {
		t.Errorf("shown: %q, want %q", got, want)
	}
	w.forgive("net::ERR")
	w.forgive("WebSocket connection")
}

// TestFrozen stops the page as a browser does with a tab that is out of sight, or
// a machine that is put to sleep.
func TestFrozen(t *testing.T) {
	s := start(t)
	w := visit(t, s.API+"/", look{}).live()
	w.lifecycle(page.SetWebLifecycleStateStateFrozen)
	s.add("While it slept")
	s.kill("wsserver")
	s.add("And after a crash")
	w.lifecycle(page.SetWebLifecycleStateStateActive)
	s.add("Awake")
	w.until(row("Awake"))
	if got, want := w.titles(), []string{"Awake", "And after a crash", "While it slept"}; !slices.Equal(got, want) {
		t.Errorf("shown: %q, want %q", got, want)
	}
	w.forgive("WebSocket connection")
}

func (w *window) lifecycle(state page.SetWebLifecycleStateState) {
	w.t.Helper()
	w.call(func() error {
		_, err := chromedp.Call(w.ctx, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: state})
		if err == nil { // the protocol's own states leave the page hidden, and a hidden page is not drawn
			_, err = chromedp.Call(w.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{
				Enabled: state == page.SetWebLifecycleStateStateActive,
			})
		}
		return err
	})
}

// TestThereAndBack leaves the board and comes back to it as it was.
func TestThereAndBack(t *testing.T) {
	s := start(t)
	s.add("One")
	w := visit(t, s.API+"/?show=open", look{}).live()
	w.click(`a[href="docs"]`)
	w.until(`document.querySelector('#list-tasks')`)
	s.add("Two")
	value[any](w, `history.back()`)
	w.until(row("Two"))
	w.until(`document.querySelector('.pill.ok') && document.querySelector('.segments input[value=open]').checked`)
	s.add("Three")
	w.until(row("Three"))
	if got, want := w.titles(), []string{"Three", "Two", "One"}; !slices.Equal(got, want) {
		t.Errorf("shown: %q, want %q", got, want)
	}
}

// TestFirstSight measures what a first visit costs.
func TestFirstSight(t *testing.T) {
	s := start(t)
	s.addMany(100, func(i int) string { return fmt.Sprintf("Task %d", i) })
	w := visit(t, s.API+"/", look{}).live()
	weight := value[int](w, `performance.getEntriesByType('resource').filter(({name}) => name.includes('/board/'))
		.concat(performance.getEntriesByType('navigation')).reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0)`)
	shown := value[float64](w, `performance.getEntriesByName('first-contentful-paint')[0].startTime`)
	ready := value[float64](w, `performance.getEntriesByType('resource').find(({name}) => name.includes('/tasks?')).responseEnd`)
	t.Logf("the board weighs %d bytes, is first seen after %.0f ms, and has its tasks after %.0f ms", weight, shown, ready)
	if weight > 60<<10 {
		t.Errorf("the board weighs %d bytes, at most %d", weight, 60<<10)
	}
}

func TestToken(t *testing.T) {
	s := start(t, "TASKCTL_AUTH_TOKEN=correct horse ñ/+")
	s.add("Secret")
	w := visit(t, s.API+"/", look{})
	answer := func(token string) {
		t.Helper()
		w.until(`document.querySelector('dialog.token[open] input')?.value === ''`)
		w.fill("dialog input", token)
		w.press(kb.Enter)
	}
	answer("wrong")
	w.until(`document.querySelector('dialog.token .problem')`)
	answer("correct horse ñ/+")
	w.live()
	w.until(row("Secret"))
	w.do(chromedp.Reload())
	w.live() // this tab is not asked again
	w.do(navigate(s.API + "/docs"))
	w.until(`document.querySelector('#list-tasks')`)
	w.forgive("401")
}

// watchFrames collects the time between frames, in milliseconds.
const watchFrames = `(() => {
	window.gaps = [];
	let last = performance.now();
	const next = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(next); };
	requestAnimationFrame(next);
})()`

// TestManyTasks checks that the board keeps up with ten thousand tasks: when they are
// there, and when they come. It prints the times that the page needs.
func TestManyTasks(t *testing.T) {
	s := start(t)
	s.addMany(8_000, func(i int) string { return fmt.Sprintf("Task %d", i) })
	w := visit(t, s.API+"/", look{}).live()
	value[any](w, watchFrames)
	s.addMany(2_000, func(i int) string { return fmt.Sprintf("Burst %d", i) })
	s.add("The last")
	w.until(row("The last"))
	gaps := value[[]float64](w, `gaps.sort((a, b) => a - b)`)
	usual, longest := gaps[len(gaps)*9/10], gaps[len(gaps)-1]
	t.Logf("while 2,000 tasks came: nine of ten frames within %.0f ms, the longest %.0f ms", usual, longest)
	if got := value[int](w, `document.querySelectorAll('li.task').length`); got != 100 {
		t.Errorf("there are %d rows for one page", got)
	}

	for older := range 20 {
		w.click(".older")
		w.until(fmt.Sprintf(`document.querySelectorAll('li.task').length === %d`, 100*(older+2)))
	}
	const change = `new Promise((resolve) => {
		const began = performance.now();
		document.querySelector('li.task .check').click();
		requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
	})`
	took := value[float64](w, change)
	t.Logf("a change among 2,100 rows is on the screen after %.0f ms", took)
	s.add("The very last")
	w.until(row("The very last"))
	if got := value[int](w, `document.querySelectorAll('li.task').length`); got != 2_100 {
		t.Errorf("there are %d rows for 21 pages", got)
	}
}
