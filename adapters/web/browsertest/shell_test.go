package browsertest_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/adapters/web/browsertest"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/projections"
)

// TestLook opens the shell's pages in a browser: no fault in script or policy,
// nothing for the accessibility checker to find, at both sizes.
func TestLook(t *testing.T) {
	t.Parallel()
	s := webtest.New(t, func(c *web.Config) {
		c.Demo = accounts.Demo()
		c.Models = webtest.NewModels(sampleStatus()...)
	})
	s.Accounts.Add("admin", "jc", domain.RoleSystemAdmin)
	b := browsertest.New(t)
	look := func(name, path string) {
		b.Goto(s.URL + path)
		for _, v := range []browsertest.Viewport{browsertest.Desktop, browsertest.Phone} {
			b.Screenshot(name, v)
			b.CheckAxe()
			if !browsertest.Run(b, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= innerWidth`)) {
				t.Errorf("%s is wider than a %s", path, v.Name)
			}
		}
		b.Resize(browsertest.Desktop)
	}
	look("sign-in", "/sign-in")
	look("parts", "/dev/parts")
	b.PrintPDF("parts")
	b.Goto(s.URL + "/sign-in?next=/ops")
	b.Fill("#login", "admin")
	b.Fill("#password", webtest.Password)
	b.Follow(".button.primary")
	look("ops", "/ops")
	look("keys", "/help/keys")
	look("not-found", "/nowhere")
}

func sampleStatus() []projections.Status {
	return []projections.Status{
		{Name: "cases", Version: 3, Schema: "cases_v3", State: projections.StateLive, Serving: true, Position: 120_345, End: 120_345, Progress: 1},
		{Name: "search", Version: 1, Schema: "search_v1", State: projections.StateBuilding, End: 120_345, Rebuilding: true, Progress: .43, EventsPerSecond: 8_200, Remaining: 9 * time.Second},
		{
			Name: "board", Version: 2, Schema: "board_v2", State: projections.StateStopped, Serving: true, Position: 118_002, End: 120_345,
			Behind: 2343, Lag: 3 * time.Minute,
			Problem: &projections.Problem{Kind: projections.ProblemEvent, Position: 118_003, EventType: "complaint.registered", Error: "division by zero"},
		},
	}
}
