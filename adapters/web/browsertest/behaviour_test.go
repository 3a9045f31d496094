package browsertest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/adapters/web/browsertest"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/eventstore"
)

// desk is a page with everything that the script helps with.
type desk struct {
	mu      sync.Mutex
	text    string        // guarded by mu; what the live part shows
	sent    int           // guarded by mu; forms taken
	asked   []string      // guarded by mu; what was typed ahead
	arrived chan struct{} // when set, each form that arrives says so,
	release chan struct{} // and waits
}

type deskPage struct {
	web.Page
	Form, Ask *web.Form
	Confirm   web.Confirm
	Text      string
	Rows      []int
}

const deskTemplate = `{{define "content"}}
<div id="part" data-live="text:1" data-version="{{.Text}}"><p id="text">{{.Text}}</p><form method="post" action="/note"><label for="note">便笺</label><input id="note" name="note"></form></div>
<form id="intake" method="post" action="/desk" data-hints="/hints" data-hints-into="dup">{{template "hidden" .Form}}
{{template "input" field .Form "employer" "用人单位" "required" "suggest=/suggest" "into=employer_id"}}
<input type="hidden" name="employer_id">
{{template "money" field .Form "owed" "金额"}}
<div id="dup"></div>
<button class="button primary" id="send">提交</button></form>
{{template "confirm" .Confirm}}
<table class="data cards" data-list><caption class="sr">列表</caption><tbody>{{range .Rows}}<tr><th scope="row"><a href="/row/{{.}}" data-row>第{{.}}行</a></th></tr>{{end}}</tbody></table>
{{end}}{{define "dup"}}<p id="hint">已有同名单位</p>{{end}}`

func (d *desk) family() web.Family {
	return web.Family{
		Name: "desk", Templates: fstest.MapFS{"show.html": {Data: []byte(deskTemplate)}},
		Nav: []web.NavItem{{Label: "热线台", Href: "/desk", Icon: "phone", Key: "h"}, {Label: "待办", Href: "/inbox", Icon: "inbox", Key: "i"}},
		Routes: []web.Route{
			{Pattern: "GET /desk", Handler: d.show, Models: []string{"cases"}},
			{Pattern: "GET /inbox", Handler: d.show},
			{Pattern: "POST /desk", Handler: d.post},
			{Pattern: "POST /suggest", Handler: d.suggest},
			{Pattern: "POST /hints", Handler: func(q *web.Request) error { return q.Fragment("desk/show", "dup", nil) }},
			{Pattern: "POST /search", Handler: func(q *web.Request) error { return q.Redirect("/inbox") }},
		},
		Topics: []web.Topic{{Name: "text", Models: []string{"cases"}, Version: func(context.Context, string) (string, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.text, nil
		}}},
	}
}

func (d *desk) set(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.text = text
}

func (d *desk) show(q *web.Request) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	ask := q.NewForm("ask")
	return q.Render("desk/show", &deskPage{
		Page: q.Page("热线台"), Form: q.NewForm("intake"), Ask: ask, Text: d.text, Rows: []int{1, 2, 3},
		Confirm: web.Confirm{Form: ask, Action: "/desk", Button: "受理", Title: "受理这件投诉?", Text: "开始计算时限。", Do: "确定受理"},
	})
}

func (d *desk) post(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.sent++
	d.mu.Unlock()
	if d.arrived != nil {
		d.arrived <- struct{}{}
		<-d.release
	}
	if f.Text("employer") == "拒绝" {
		return domain.Reject("no", "这个单位不能登记。")
	}
	return q.Done("/desk", 5, "已登记")
}

func (d *desk) suggest(q *web.Request) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	text := q.PostFormValue("q")
	d.asked = append(d.asked, text)
	return q.JSON([]map[string]string{
		{"value": "1", "label": text + "建筑公司", "hint": "城区"}, {"value": "2", "label": text + "劳务公司", "hint": "泽州"},
	})
}

func open(t *testing.T, d *desk, m *webtest.Models) (*browsertest.Browser, *webtest.Shell) {
	t.Helper()
	s := webtest.New(t, func(c *web.Config) { c.Models = m }, d.family())
	s.Accounts.Add("zhang", "jc", domain.RoleOperator)
	b := browsertest.New(t)
	b.Goto(s.URL + "/sign-in?next=/desk")
	b.Fill("#login", "zhang")
	b.Fill("#password", webtest.Password)
	b.Follow(".signin .primary")
	return b, s
}

