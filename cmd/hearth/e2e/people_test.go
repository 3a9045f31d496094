package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"hearth/adapters/web/browsertest"
)

// look takes a page in at both sizes: nothing for the accessibility checker to
// find, and nothing wider than the screen.
func (o *officer) look(name string) {
	o.t.Helper()
	for _, v := range []browsertest.Viewport{browsertest.Desktop, browsertest.Phone} {
		o.Screenshot("e2e-"+name, v)
		o.CheckAxe()
		if !browsertest.Run(o.Browser, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= innerWidth`)) {
			o.t.Errorf("%s is wider than a %s", name, v.Name)
		}
	}
	o.Resize(browsertest.Desktop)
}

// put puts somebody on file and returns the path of the file.
func (o *officer) put(pairs ...string) string {
	o.t.Helper()
	const form = `main form[action="/people"]`
	o.open("/people")
	o.fill(form, pairs...)
	o.Follow(form + " .primary")
	o.WaitText("main [data-flash]", "已建档")
	return o.Path()
}

// lookUp finds somebody by an exact name or number and opens the file.
func (o *officer) lookUp(asked string) {
	o.t.Helper()
	const form = `main form[action="/people/find"]`
	o.open("/people")
	o.fill(form, "q", asked)
	o.Follow(form + " .primary")
	if path := o.Path(); path != "/people" {
		o.t.Errorf("after a search the address is %s", path)
	}
	o.Follow("main [data-row]")
}

// TestTwoFilesOfOnePerson registers somebody twice, merges the files, and undoes
// it.
func TestTwoFilesOfOnePerson(t *testing.T) {
	t.Parallel()
	o := demo(t).signIn(t, "handler.cq")
	first := o.put("name", "甄双全", "phone", "13903561111", "kind", "migrant", "id_no", "11010519491231002X", "address", "城区某街")
	second := o.put("name", "甄双泉", "phone", "139 0356 1111", "kind", "migrant")
	o.want("aside", "疑似同一人")
	o.want("aside", "电话相同")
	o.look("person")
	o.Follow(`aside a[href*="/merge?into="]`)
	o.want("main", "一致")
	o.want("main", "不同")
	o.look("merge")
	form := fmt.Sprintf(`main form[action="%s/merge"]`, second)
	o.fill(form, "basis", "person_confirmed")
	o.Follow(form + " .primary")
	o.WaitText("main [data-flash]", "已并档")
	if o.Path() != first {
		t.Errorf("after the merger: %s, want %s", o.Path(), first)
	}
	o.want(".timeline", "该档案并入本档案,依据:本人确认")
	o.open(second)
	if o.Path() != first {
		t.Errorf("the merged file leads to %s, want %s", o.Path(), first)
	}
	o.Follow(`aside a[href$="?file=own"]`)
	o.want("main", "这份档案已并入")
	o.look("merged")
	o.Click(`aside details summary`)
	undo := fmt.Sprintf(`main form[action="%s/unmerge"]`, second)
	o.fill(undo, "reason", "not_the_same")
	o.Follow(undo + " .button")
	o.WaitText("main [data-flash]", "已撤销并档")
	o.open(second)
	if o.Path() != second {
		t.Errorf("after it was undone the file leads to %s", o.Path())
	}
	o.want(".timeline", "撤销并入")
	o.CheckAxe()
}

// TestHouseholdAndKin forms a household out of people on file and declares kin.
func TestHouseholdAndKin(t *testing.T) {
	t.Parallel()
	o := demo(t).signIn(t, "handler.zz")
	o.put("name", "户母甲", "phone", "13903562222")
	head := o.put("name", "户主甲", "phone", "13903562221")
	o.Follow(fmt.Sprintf(`main a[href="%s/household"]`, head))
	o.look("household-form")
	o.fill("main form", "member1", "户母甲", "relation1", "parent")
	o.Follow("main form .primary")
	o.WaitText("main [data-flash]", "已立户")
	o.want("main", "父母")
	o.look("household")
	o.open(head)
	o.want("aside", "户母甲(父母)")

	o.open("/people/kin")
	o.fill(`main form[action="/people/kin"]`, "name", "亲属乙", "id_no", "140502198001010014", "relation", "sibling")
	o.Follow(`main form[action="/people/kin"] .primary`)
	o.WaitText("main [data-flash]", "已备案")
	o.look("kin")
	watch := demo(t).signIn(t, "discipline")
	watch.open("/people/kin")
	watch.want("main", "吴玉兰")
	watch.want("main", "兄弟姐妹")
	watch.look("kin-all")
}

// TestErasureOfAPerson goes from the request by two approvals to what cannot be
// undone, twice, and hands out the receipt.
func TestErasureOfAPerson(t *testing.T) {
	t.Parallel()
	app := demo(t)
	const phone = "13903563333"
	m := newTeam(t, app, "cq")
	id, no := m.take("phone", phone, "name", "遗忘权", "employer", "处置路面馆", "category", "wage_arrears", "area", "jc-cq", "persons", "1", "summary", "遗忘权说面馆欠他两个月工资")
	approver := app.signIn(t, "approver")
	m.worker.lookUp(phone)
	m.worker.want("main", no)
	m.worker.Follow(`main .actions a[href$="/erasure"]`)
	at := m.worker.Path()
	file := strings.TrimSuffix(at, "/erasure")
	m.worker.look("erasure-ask")

	ask := func(step, basis string, more ...string) {
		t.Helper()
		m.worker.open(at)
		form := fmt.Sprintf(`main form:has(input[name=step][value=%q])`, step)
		m.worker.fill(form, append([]string{"basis", basis}, more...)...)
		m.worker.Follow(form + " p.buttons .button")
		m.worker.WaitText("main [data-flash]", "等另外两人审批")
	}
	approve := func(o *officer, says string, more ...string) {
		t.Helper()
		o.open("/people/erasures")
		o.Follow(fmt.Sprintf(`main a[href=%q]`, at))
		o.fill(`main form[action$="/approve"]`, more...)
		o.Follow(`main form[action$="/approve"] p.buttons .button`)
		o.WaitText("main [data-flash]", says)
	}
	ask("suspend", "consent_withdrawn", "subjects", id)
	m.head.open("/people/erasures")
	m.head.want("main", "遗忘权")
	m.head.look("erasures")
	approve(m.head, "已初审同意")
	approve(approver, "复审同意,已封存")
	approver.look("receipt-suspended")
	m.worker.becomes(file, "〔已封存〕")

	ask("shred", "purpose_ended", "confirm", "销毁")
	m.head.open(at)
	m.head.look("erasure-approve")
	approve(m.head, "已初审同意", "confirm", no)
	approve(approver, "复审同意,已销毁", "confirm", "销毁")
	approver.want("main", "密钥已决定销毁")
	approver.look("receipt")
	if pdf := approver.PrintPDF("e2e-receipt"); len(pdf) < 1000 {
		t.Errorf("the printed receipt has %d bytes", len(pdf))
	}
	m.worker.becomes(file, "〔已销毁〕")
	m.worker.look("erased")
	if text := m.worker.Text("main"); strings.Contains(text, "遗忘权") || strings.Contains(text, "3333") {
		t.Errorf("the file still tells who it was: %s", text)
	}
	m.hotline.open("/complaints/" + id)
	m.hotline.want("main", "〔已销毁〕")
	if text := m.hotline.Text("main"); strings.Contains(text, "遗忘权") {
		t.Errorf("the case still tells who it was: %s", text)
	}
}

// becomes opens a page until it says what a reaction brings about.
func (o *officer) becomes(path, text string) {
	o.t.Helper()
	o.open(path)
	for range 200 {
		if strings.Contains(o.Text("main"), text) {
			return
		}
		o.open(path)
	}
	o.t.Fatalf("%s at %s: never %s: %s", o.login, path, text, o.Text("main"))
}
