// Package browsertest drives a real browser for tests of pages: headless
// Chromium, started once for a test binary, with cookies of its own for each
// test. A test fails, and says what to install, when the browser or the
// accessibility checker is missing. Read New first.
//
// Nothing here sleeps: every wait ends with what it waits for, or with the test
// when its time has run out.
package browsertest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// limit is how long one step may take. The machine may be busy.
const limit = 30 * time.Second

// shared is the browser of this test binary. It is killed with it.
var shared = sync.OnceValues(func() (context.Context, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("lang", "zh-CN"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return ctx, nil
})

func find() (string, error) {
	for _, name := range []string{"chromium-headless-shell", "headless-shell", "chromium", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no browser; run: apt-get install -y --no-install-recommends chromium-headless-shell fonts-noto-cjk")
}

// Viewport is the size of what is seen.
type Viewport struct {
	Name          string
	Width, Height int64
	Touch         bool
}

// The two sizes that every page is made for.
var (
	Desktop = Viewport{"desktop", 1280, 800, false}
	Phone   = Viewport{"phone", 390, 844, true}
)

// Browser is one tab with cookies of its own.
type Browser struct {
	t   testing.TB
	ctx context.Context

	mu     sync.Mutex
	faults []string // guarded by mu; what the page's script and policy complained about
}

// New opens a tab at desktop size. It ends with the test, which fails when the
// pages' scripts threw errors or their policy blocked something.
func New(t testing.TB) *Browser {
	t.Helper()
	parent, err := shared()
	if err != nil {
		t.Fatalf("browser for tests: %v", err)
	}
	b := &Browser{t: t}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.hear))
	b.ctx = ctx
	// The tab lives as long as the context of its first step: not one with a limit.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, f := range b.faults {
			t.Errorf("the page complained: %s", f)
		}
	})
	b.Resize(Desktop)
	return b
}

// hear notes errors. A status from the server is no fault of the page.
func (b *Browser) hear(ev any) {
	fault := ""
	switch e := ev.(type) {
	case *runtime.EventExceptionThrown:
		fault = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			fault += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			fault = e.Entry.Text
		}
	}
	if fault != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, fault)
	}
}

// Do runs actions of chromedp, for what the helpers do not cover.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("in the browser at %s: %v", b.where(), err)
	}
}

// Run runs one action and returns its value.
func Run[T any](b *Browser, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatalf("in the browser at %s: %v", b.where(), err)
	}
	return v
}

func (b *Browser) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "an unknown page"
	}
	return at
}

// Resize changes what is seen.
func (b *Browser) Resize(v Viewport) {
	b.t.Helper()
	options := []chromedp.EmulateViewportOption{}
	if v.Touch {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2))
	}
	b.Do(chromedp.EmulateViewport(v.Width, v.Height, options...))
}

// Goto opens an address and waits until the page has loaded.
func (b *Browser) Goto(address string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(address))
}

// Click clicks the first visible element and stays on the page.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	b.Do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Follow clicks what leads to another page, a link or a button that sends a
// form, and waits until that has loaded.
func (b *Browser) Follow(selector string) {
	b.t.Helper()
	Run(b, chromedp.WaitEvent(page.LoadEventFired, nil, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)))
}

// Fill replaces what an input or textarea holds. The text comes in one piece, as
// from an input method.
func (b *Browser) Fill(selector, value string) {
	b.t.Helper()
	b.Do(chromedp.WaitVisible(chromedp.CSS(selector)))
	Run(b, chromedp.Evaluate[bool](fmt.Sprintf(`(e => { e.focus(); e.select(); return true })(document.querySelector(%q))`, selector)))
	if value == "" {
		b.Press(kb.Delete)
		return
	}
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: value})
		return err
	}))
}

// Choose sets a select, a date or another input that is not typed into.
func (b *Browser) Choose(selector, value string) {
	b.t.Helper()
	Run(b, chromedp.Evaluate[bool](fmt.Sprintf(
		`(e => { e.value = %q; e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})); return true })(document.querySelector(%q))`,
		value, selector)))
}

// Upload puts files into a file input.
func (b *Browser) Upload(selector string, files ...string) {
	b.t.Helper()
	b.Do(chromedp.SetUploadFiles(chromedp.CSS(selector), files))
}

