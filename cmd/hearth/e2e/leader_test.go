package e2e_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hearth/adapters/web/browsertest"
	"hearth/domain"
)

// TestLeaderOnAPhone reads the board, the rows behind a figure and a case with
// masked names on a phone.
func TestLeaderOnAPhone(t *testing.T) {
	t.Parallel()
	o := demo(t).signIn(t, "leader")
	o.Resize(browsertest.Phone)
	look := func(name string) {
		t.Helper()
		o.Screenshot("e2e-leader-"+name, browsertest.Phone)
		if !browsertest.Run(o.Browser, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= innerWidth`)) {
			t.Errorf("%s is wider than a phone", o.Path())
		}
		o.CheckAxe()
	}
	o.open("/board")
	now := time.Now().In(domain.Shanghai)
	o.fill(".filter", "from", now.AddDate(0, 0, -300).Format(time.DateOnly), "to", now.AddDate(0, 0, -40).Format(time.DateOnly))
	o.Follow(".filter .primary")
	look("board")
	o.Follow(".tiles a.tile")
	look("rows")
	o.Follow("#board-rows [data-row]")
	o.want("main .facts", "*") // of the reporter's name
	look("case")
	o.Follow(`main nav.tabs a[href$="view=ledger"]`)
	look("ledger")
	o.open("/inbox")
	look("inbox")
	o.open("/complaints")
	look("cases")

	// Whatever the case, nobody's number is read in full.
	o.Follow("#list [data-row]")
	if found := phone.FindString(o.Text("main")); found != "" {
		t.Errorf("a leader reads %s at %s", found, o.Path())
	}
}

// phone is a mobile number that is not masked.
var phone = regexp.MustCompile(`\b1\d{10}\b`)
