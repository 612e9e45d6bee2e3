package test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// blink is what two windows may be apart, in the page's own milliseconds.
const blink = 300

func TestCreateEditCompleteDelete(t *testing.T) {
	s := start(t)
	w := visit(t, s.API+"/", look{}).live()
	w.until(`document.querySelector('.empty')`)

	w.click("#new-title")
	w.fill("#new-title", "Water the plants")
	w.fill(".composer textarea", "The big ones twice")
	w.click(".composer .button.primary")
	w.until(inRow("Water the plants", ".description") + `.textContent === 'The big ones twice'`)
	w.until(`document.querySelector('#new-title').value === ''`)

	w.clickInRow("Water the plants", `[data-focus="edit"]`)
	w.until(`document.activeElement.matches('.editor input')`)
	w.fill(".editor input", "Water all the plants")
	w.press(kb.Enter)
	w.until(inRow("Water all the plants", ".tools"))
	w.until(`document.activeElement.dataset.focus === 'edit'`) // back where it was opened

	w.clickInRow("Water all the plants", ".check")
	w.until(row("Water all the plants") + `.matches('.done:not(.pending)')`)
	want := task{Title: "Water all the plants", Description: "The big ones twice", Completed: true}
	if got := s.tasks(); len(got) != 1 || (task{"", got[0].Title, got[0].Description, got[0].Completed}) != want {
		t.Errorf("the server has %+v, want %+v", got, want)
	}

	w.clickInRow("Water all the plants", ".tool.danger")
	w.until(`document.querySelector('.empty')`)
	w.click(".undo .button")
	w.until(row("Water all the plants"))
	if got := s.tasks(); len(got) != 1 {
		t.Errorf("after undo the server has %+v", got)
	}
	w.clickInRow("Water all the plants", ".tool.danger")
	w.until(`document.querySelector('.empty')`)
	w.do(chromedp.Reload()) // the deletion is sent when the page is left
	w.live().until(`document.querySelector('.empty')`)
	w.until(`document.querySelectorAll('.event').length === 4`)
	if got := s.tasks(); len(got) != 0 {
		t.Errorf("the server still has %+v", got)
	}
	words := value[[]string](w, `[...document.querySelectorAll('.event .word')].map((e) => e.textContent)`)
	if want := []string{"Deleted", "Completed", "Changed", "Created"}; !slices.Equal(words, want) {
		t.Errorf("the feed says %q, want %q", words, want)
	}
}

func TestKeyboardAlone(t *testing.T) {
	s := start(t)
	s.add("Third")
	s.add("Second")
	w := visit(t, s.API+"/", look{}).live()

	w.press("n")
	w.until(`document.activeElement.id === 'new-title'`)
	w.press("First", kb.Enter)
	w.until(inRow("First", ".check:enabled"))
	w.press(kb.Escape, "j") // the first row, then the next, and back
	w.until(`document.activeElement === ` + inRow("First", ".check"))
	w.press(kb.ArrowDown, "j", "j", "k")
	w.until(`document.activeElement === ` + inRow("Second", ".check"))
	w.press(" ")
	w.until(row("Second") + `.matches('.done:not(.pending)')`)
	w.press("e")
	w.until(`document.activeElement.matches('.editor input')`)
	w.press(kb.End, " (edited)", kb.Enter)
	w.until(inRow("Second (edited)", ".tools"))
	w.press("e")
	w.until(`document.activeElement.matches(".editor input")`)
	w.press("x", kb.Escape) // leaves it as it was
	w.until(inRow("Second (edited)", ".tools"))
	w.press("k", "j")
	w.until(`document.activeElement === ` + inRow("Second (edited)", ".check"))
	w.press(kb.Backspace)
	w.until(`!` + row("Second (edited)"))
	w.press("z") // undo
	w.until(`document.activeElement === ` + inRow("Second (edited)", ".check"))
	w.press(kb.Delete)
	w.until(`!` + row("Second (edited)"))
	w.until(`document.activeElement === ` + inRow("Third", ".check")) // the next one

	w.press("/", "irs")
	w.until(`location.search === '?q=irs'`)
	w.until(fmt.Sprintf(`%s && !%s`, row("First"), row("Third")))
	w.press(kb.Escape)
	w.until(row("Third"))
	w.press(kb.Tab, "3")
	w.until(`document.querySelector('.segments input[value=done]').checked`)
	w.press("?")
	w.until(`document.querySelector('dialog[open]')`)
	w.press(kb.Escape)
	w.until(`!document.querySelector('dialog')`)
}

