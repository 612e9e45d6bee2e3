package test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser is the context of the one Chromium that the tests share; nil: there is
// none on this machine.
var browser context.Context

// openBrowser starts Chromium, if there is one, with a new profile.
func openBrowser(profile string) (closeIt func(), err error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return func() {}, nil
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), // with the next: it asks nobody outside
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("accept-lang", "en"),
		chromedp.Flag("ignore-certificate-errors", true), // of the TLS proxies that tests start
		chromedp.Flag("host-resolver-rules", "MAP "+host+" 127.0.0.1"),
		// A headless browser has no mouse, and the board shows tools where one is.
		chromedp.Flag("blink-settings", "primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"),
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses to run as root with one
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...) // it outlives every test
	ctx, cancel := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		stop()
		return nil, fmt.Errorf("start chromium: %w", err)
	}
	browser = ctx
	return func() {
		_ = chromedp.Cancel(ctx) // the processes are gone either way
		cancel()
		stop()
	}, nil
}

// window is one browser window, with a session of its own, at some page.
type window struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	troubles []string // console errors, exceptions, requests to elsewhere
}

// look is how a window looks at pages.
type look struct {
	width, height int64
	scheme        string // light or dark
	touch         bool   // a finger instead of a mouse
	language      string // as in Accept-Language
}

// visit opens a page in a new window. When the test ends, the window must have
// seen no trouble.
func visit(t testing.TB, address string, as look) *window {
	t.Helper()
	if browser == nil {
		t.Skip("there is no chromium on this machine (Debian: apt-get install chromium)")
	}
	w := &window{t: t}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(w.listen))
	t.Cleanup(func() {
		cancel()
		for _, trouble := range w.seen() {
			t.Error(trouble)
		}
	})
	ctx, cancelTimeout := context.WithTimeout(ctx, 6*waitTimeout)
	t.Cleanup(cancelTimeout)
	w.ctx = ctx
	w.do()
	if as.width == 0 {
		as.width, as.height = 1280, 800
	}
	w.as(as)
	w.do(chromedp.Navigate(address))
	return w
}

// as changes how the window looks at pages.
func (w *window) as(as look) {
	w.t.Helper()
	var device []chromedp.EmulateViewportOption
	if as.touch {
		device = append(device, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	w.do(chromedp.EmulateViewport(as.width, as.height, device...))
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: as.scheme}}
	w.call(func() error {
		_, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	})
	if as.language != "" {
		w.call(func() error {
			_, err := chromedp.Call(w.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
				UserAgent: "Mozilla/5.0", AcceptLanguage: as.language,
			})
			return err
		})
	}
}

