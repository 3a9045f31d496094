package users_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"hearth/adapters/accounts"
	"hearth/adapters/web/browsertest"
	"hearth/domain"
	"hearth/domain/user"
)

// looker opens pages in a browser and looks at them at both sizes.
type looker struct {
	*browsertest.Browser
	s *stack
	t *testing.T
}

// look fails when a page is wider than a phone, or hard to use for some.
func (l *looker) look(name string) {
	l.t.Helper()
	for _, v := range []browsertest.Viewport{browsertest.Phone, browsertest.Desktop} {
		l.Screenshot("users-"+name, v)
		// The width of the window is no measure: a phone makes it as wide as the page.
		if wide := browsertest.Run(l.Browser, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > v.Width {
			l.t.Errorf("%s is %d wide on a %s of %d", name, wide, v.Name, v.Width)
		}
	}
	l.CheckAxe()
}

func (l *looker) signIn(u accounts.User, password string) {
	l.t.Helper()
	l.Goto(l.s.URL + "/sign-in")
	l.Fill("#login", u.Login)
	l.Fill("#password", password)
	l.Follow("form[action='/sign-in'] .primary")
}

// TestLookOfThePages opens every page of accounts with something on it.
func TestLookOfThePages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	head, deputy := s.clerk("head.gp", "申爱民", domain.RoleOrgHead), s.clerk("guo.yh", "郭永红", domain.RoleHandler, domain.RoleDispatcher)
	gone := s.clerk("li.jg", "李建国", domain.RoleOperator)
	today := domain.DateOf(s.Now())
	s.do(s.one, gone.ID, &user.Disable{Reason: user.ReasonLeft})
	s.do(s.one, deputy.ID, &user.RequestRole{Terms: user.Terms{Role: domain.RoleOrgHead, Org: "jc", From: today, To: today.AddDays(5), OnBehalfOf: head.ID, Reason: user.ReasonTrip}})
	s.do(s.two, deputy.ID, &user.ApproveRole{Grant: s.waiting(deputy.ID)})
	s.do(s.two, deputy.ID, &user.RequestRole{Terms: user.Terms{Role: domain.RoleInspector, Org: "jc-gp", From: today.AddDays(8), Reason: user.ReasonTransfer}})
	s.caughtUp()

	l := &looker{browsertest.New(t), s, t}
	l.Goto(s.URL + "/sign-in")
	l.look("sign-in")
	l.Goto(s.URL + "/sign-in/invitation")
	l.look("invitation")
	l.signIn(s.one, password)
	for name, path := range map[string]string{
		"list": "/users", "new": "/users/new", "requests": "/users/requests", "account": "/users/" + deputy.ID, "disabled": "/users/" + gone.ID,
		"history": "/users/" + deputy.ID + "/history", "request": "/users/" + deputy.ID + "/request", "delegate": "/users/" + deputy.ID + "/delegate",
	} {
		l.Goto(s.URL + path)
		l.look(name)
	}
	l.Goto(s.URL + "/users/" + deputy.ID)
	l.Click("#manage details.confirm:nth-of-type(1) summary")
	l.Follow("dialog[open] .primary")
	l.look("once")
	secret := l.Text("#once")

	l = &looker{browsertest.New(t), s, t}
	l.signIn(deputy, secret)
	l.look("step-password")
	l.Fill("[name=new_password]", password)
	l.Fill("[name=again]", password)
	l.Follow("main .primary")
	for name, path := range map[string]string{"own": "/account", "own-password": "/account/password"} {
		l.Goto(s.URL + path)
		l.look(name)
	}
	l.Goto(s.URL + "/account/factor")
	l.look("own-factor")
	code, err := totp.GenerateCode(strings.ReplaceAll(l.Text("#factor-secret"), " ", ""), s.Now())
	if err != nil {
		t.Fatal(err)
	}
	l.Fill("[name=code]", code)
	l.Follow("main .primary")
	l.look("own-codes")
	l.Follow("main .primary")
	l.Goto(s.URL + "/account/factor")
	l.look("own-factor-set")

	l = &looker{browsertest.New(t), s, t}
	l.signIn(deputy, password)
	l.look("step-code")
}