// Press types keys wherever the focus is, each as a person does: a key that the
// page takes for itself writes nothing. (chromedp.KeyEvent writes all the same.)
func (b *Browser) Press(keys string) {
	b.t.Helper()
	for _, r := range keys {
		down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: string(r), Text: string(r)}
		if k, ok := kb.Keys[r]; ok {
			down.Key, down.Code, down.Text, down.WindowsVirtualKeyCode = k.Key, k.Code, k.Text, k.Windows
		}
		up := down
		up.Type, up.Text = input.DispatchKeyEventTypeKeyUp, ""
		b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, down); err != nil {
				return err
			}
			_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, up)
			return err
		}))
	}
}

// Text is the text of the first element as it is seen.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	return Run(b, chromedp.Text(chromedp.CSS(selector)))
}

// Has reports whether the page has such an element now.
func (b *Browser) Has(selector string) bool {
	b.t.Helper()
	return Run(b, chromedp.Evaluate[bool](fmt.Sprintf(`document.querySelector(%q) !== null`, selector)))
}

// Wait waits until an expression of JavaScript is true, also on the next page
// when this one goes away.
func (b *Browser) Wait(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		// An error means that the page is on its way out, or not there yet.
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		if err == nil && is {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			b.t.Fatalf("wait at %s for %s: %v, %v", b.where(), expression, ctx.Err(), err)
		}
	}
}

// WaitText waits until an element holds a text.
func (b *Browser) WaitText(selector, text string) {
	b.t.Helper()
	b.Wait(fmt.Sprintf(`(document.querySelector(%q)?.innerText ?? "").includes(%q)`, selector, text))
}

// Path is the path of the page with its query.
func (b *Browser) Path() string {
	b.t.Helper()
	return Run(b, chromedp.Evaluate[string](`location.pathname + location.search`))
}

// WithoutScript turns the pages' scripts off or on again.
func (b *Browser) WithoutScript(off bool) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off})
		return err
	}))
}

// Screenshot is the whole page as PNG at a size. With HEARTH_SCREENSHOTS set to
// a folder it is also written there as <name>-<viewport>.png.
func (b *Browser) Screenshot(name string, v Viewport) []byte {
	b.t.Helper()
	b.Resize(v)
	png := Run(b, chromedp.FullScreenshot(100))
	b.keep(name+"-"+v.Name+".png", png)
	return png
}

// PrintPDF is the page as it is printed on A4.
func (b *Browser) PrintPDF(name string) []byte {
	b.t.Helper()
	pdf := Run(b, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFPreferCSSPageSize(), chromedp.PDFPrintBackground()))
	b.keep(name+".pdf", pdf)
	return pdf
}

func (b *Browser) keep(name string, body []byte) {
	b.t.Helper()
	folder := os.Getenv("HEARTH_SCREENSHOTS")
	if folder == "" {
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), body, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// The accessibility checker: axe-core in this version, with this hash.
const (
	axeVersion = "4.14.1"
	axeHash    = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
	axeInstall = "npm install --prefix .cache --ignore-scripts --no-audit --no-fund --no-save axe-core@" + axeVersion
)

var axe = sync.OnceValues(func() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	script, err := os.ReadFile(filepath.Join(root, ".cache", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return "", fmt.Errorf("axe-core is missing; run in the repository: %s", axeInstall)
	}
	if sum := sha256.Sum256(script); hex.EncodeToString(sum[:]) != axeHash {
		return "", fmt.Errorf("axe-core is not version %s as pinned; run in the repository: %s", axeVersion, axeInstall)
	}
	return string(script), nil
})

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, statErr := os.Stat(filepath.Join(dir, "go.mod")); statErr == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("not within the repository")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

// Violations is what axe-core finds wrong with the page, one line each.
func (b *Browser) Violations() []string {
	b.t.Helper()
	script, err := axe()
	if err != nil {
		b.t.Fatal(err)
	}
	Run(b, chromedp.Evaluate[bool](script+"\n;true"))
	return Run(b, chromedp.Evaluate[[]string](`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v =>
		v.nodes.map(n => v.id + ": " + v.help + " at " + n.target.join(" ") + " " + n.failureSummary.replace(/\s+/g, " "))))`, chromedp.EvalAwaitPromise))
}

// CheckAxe fails the test when axe-core finds anything wrong.
func (b *Browser) CheckAxe() {
	b.t.Helper()
	for _, v := range b.Violations() {
		b.t.Errorf("%s: %s", strings.TrimPrefix(b.where(), "http://"), v)
	}
}