func TestSearchAndFilter(t *testing.T) {
	s := start(t)
	s.add("Bread")
	s.add("Butter")
	done := s.add("Brandy")
	s.request(http.MethodPatch, "/tasks/"+done.ID, map[string]bool{"completed": true}, nil)
	w := visit(t, s.API+"/", look{}).live()

	w.fill(".search input", "BR")
	w.until(`document.querySelectorAll('li.task:not([inert])').length === 2`)
	w.click(`.segments input[value=open]`)
	w.until(`document.querySelectorAll('li.task:not([inert])').length === 1`)
	if got := w.titles(); !slices.Equal(got, []string{"Bread"}) {
		t.Fatalf("shown: %q", got)
	}
	// What happens meanwhile is held to the same selection.
	s.add("Broccoli")
	s.add("Beer")
	w.until(row("Broccoli"))
	w.clickInRow("Broccoli", ".check")
	w.until(`!` + row("Broccoli"))
	s.request(http.MethodPatch, "/tasks/"+done.ID, map[string]bool{"completed": false}, nil)
	w.until(row("Brandy"))
	if got := w.titles(); !slices.Equal(got, []string{"Brandy", "Bread"}) {
		t.Errorf("shown: %q", got)
	}
	w.fill(".search input", "zebra")
	w.until(`document.querySelector('.empty')?.textContent.includes('No open task contains “zebra”')`) // a done one may
	w.click(".empty .button")
	w.until(row("Butter"))
}

func TestTwoWindowsInStep(t *testing.T) {
	s := start(t)
	s.add("Shared")
	a := visit(t, s.API+"/", look{}).live()
	b := visit(t, s.API+"/", look{}).live()

	// Both note when the row appears, by the clock of the machine.
	const watch = `window.seen = new Promise((resolve) => {
		const look = () => [...document.querySelectorAll('.title')].some((e) => e.textContent === 'New') && resolve(Date.now());
		new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
	}), true`
	value[bool](a, watch)
	value[bool](b, watch)
	a.click("#new-title")
	a.press("New", kb.Enter)
	first, second := value[float64](a, `window.seen`), value[float64](b, `window.seen`)
	t.Logf("the other window shows it %.0f ms after the one it was written in", second-first)
	if second-first > blink {
		t.Errorf("the windows are %.0f ms apart", second-first)
	}

	b.clickInRow("Shared", ".check")
	a.until(row("Shared") + `?.matches('.done')`)
	a.clickInRow("New", ".tool.danger")
	a.until(`!` + row("New"))
	b.until(`!` + row("New")) // once the time for an undo is over
	if got, want := a.titles(), b.titles(); !slices.Equal(got, want) {
		t.Errorf("one shows %q, the other %q", got, want)
	}
}

