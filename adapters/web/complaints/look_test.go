package complaints

import (
	"testing"

	"github.com/chromedp/chromedp"

	"hearth/adapters/web/browsertest"
	"hearth/adapters/web/webtest"
)

// browse signs the browser in as a user of the stack.
func (s *staffed) browse(b *browsertest.Browser, c *webtest.Client) {
	s.t.Helper()
	b.Goto(s.URL + "/sign-in")
	b.Fill("#login", c.User.Login)
	b.Fill("#password", s.password)
	b.Follow(".button.primary")
}

// TestLook opens every page of a case in a browser: no fault in script or
// policy, nothing for the accessibility checker to find, and nothing wider than
// the screen, at both sizes.
func TestLook(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	b := browsertest.New(t)
	look := func(name, path string) {
		t.Helper()
		b.Goto(s.URL + path)
		for _, v := range []browsertest.Viewport{browsertest.Desktop, browsertest.Phone} {
			b.Screenshot(name, v)
			b.CheckAxe()
			if !browsertest.Run(b, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= innerWidth`)) {
				t.Errorf("%s is wider than a %s", name, v.Name)
			}
		}
		b.Resize(browsertest.Desktop)
	}

	s.browse(b, s.operator)
	look("desk-empty", "/desk")
	if !browsertest.Run(b, chromedp.Evaluate[bool](`document.querySelector(".intake .primary").getBoundingClientRect().bottom <= innerHeight`)) {
		t.Error("the intake does not fit on one screen")
	}
	look("inbox-empty", "/inbox")
	look("list-empty", "/complaints")
	id := s.intake(s.operator, "flags", "absconded")
	look("registered", "/desk/registered/"+id.String())
	s.register(nil)
	s.caughtUp()
	b.Goto(s.URL + "/desk")
	b.Fill("#intake-phone", "13800001234")
	b.Fill("#intake-employer", "晋城市宏达建筑")
	b.Wait(`document.querySelector("#desk-hints .warn") !== null`)
	b.Screenshot("desk-hints", browsertest.Desktop)
	b.CheckAxe()

	s.accepted(id)
	s.twelve(id)
	s.caughtUp()
	s.browse2(b, s.handler)
	base := caseAddress(id)
	look("inbox", "/inbox")
	look("list", "/complaints")
	look("verify", base+"/do/verify_claims")
	s.verified(id)
	s.paid(id, 1, 4)
	s.caughtUp()
	for _, view := range []string{viewTimeline, viewLedger, viewClocks, viewWork} {
		look("case-"+view, base+"?view="+view)
	}
	for _, command := range []string{"record_payment", "set_outcome", "add_claimants", "propose_closure", "name_liable_party", "log_contact", "send_referral"} {
		look("do-"+command, base+"/do/"+command)
	}
	look("file", base+"/file")
	b.PrintPDF("file")

	s.paid(id, 5, 12)
	s.submit(s.handler, id, "answer_document", "document_id", s.state(id).Documents[0].ID.String(), "answer", "adequate")
	s.submit(s.handler, id, "answer_crime_hint", "reason", "单位已付款")
	s.submit(s.handler, id, "propose_closure", "conclusion_code", "1", "narrative", "十二人全部付清")
	s.browse2(b, s.caller)
	look("do-callback", base+"/do/callback")
	s.called(id)
	s.browse2(b, s.approver)
	look("do-approve", base+"/do/approve_closure")
	look("case-calls", base+"?view=calls")
	s.browse2(b, s.leader)
	look("case-leader", base+"?view=ledger")
}

// browse2 signs out and in as somebody else.
func (s *staffed) browse2(b *browsertest.Browser, c *webtest.Client) {
	s.t.Helper()
	b.Do(chromedp.Evaluate[chromedp.Void](`for (const f of document.forms) delete f.dataset.dirty; document.querySelector("form[action='/sign-out']").submit()`))
	b.Wait(`location.pathname === "/sign-in"`)
	s.browse(b, c)
}
