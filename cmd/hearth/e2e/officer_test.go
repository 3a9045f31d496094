package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"hearth/adapters/web/browsertest"
)

// officer is somebody at a browser, signed in.
type officer struct {
	*browsertest.Browser
	t     *testing.T
	at    string // address of the program
	login string
}

// signIn signs a demo account in, as a visitor of the demonstration does: by a
// click on it.
func (p *program) signIn(t *testing.T, login string) *officer {
	t.Helper()
	o := &officer{Browser: browsertest.New(t), t: t, at: p.address, login: login}
	o.open("/sign-in")
	o.Follow(fmt.Sprintf(`form:has(input[name=login][value=%q]) button.account`, login))
	if strings.HasPrefix(o.Path(), "/sign-in") {
		t.Fatalf("%s is not signed in", login)
	}
	return o
}

// open goes to a path of the program.
func (o *officer) open(path string) {
	o.t.Helper()
	o.Goto(o.at + path)
}

// fill fills fields of a form in, given as names and values, the way each kind of
// field is filled in by hand: typed, chosen or ticked.
func (o *officer) fill(form string, pairs ...string) {
	o.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		field, value := fmt.Sprintf(`%s [name=%q]`, form, pairs[i]), pairs[i+1]
		// The page may still be on its way: an answer that came late can be
		// overtaken by the next page.
		o.Wait(fmt.Sprintf(`document.readyState === "complete" && document.querySelector(%q) !== null`, field))
		kind := browsertest.Run(o.Browser, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).type`, field)))
		switch kind {
		case "checkbox", "radio":
			if one := fmt.Sprintf(`%s[value=%q]`, field, value); !o.Has(one + ":checked") {
				o.Click(one)
			}
		case "select-one", "date", "datetime-local":
			o.Choose(field, value)
		default:
			o.Fill(field, value)
		}
	}
}

// suggested types into a field and takes the first suggestion by keyboard, which
// must be the one that is wanted.
func (o *officer) suggested(field, typed, want string) {
	o.t.Helper()
	o.Fill(field, typed)
	list := fmt.Sprintf(`#${document.querySelector(%q).id}-list li`, field)
	o.Wait("document.querySelector(`" + list + "`)?.innerText.includes(" + fmt.Sprintf("%q", want) + ") ?? false")
	o.Press(kb.ArrowDown)
	o.Press(kb.Enter)
	o.Wait(fmt.Sprintf(`document.querySelector(%q).value === %q`, field, want))
}

// chosen is the option of a select whose label holds a text.
func (o *officer) chosen(field, label string) {
	o.t.Helper()
	value := browsertest.Run(o.Browser, chromedp.Evaluate[string](fmt.Sprintf(
		`[...document.querySelector(%q).options].find(o => o.text.includes(%q))?.value ?? ""`, field, label)))
	if value == "" {
		o.t.Fatalf("%s at %s: %s offers no %q", o.login, o.Path(), field, label)
	}
	o.Choose(field, value)
}

// do issues a command on a case from its page: opens the form, fills it in and
// sends it. It must go through.
func (o *officer) do(id, command string, pairs ...string) {
	o.t.Helper()
	o.begin(id, command, pairs...)
	o.send(command)
}

// begin opens the form of a command from the page of the case and fills it in.
func (o *officer) begin(id, command string, pairs ...string) {
	o.t.Helper()
	o.open("/complaints/" + id)
	link := fmt.Sprintf(`main a[href$="/do/%s"]`, command)
	if !o.Has(link) {
		o.t.Fatalf("%s may not %s now: %s", o.login, command, strings.Join(o.texts("dl.reasons div"), "; "))
	}
	o.Follow(link)
	o.fill(commandForm, pairs...)
}

// commandForm is the form of a command.
const commandForm = "form.command"

// send sends the form of a command, which must go through.
func (o *officer) send(command string) {
	o.t.Helper()
	o.Follow(commandForm + " .button.primary")
	if o.Has("#problem") {
		o.t.Fatalf("%s, %s: %s %s", o.login, command, o.Text("#problem"), strings.Join(o.texts(".error"), "; "))
	}
	o.WaitText("main [data-flash]", "已办理")
}

// value is what an input holds.
func (o *officer) value(selector string) string {
	o.t.Helper()
	return browsertest.Run(o.Browser, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).value`, selector)))
}

// count is how many elements there are.
func (o *officer) count(selector string) int {
	o.t.Helper()
	return browsertest.Run(o.Browser, chromedp.Evaluate[int](fmt.Sprintf(`document.querySelectorAll(%q).length`, selector)))
}

// texts are the texts of all elements.
func (o *officer) texts(selector string) []string {
	o.t.Helper()
	return browsertest.Run(o.Browser, chromedp.Evaluate[[]string](fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => (e.innerText || e.textContent).trim())`, selector)))
}

// want fails the test unless the element holds the text.
func (o *officer) want(selector, text string) {
	o.t.Helper()
	if got := o.Text(selector); !strings.Contains(got, text) {
		o.t.Errorf("%s at %s: %s reads %q; want %q in it", o.login, o.Path(), selector, got, text)
	}
}

// caseOf is the id of the case whose page, or a page below it, is shown.
func caseOf(path string) string {
	for _, prefix := range []string{"/complaints/", "/desk/registered/"} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			id, _, _ := strings.Cut(rest, "?")
			id, _, _ = strings.Cut(id, "/")
			return id
		}
	}
	return ""
}

// number is what a page that tells a case number says it is.
func (o *officer) number() string {
	o.t.Helper()
	no := browsertest.Run(o.Browser, chromedp.Evaluate[string](`(document.querySelector("main").innerText.match(/晋工诉\S*?\d+号/) ?? [""])[0]`))
	if no == "" {
		o.t.Fatalf("%s: no case number at %s", o.login, o.Path())
	}
	return no
}