func TestKeyboard(t *testing.T) {
	t.Parallel()
	b, _ := open(t, &desk{text: "一"}, webtest.Live(5, "cases"))
	b.Press("?")
	b.Wait(`document.getElementById("keys").open`)
	b.Screenshot("keys-dialog", browsertest.Desktop)
	b.CheckAxe()
	b.Press(kb.Escape)
	b.Wait(`!document.getElementById("keys").open`)
	b.Press("/")
	b.Wait(`document.activeElement.id === "search"`)
	b.Press("?gi") // typed into the box, not keys
	b.Wait(`document.activeElement.value === "?gi" && location.pathname === "/desk"`)
	b.Press(kb.Escape)
	for _, want := range []string{"第1行", "第2行", "第3行", "第3行"} {
		b.Press("j")
		b.Wait(fmt.Sprintf(`document.activeElement.textContent === %q`, want))
	}
	b.Press("k")
	b.Wait(`document.activeElement.textContent === "第2行"`)
	b.Press("g")
	b.Press("i")
	b.Wait(`location.pathname === "/inbox"`)
}

func TestConfirmIsADialog(t *testing.T) {
	t.Parallel()
	d := &desk{text: "一"}
	b, _ := open(t, d, webtest.Live(5, "cases"))
	b.Click("details.confirm summary")
	b.Wait(`document.querySelector("dialog[open] h2")?.textContent === "受理这件投诉?"`)
	b.Screenshot("confirm", browsertest.Desktop)
	b.CheckAxe()
	b.Click("dialog [data-close]")
	b.Wait(`!document.querySelector("dialog[open]") && document.querySelector("details.confirm .confirm-body") !== null`)
	b.Click("details.confirm summary")
	b.Follow("dialog .primary")
	b.WaitText("main", "已登记")
	if d.sent != 1 {
		t.Errorf("%d forms sent; want 1", d.sent)
	}
}

func TestFormIsSentOnce(t *testing.T) {
	t.Parallel()
	d := &desk{text: "一", arrived: make(chan struct{}, 3), release: make(chan struct{})}
	b, _ := open(t, d, webtest.Live(5, "cases"))
	released := sync.OnceFunc(func() { close(d.release) })
	t.Cleanup(released)
	b.Fill("#intake-employer", "某公司")
	if !browsertest.Run(b, chromedp.Evaluate[bool](`!dispatchEvent(new Event("beforeunload", {cancelable: true}))`)) {
		t.Error("leaving a form that was filled in asks nothing")
	}
	browsertest.Run(b, chromedp.Evaluate[bool](`(f => { f.requestSubmit(); f.requestSubmit(); f.requestSubmit(); return true })(document.getElementById("intake"))`))
	select {
	case <-d.arrived:
	case <-time.After(30 * time.Second):
		t.Fatal("the form did not arrive")
	}
	released()
	b.WaitText("main", "已登记")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sent != 1 {
		t.Errorf("%d forms reached the server; want 1", d.sent)
	}
}

// TestWaitingIsTold: who waits for an answer is told that the server goes on.
// The event alone is sent: a browser on its way to another page cannot be asked.
func TestWaitingIsTold(t *testing.T) {
	t.Parallel()
	b, _ := open(t, &desk{text: "一"}, webtest.Live(5, "cases"))
	browsertest.Run(b, chromedp.Evaluate[bool](`document.getElementById("intake").dispatchEvent(new Event("submit", {bubbles: true, cancelable: true}))`))
	b.WaitText("#intake .trying", "不会重复登记")
}

func TestRejectionKeepsAndFocuses(t *testing.T) {
	t.Parallel()
	b, _ := open(t, &desk{text: "一"}, webtest.Live(5, "cases"))
	b.Fill("#intake-employer", "拒绝")
	b.Fill("#intake-owed", "３．５万")
	b.Press(kb.Tab)
	b.Wait(`document.getElementById("intake-owed").value === "35,000"`)
	b.Follow("#send")
	b.Wait(`document.activeElement.id === "problem"`)
	if got := b.Text("#problem"); got != "没有办成\n\n这个单位不能登记。" && got != "没有办成\n这个单位不能登记。" {
		t.Errorf("the problem reads %q", got)
	}
	b.Wait(`document.getElementById("intake-employer").value === "拒绝"`)
	b.Screenshot("rejected", browsertest.Desktop)
	b.CheckAxe()
}

