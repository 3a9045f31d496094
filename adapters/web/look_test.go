package web_test

import (
	"testing"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/adapters/web/browsertest"
	"hearth/adapters/web/webtest"
	"hearth/domain"
)

// TestLook opens the shell's pages in a browser: no fault in script or policy,
// nothing for the accessibility checker to find, at both sizes.
func TestLook(t *testing.T) {
	t.Parallel()
	s := webtest.New(t, func(c *web.Config) {
		c.Demo = accounts.Demo()
		c.Models = &models{status: sampleStatus()}
	})
	s.Accounts.Add("admin", "jc", domain.RoleSystemAdmin)
	b := browsertest.New(t)
	look := func(name, path string) {
		b.Goto(s.URL + path)
		for _, v := range []browsertest.Viewport{browsertest.Desktop, browsertest.Phone} {
			b.Screenshot(name, v)
			b.CheckAxe()
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