// listen records events that no page of ours may cause.
func (w *window) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		w.trouble("exception: " + text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			w.trouble(fmt.Sprintf("console: %v", e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			w.trouble("log: " + e.Entry.Text + " " + e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		w.checkAddress(e.Request.URL)
	case *network.EventWebSocketCreated:
		w.checkAddress(e.URL)
	case *page.EventJavascriptDialogOpening:
		w.trouble("dialog: " + e.Message)
	}
}

// checkAddress checks that no request leaves the machine.
func (w *window) checkAddress(address string) {
	u, err := url.Parse(address)
	if err != nil || (u.Hostname() != "localhost" && u.Hostname() != host && u.Scheme != "about") {
		w.trouble("request to elsewhere: " + address)
	}
}

func (w *window) trouble(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.troubles = append(w.troubles, text)
}

func (w *window) seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.troubles
}

// forgive drops the expected errors of a test: those that contain text.
func (w *window) forgive(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var left []string
	for _, trouble := range w.troubles {
		if !strings.Contains(trouble, text) {
			left = append(left, trouble)
		}
	}
	w.troubles = left
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	w.call(func() error { return chromedp.Do(w.ctx, steps...) })
}

func (w *window) call(f func() error) {
	w.t.Helper()
	if err := f(); err != nil {
		w.fatal(err)
	}
}

// fatal ends the test with what the page shows.
func (w *window) fatal(err error) {
	w.t.Helper()
	text, textErr := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.body.innerText.replaceAll(/\s+/g, ' ').slice(0, 1500)`))
	w.t.Fatalf("%v\ntroubles: %q\nthe page: %s %v", err, w.seen(), text, textErr)
}

// value evaluates an expression in the page.
func value[T any](w *window, expression string) T {
	w.t.Helper()
	got, err := chromedp.Run(w.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		w.fatal(fmt.Errorf("%s: %w", expression, err))
	}
	return got
}

// until waits until an expression is true in the page; one that cannot be
// evaluated yet is not.
func (w *window) until(expression string) {
	w.t.Helper()
	guarded := "(() => { try { return Boolean(" + expression + "); } catch { return false; } })()"
	deadline := time.Now().Add(waitTimeout)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		is, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](guarded))
		if is && err == nil {
			return
		}
		if time.Now().After(deadline) || w.ctx.Err() != nil {
			w.fatal(fmt.Errorf("timeout waiting for %s: %v", expression, err))
		}
		<-tick.C
	}
}

// live waits until the board shows the tasks and follows them.
func (w *window) live() *window {
	w.t.Helper()
	w.until(`document.querySelector('.pill.ok') && document.querySelector('.skeleton').hidden`)
	return w
}

// press types keys into the focused element. Each is one event down, text included, and
// one up, as a keyboard sends them: a page that takes the first for itself then also
// keeps the text.
func (w *window) press(keys ...string) {
	w.t.Helper()
	for _, key := range strings.Join(keys, "") {
		events := kb.Encode(key)
		down, up := events[0], events[len(events)-1]
		if len(events) == 3 {
			down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
			down.Type = input.DispatchKeyEventTypeKeyDown
		}
		for _, event := range []*input.DispatchKeyEventParams{down, up} {
			w.call(func() error {
				_, err := chromedp.Call(w.ctx, input.DispatchKeyEvent, *event)
				return err
			})
		}
	}
}

func (w *window) click(selector string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`document.querySelector(%q)`, selector))
	w.do(chromedp.Click(chromedp.CSS(selector)))
}

// titles are those of the rows, from the top.
func (w *window) titles() []string {
	w.t.Helper()
	return value[[]string](w, `[...document.querySelectorAll('li.task:not([inert]) .title')].map((e) => e.textContent)`)
}

// row is an expression for the row with a title.
func row(title string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('li.task:not([inert])')].find((e) => e.querySelector('.title')?.textContent === %q)`, title)
}

// inRow is an expression for something in the row with a title.
func inRow(title, selector string) string {
	return fmt.Sprintf(`%s?.querySelector(%q)`, row(title), selector)
}

// clickInRow presses something in the row with a title.
func (w *window) clickInRow(title, selector string) {
	w.t.Helper()
	w.until(inRow(title, selector+":enabled"))
	value[any](w, inRow(title, selector)+".click()")
}

// fill replaces the text of a field, as typing does.
func (w *window) fill(selector, text string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`document.querySelector(%q)`, selector))
	value[any](w, fmt.Sprintf(`(() => {
		const field = document.querySelector(%q);
		field.focus();
		field.select();
	})()`, selector))
	if text == "" {
		w.press(kb.Delete)
		return
	}
	w.call(func() error {
		_, err := chromedp.Call(w.ctx, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

var errNoPicture = errors.New("an empty picture")

// picture saves what the window shows into the folder for pictures, if there is
// one: TASKCTL_SCREENSHOTS.
func (w *window) picture(name string) {
	w.t.Helper()
	folder := os.Getenv("TASKCTL_SCREENSHOTS")
	if folder == "" {
		return
	}
	w.call(func() error {
		png, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
		if err == nil && len(png) == 0 {
			err = errNoPicture
		}
		if err != nil {
			return err
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		return os.WriteFile(folder+"/"+name+".png", png, 0o644)
	})
}