func TestCollision(t *testing.T) {
	s := start(t)
	made := s.add("Original")
	w := visit(t, s.API+"/", look{}).live()
	collide := func(theirs string) {
		t.Helper()
		w.click(`[data-focus="edit"]`)
		w.fill(".editor input", "Mine")
		s.request(http.MethodPatch, "/tasks/"+made.ID, map[string]string{"title": theirs}, nil)
		w.until(`document.querySelector('.editor .notice')`) // told at once
		w.click(".editor .primary")
		w.until(`document.querySelector('.conflict .versions')?.textContent.includes('Mine')`)
		w.until(fmt.Sprintf(`document.querySelector('.conflict .versions').textContent.includes(%q)`, theirs))
	}

	collide("Theirs")
	w.picture("collision")
	w.click(`.conflict .primary`)
	w.until(inRow("Mine", ".tools"))
	w.until(`!document.querySelector('.pending')`)
	if got := s.tasks(); got[0].Title != "Mine" {
		t.Errorf("after keeping mine, the server has %q", got[0].Title)
	}

	s.request(http.MethodPatch, "/tasks/"+made.ID, map[string]string{"title": "Original"}, nil)
	w.until(inRow("Original", ".tools"))
	collide("Theirs")
	w.click(`.conflict .button:nth-of-type(2)`)
	w.until(inRow("Theirs", ".tools"))

	collide("Theirs again")
	w.click(`.conflict .button:nth-of-type(3)`)
	w.until(`document.querySelector('.editor input').value === 'Mine'`)
	w.fill(".editor input", "Both")
	w.press(kb.Enter)
	w.until(inRow("Both", ".tools"))

	// A change of something else is no collision.
	w.click(`[data-focus="edit"]`)
	w.fill(".editor input", "Both, done")
	s.request(http.MethodPatch, "/tasks/"+made.ID, map[string]bool{"completed": true}, nil)
	w.until(`document.querySelector('li.done')`)
	w.press(kb.Enter)
	w.until(inRow("Both, done", ".tools"))
	w.until(`!document.querySelector('.pending')`)
	if got := s.tasks(); got[0].Title != "Both, done" || !got[0].Completed {
		t.Errorf("the server has %+v", got[0])
	}

	// What is deleted while it is edited can be kept.
	w.click(`[data-focus="edit"]`)
	w.fill(".editor input", "Rescued")
	s.request(http.MethodDelete, "/tasks/"+made.ID, nil, nil)
	w.click(`.conflict .primary`)
	w.until(inRow("Rescued", ".tools"))
	w.until(`!document.querySelector('.pending')`)
	if got := s.tasks(); len(got) != 1 || got[0].Title != "Rescued" {
		t.Errorf("the server has %+v", got)
	}
	w.forgive("412") // the browser logs them
}

func TestServerSaysNo(t *testing.T) {
	s := start(t)
	s.add("Fine")
	w := visit(t, s.API+"/", look{}).live()
	// NUL is what a page can send and the server refuses.
	refuse := func(field, suffix string) {
		t.Helper()
		value[any](w, fmt.Sprintf(`(() => {
			const field = document.querySelector(%q);
			field.value = 'broken\0' + %q;
			field.dispatchEvent(new Event('input', {bubbles: true}));
			field.form.requestSubmit();
		})()`, field, suffix))
	}
	refuse("#new-title", "new")
	w.until(`document.querySelector('#new-fault')?.textContent.includes('must not contain the NUL character')`)
	w.until(`document.querySelector('#new-title').value.endsWith('new')`) // the text is not lost
	w.until(`document.querySelectorAll('li.task').length === 1`)

	w.click(`[data-focus="edit"]`)
	w.until(`document.querySelector('.editor input')`)
	refuse(".editor input", "edit")
	w.until(`document.querySelector('.editor .problem')?.textContent.includes('must not contain the NUL character')`)
	w.until(`document.querySelector('.editor input').value.endsWith('edit')`)
	w.press(kb.Escape)
	w.until(inRow("Fine", ".tools"))

	// What the page can tell by itself needs no answer.
	w.click(`[data-focus="edit"]`)
	w.fill(".editor input", strings.Repeat("x", 201))
	w.press(kb.Enter)
	w.until(`document.querySelector('.editor .problem')?.textContent.includes('200')`)
	w.forgive("422")
}

// hostile are titles that would do something if they were not text.
var hostile = []string{
	`<img src=x onerror="document.title='hit'">`,
	`<script>document.title='hit'</script>`,
	`"><svg onload=alert(1)>`,
	`javascript:alert(1)`,
	`{{constructor.constructor('alert(1)')()}} ${alert(1)}`,
	`مرحبا بالعالم`,
	"right \u202eto left\u202c and back",
	`👩🏽‍💻🏳️‍🌈👨‍👩‍👧‍👦🇪🇸 emoji`,
	`combining ž̷̢̛̖͎͖ marks`,
	`&lt;b&gt;entities&amp;`,
	strings.Repeat("W", 200),
	strings.Repeat("👩🏽‍💻", 50),
	`?lit$123$ <!--?lit-->`,
}