func TestTypeAheadAndPinyin(t *testing.T) {
	t.Parallel()
	d := &desk{text: "一"}
	b, _ := open(t, d, webtest.Live(5, "cases"))
	// Pinyin being composed is letters first, and none of them is a text.
	browsertest.Run(b, chromedp.Evaluate[bool](`(e => { e.focus(); for (const v of ["j", "ji", "jin"]) { e.value = v;
		e.dispatchEvent(new InputEvent("input", {bubbles: true, isComposing: true})) } return true })(document.getElementById("intake-employer"))`))
	browsertest.Run(b, chromedp.Evaluate[bool](`(e => { e.value = "晋城"; e.dispatchEvent(new InputEvent("input", {bubbles: true, isComposing: true}));
		e.dispatchEvent(new CompositionEvent("compositionend", {bubbles: true})); return true })(document.getElementById("intake-employer"))`))
	b.WaitText("#intake-employer-list", "晋城劳务公司")
	b.WaitText("#dup", "已有同名单位")
	b.Screenshot("suggest", browsertest.Desktop)
	b.CheckAxe()
	b.Press(kb.ArrowDown)
	b.Press(kb.ArrowDown)
	b.Press(kb.Enter)
	b.Wait(`document.getElementById("intake-employer").value === "晋城劳务公司" && document.querySelector("[name=employer_id]").value === "2"`)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.asked) != 1 || d.asked[0] != "晋城" || d.sent != 0 {
		t.Errorf("asked for %q, sent %d forms; want one question for 晋城", d.asked, d.sent)
	}
}

func TestLivePart(t *testing.T) {
	t.Parallel()
	d := &desk{text: "一"}
	m := webtest.Live(5, "cases")
	b, s := open(t, d, m)
	b.WaitText("#text", "一")
	d.set("二")
	m.Move("cases", 6)
	b.WaitText("#text", "二")
	// A part in which somebody types is left alone.
	b.Fill("#note", "正在写")
	d.set("三")
	m.Move("cases", 7)
	b.WaitText("#part", "内容有更新")
	b.Wait(`document.getElementById("note").value === "正在写" && document.getElementById("text").textContent === "二"`)
	b.Click(".newer")
	b.WaitText("#text", "三")
	// The session ends elsewhere: the next change leads to the sign-in page.
	e, err := s.Accounts.Authenticate(t.Context(), "zhang", webtest.Password, accounts.Place{})
	if err != nil {
		t.Fatal(err)
	}
	s.Accounts.Change(e.User.ID, func(u *accounts.User) { u.Generation++ })
	d.set("四")
	m.Move("cases", 8)
	b.Wait(`location.pathname === "/sign-in"`)
}

func TestLaggingPageCatchesUp(t *testing.T) {
	t.Parallel()
	d := &desk{text: "一"}
	m := webtest.Live(4, "cases")
	b, _ := open(t, d, m)
	b.Fill("#intake-employer", "某公司")
	b.Follow("#send")
	b.WaitText("#stale", "已保存。")
	b.Screenshot("stale", browsertest.Desktop)
	d.set("二")
	m.Move("cases", eventstore.Position(5))
	b.WaitText("#text", "二")
	b.Wait(`document.getElementById("stale") === null`)
}

func TestWithoutScript(t *testing.T) {
	t.Parallel()
	d := &desk{text: "一"}
	s := webtest.New(t, func(c *web.Config) { c.Models = webtest.Live(5, "cases") }, d.family())
	s.Accounts.Add("zhang", "jc", domain.RoleOperator)
	b := browsertest.New(t)
	b.WithoutScript(true)
	b.Goto(s.URL + "/sign-in?next=/desk")
	b.Fill("#login", "zhang")
	b.Fill("#password", webtest.Password)
	b.Follow(".signin .primary")
	b.Fill("#intake-employer", "拒绝")
	b.Follow("#send")
	if got := b.Text("#problem"); got == "" {
		t.Error("no word about the rejection")
	}
	b.Click("details.confirm summary")
	b.Follow("details.confirm .primary")
	if got := b.Text("main .note.good"); got != "已登记" {
		t.Errorf("the notice reads %q", got)
	}
	if d.sent != 2 {
		t.Errorf("%d forms taken; want 2", d.sent)
	}
}
