package orgs_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"hearth/adapters/web/browsertest"
	"hearth/adapters/web/webtest"
	"hearth/domain"
)

// The administrator moves a county's town in a browser, at both sizes nothing is
// wrong with the pages.
func TestLook(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.Accounts.Add("admin", "jc", domain.RoleSystemAdmin)
	b := browsertest.New(t)
	look := func(name string) {
		for _, v := range []browsertest.Viewport{browsertest.Phone, browsertest.Desktop} {
			b.Screenshot(name, v)
			b.CheckAxe()
			if !browsertest.Run(b, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= innerWidth`)) {
				t.Errorf("%s is wider than a %s", name, v.Name)
			}
		}
	}
	b.Goto(s.URL + "/sign-in?next=/units/jc-zz")
	b.Fill("#login", "admin")
	b.Fill("#password", webtest.Password)
	b.Follow(".button.primary")
	b.Click("#changes details:first-of-type > summary")
	for field, value := range map[string]string{"code": "jc-zz-bg", "name": "北义城镇总工会", "short": "北义城", "from_date": "2026-03-01"} {
		b.Fill(`form[action$="/below"] [name="`+field+`"]`, value)
	}
	b.Choose(`form[action$="/below"] [name="kind"]`, "town")
	look("unit-form")
	b.Follow(`form[action$="/below"] .button.primary`)
	look("unit")
	b.Goto(s.URL + "/units")
	look("units")
	b.PrintPDF("units")
}