func TestHostileTitles(t *testing.T) {
	s := start(t)
	for _, title := range hostile {
		s.request(http.MethodPost, "/tasks", task{Title: title, Description: title}, nil)
	}
	w := visit(t, s.API+"/", look{}).live()
	want := slices.Clone(hostile)
	slices.Reverse(want)
	if got := w.titles(); !slices.Equal(got, want) {
		t.Errorf("shown as\n%q\nwant\n%q", got, want)
	}
	w.until(fmt.Sprintf(`document.querySelectorAll('.event').length === %d`, len(hostile)))
	w.clickInRow(hostile[0], `[data-focus="edit"]`)
	w.until(fmt.Sprintf(`document.querySelector('.editor input').value === %q`, hostile[0]))
	w.picture("hostile")
	for expression, want := range map[string]int{
		`document.querySelectorAll('img, li script, li a, [onerror], [onload]').length`: 0,
		`document.title === 'taskctl' ? 0 : 1`:                                          0,
		// Nothing is wider than the window.
		`document.documentElement.scrollWidth > innerWidth ? 1 : 0`: 0,
	} {
		if got := value[int](w, expression); got != want {
			t.Errorf("%s = %d, want %d", expression, got, want)
		}
	}
	w.as(look{width: 390, height: 844, scheme: "light"})
	if value[bool](w, `document.documentElement.scrollWidth > innerWidth`) {
		t.Error("a phone scrolls sideways")
	}
}

func TestSpanish(t *testing.T) {
	s := start(t)
	w := visit(t, "about:blank", look{})
	w.as(look{width: 1280, height: 800, scheme: "light", language: "es-MX,es;q=0.9,en;q=0.8"})
	w.do(navigate(s.API + "/"))
	w.live()
	w.until(`document.documentElement.lang === 'es'`)
	w.until(`document.querySelector('.pill').textContent.includes('En directo')`)
	w.until(`document.querySelector('.empty').textContent.includes('Aún no hay tareas')`)
	w.until(`/1 cliente conectado|2 clientes conectados/.test(document.querySelector('.system').textContent) || document.querySelector('.components')`)
	w.picture("spanish")
}

// TestLongTexts reads a long description without editing it, and follows a link.
func TestLongTexts(t *testing.T) {
	s := start(t)
	s.request(http.MethodPost, "/tasks", task{
		Title:       "Long",
		Description: strings.Repeat("word ", 200) + "see http://localhost/guide?a=1. JavaScript:alert(1) https://[x",
	}, nil)
	s.add("Short")
	w := visit(t, s.API+"/", look{}).live()
	w.until(inRow("Long", ".more") + `.checkVisibility()`)
	if value[bool](w, inRow("Short", ".more")+`.checkVisibility()`) {
		t.Error("a short task offers more")
	}
	w.clickInRow("Long", ".more")
	w.until(`(({scrollHeight, clientHeight}) => scrollHeight <= clientHeight + 1)(` + inRow("Long", ".description") + `)`)
	w.until(inRow("Long", ".more") + `.getAttribute('aria-expanded') === 'true'`)
	links := value[[]string](w, `[...document.querySelectorAll('li a')].map((a) => a.href + ' ' + a.rel)`)
	if want := []string{"http://localhost/guide?a=1 noopener noreferrer nofollow"}; !slices.Equal(links, want) {
		t.Errorf("links: %q, want %q", links, want)
	}
}

// TestClearCompleted deletes all completed tasks at once, and undoes that.
func TestClearCompleted(t *testing.T) {
	s := start(t)
	for i := range 5 {
		done := s.add(fmt.Sprintf("Task %d", i))
		if i < 3 {
			s.request(http.MethodPatch, "/tasks/"+done.ID, map[string]bool{"completed": true}, nil)
		}
	}
	w := visit(t, s.API+"/", look{}).live()
	w.until(`document.querySelector('.counts').textContent.includes('5 tasks: 2 open, 3 done')`)
	w.click(".counts .button")
	w.until(`document.querySelectorAll('li.task').length === 2`)
	w.click(".undo .button")
	w.until(`document.querySelectorAll('li.task').length === 5`)
	w.click(".counts .button")
	w.until(`document.querySelectorAll('.event.deleted').length === 3`)
	if got := s.tasks(); len(got) != 2 {
		t.Errorf("the server has %+v", got)
	}
}
