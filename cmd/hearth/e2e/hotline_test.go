package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"hearth/adapters/web/browsertest"
)

// TestHotlineByKeyboard takes a call down without touching the mouse and tells
// the number; a colleague's desk shows the case without being loaded again.
func TestHotlineByKeyboard(t *testing.T) {
	t.Parallel()
	app := demo(t)
	colleague := app.signIn(t, "shift")
	colleague.open("/desk")
	browsertest.Run(colleague.Browser, chromedp.Evaluate[bool](`(window.sameVisit = true)`))

	o := app.signIn(t, "hotline")
	o.open("/desk")
	o.Wait(`document.activeElement.name === "phone"`)
	keys := &typist{o: o}
	keys.fill("phone", "13903560101")
	keys.fill("name", "郑键盘")
	keys.fill("employer", "键盘路烧烤店")
	keys.fill("category", "欠薪")
	keys.fill("area", "阳城")
	keys.fill("persons", "2")
	keys.fill("summary", "两个服务员两个月工资没有发")
	keys.fill("promise_at", "")
	keys.moment("2027", "01", "05", "09", "30")
	if got := o.value("[name=promise_at]"); got != "2027-01-05T09:30" {
		t.Errorf("the promise typed is %q", got)
	}
	keys.to(`document.activeElement.matches("#intake .primary")`)
	o.Screenshot("e2e-desk-filled", browsertest.Desktop)
	o.CheckAxe()
	keys.press(kb.Enter)
	o.Wait(`location.pathname.startsWith("/desk/registered/")`)
	o.want("main", "请告诉来电人")
	no := o.number()
	if keys.moves > 40 {
		t.Errorf("%d keys besides what was said on the phone; want 40 or fewer", keys.moves)
	}

	colleague.WaitText("#desk-watch", no)
	colleague.Wait(`window.sameVisit === true`)
	o.CheckAxe()
	// The next call begins with Enter, and the promise is among those to be kept.
	o.Press(kb.Enter)
	o.Wait(`location.pathname === "/desk" && document.activeElement.name === "phone"`)
	o.WaitText("#desk-watch", no)
	if mine := o.texts("#desk-watch .watch:nth-of-type(2) li"); !strings.Contains(strings.Join(mine, "\n"), no) {
		t.Errorf("the promise for %s is not among %q", no, mine)
	}
}

// TestDoubleClickRegistersOnce clicks twice, as many do everywhere.
func TestDoubleClickRegistersOnce(t *testing.T) {
	t.Parallel()
	o := demo(t).signIn(t, "hotline")
	o.open("/desk")
	o.fill("#intake", "phone", "13903560102", "name", "双小击", "employer", "双击巷便利店", "category", "wage_arrears", "area", "jc-yc", "summary", "一个月工资没有发")
	browsertest.Run(o.Browser, chromedp.DoubleClick(chromedp.CSS("#intake .primary"), chromedp.NodeVisible))
	o.Wait(`location.pathname.startsWith("/desk/registered/")`)
	no := o.number()
	o.open("/complaints")
	o.fill(".filter", "text", "双击巷便利店")
	o.Follow(".filter .primary")
	if got := o.texts("[data-row]"); len(got) != 1 || got[0] != no {
		t.Errorf("a double click registered %q; want %s once", got, no)
	}
}

// typist fills a form in with keys alone and counts those that are not what the
// caller said.
type typist struct {
	o     *officer
	moves int
}

// fill moves the focus on to a field and types.
func (k *typist) fill(field, text string) {
	k.o.t.Helper()
	k.to(fmt.Sprintf(`document.activeElement.name === %q`, field))
	k.o.Press(text)
}

// to presses Tab until the expression is true.
func (k *typist) to(there string) {
	k.o.t.Helper()
	for range 40 {
		if browsertest.Run(k.o.Browser, chromedp.Evaluate[bool](there)) {
			return
		}
		k.press(kb.Tab)
	}
	k.o.t.Fatalf("Tab never leads to where %s", there)
}

func (k *typist) press(key string) {
	k.moves++
	k.o.Press(key)
}

// moment types a date and time in the order in which this browser shows them.
func (k *typist) moment(year, month, day, hour, minute string) {
	k.o.t.Helper()
	digits := map[string]string{"year": year, "month": month, "day": day, "hour": hour, "minute": minute, "dayPeriod": "A"}
	parts := browsertest.Run(k.o.Browser, chromedp.Evaluate[[]string](`new Intl.DateTimeFormat(navigator.language,
		{year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit"}).formatToParts(new Date(2027, 0, 5, 9, 30))
		.map(p => p.type).filter(t => t !== "literal")`))
	for _, part := range parts {
		k.o.Press(digits[part])
	}
}
