package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/adapters/sheet"
	"hearth/adapters/web/browsertest"
	"hearth/domain"
)

// TestCollectiveCase works a complaint of twelve workers from the call to the
// archive, everybody at their own browser. A twelfth worker comes forward while
// the handler writes the closing: it is refused until she has an outcome too.
func TestCollectiveCase(t *testing.T) {
	t.Parallel()
	m := newTeam(t, demo(t), "gp")
	id, no := collectiveCall(t, m)

	shift := m.app.signIn(t, "shift")
	shift.open("/desk")
	shift.want("#desk-watch", no) // red, and nobody has told a leader
	shift.begin(id, "notify_leader", "how", "phone")
	shift.chosen(commandForm+" [name=to]", "周明远")
	shift.send("notify_leader")

	m.hand(id, "jc-gp", "difficult", "郭永红")
	importRoster(t, m, id)
	m.worker.begin(id, "elect_representatives")
	m.worker.fill(commandForm, "claimant_nos", "1", "claimant_nos", "2", "claimant_nos", "3")
	m.worker.send("elect_representatives")
	m.worker.begin(id, "name_liable_party", "role", "general_contractor")
	m.worker.suggested(commandForm+" [name=enterprise_id_text]", "丹河装饰", "高平市丹河装饰工程有限公司")
	m.worker.send("name_liable_party")
	m.worker.do(id, "log_negotiation", "attendees", "工人代表、用人单位、总包单位", "gist", "总包单位同意先行清偿")
	m.settle(id, m.head)
	m.conclude(id, 1, 11)
	m.worker.do(id, "answer_crime_hint", "reason", "单位已在责令期限内支付")

	lateWorker(t, m, id)
	closeCollective(t, m, id)
	readFile(t, m.worker, id)
	onTheBoard(t, m.app, id, no)
}

// collectiveCall takes the call down: the employer by type-ahead, and a hint that
// somebody has called about it before.
func collectiveCall(t *testing.T, m *team) (id, no string) {
	t.Helper()
	const employer = "高平市团池石材有限公司"
	_, first := m.take("phone", "13903560110", "name", "先来电", "employer", employer, "category", "wage_arrears", "area", "jc-gp",
		"new_enterprise", "1", "summary", "一个工友先打来电话", "from", "2026-03-01", "to", "2026-05-31")
	o := m.hotline
	o.open("/desk")
	o.fill("#intake", "phone", "13903560111", "name", "申集体", "category", "wage_arrears", "area", "jc-gp", "persons", "12", "owed", "6万",
		"from", "2026-03-01", "to", "2026-05-31", "flags", "absconded", "summary", "十二名工人三个月工资没有发,老板联系不上")
	o.suggested("#intake [name=employer]", "团池石材", employer)
	o.WaitText("#desk-hints", first)
	o.Follow("#intake .primary")
	o.want("#problem", "重复")
	if got := o.value("#intake [name=summary]"); !strings.Contains(got, "十二名工人") {
		t.Errorf("after the question about duplicates the summary reads %q", got)
	}
	o.Click("#desk-hints [name=not_duplicate]")
	o.Follow("#intake .primary")
	o.want("main", "请告诉来电人")
	id, no = caseOf(o.Path()), o.number()
	if no == first {
		t.Fatalf("the second call has the number of the first, %s", no)
	}
	return id, no
}

// importRoster brings eleven claimants in from a spreadsheet, twice.
func importRoster(t *testing.T, m *team, id string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "花名册.xlsx")
	writeSheet(t, path, []string{"姓名", "电话", "欠薪起", "欠薪止", "金额"}, func(yield func([]any) bool) {
		for n := range 11 {
			if !yield([]any{claimantName(n + 1), fmt.Sprintf("1390356%04d", 200+n), "2026-03-01", "2026-05-31", domain.Yuan(5000)}) {
				return
			}
		}
	})
	o := m.worker
	for range 2 {
		o.open("/complaints/" + id + "?view=ledger")
		o.Follow(`main a[href$="/roster"]`)
		o.Upload("[name=file]", path)
		o.Follow("main form .primary")
		o.want("main", "11")
		o.Follow("main .start .primary")
		o.WaitText("main [data-flash]", "增加")
	}
	if got := o.count("main table tbody tr"); got != 11 {
		t.Errorf("%d claimants in the ledger; want 11 however often the roster comes", got)
	}
}

// claimantName is an invented name.
func claimantName(n int) string {
	return "申" + []string{"一鸣", "二妮", "三泰", "四海", "五福", "六顺", "七巧", "八斤", "九林", "十全", "𠮷祥", "小满"}[n-1]
}

// writeSheet writes a spreadsheet.
func writeSheet(t *testing.T, path string, headings []string, rows func(func([]any) bool)) {
	t.Helper()
	columns := make([]sheet.Column, len(headings))
	for i, h := range headings {
		columns[i].Heading = h
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := sheet.Write(f, sheet.XLSX, "表", columns, rows); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// lateWorker: the handler has the closing written when a twelfth worker calls, and
// adds her in another window. The form comes back with what changed, then with
// the refusal, and holds what was typed both times.
func lateWorker(t *testing.T, m *team, id string) {
	t.Helper()
	const narrative = "总包单位代付,工人均已确认到账。"
	o := m.worker
	o.begin(id, "propose_closure", "conclusion_code", "1", "narrative", narrative)
	m.app.signIn(t, o.login).do(id, "add_claimants", "claimants.0.name", claimantName(12), "claimants.0.phone", "13903560299",
		"claimants.0.from", "2026-03-01", "claimants.0.to", "2026-05-31", "claimants.0.owed_fen", "5000")
	for _, told := range []string{"别人刚刚改了", "第12号诉求人还没有逐人结论"} {
		o.Follow(commandForm + " .button.primary")
		o.want("main", told)
		if got := o.value("[name=narrative]"); got != narrative {
			t.Errorf("after %q the form holds %q", told, got)
		}
	}
	o.Screenshot("e2e-closing-refused", browsertest.Desktop)
	o.CheckAxe()
	m.settle(id, m.head)
	m.conclude(id, 12, 12)
}

// closeCollective closes and archives.
func closeCollective(t *testing.T, m *team, id string) {
	t.Helper()
	m.worker.do(id, "propose_closure", "conclusion_code", "1", "narrative", "单位与总包已足额支付,十二人均确认到账。")
	approver := m.app.signIn(t, "approver")
	approver.open("/complaints/" + id + "/do/approve_closure")
	approver.want("main", "回访")
	if approver.Has(commandForm) {
		t.Error("the closing may be approved before anybody was called back")
	}
	if called := m.callBack(id); called != 10 {
		t.Errorf("%d were called back; want 10 of 12", called)
	}
	approver.do(id, "approve_closure")
	m.worker.do(id, "archive")
	m.worker.want("main", "已归档")
}

// readFile reads the print view: every claimant, masked, and every event is in it.
func readFile(t *testing.T, o *officer, id string) {
	t.Helper()
	o.open("/complaints/" + id)
	o.Follow(`main a[href$="/file"]`)
	said, listed := o.count(".timeline .sentence"), o.count(".manifest tbody tr")
	if said != listed || said < 40 {
		t.Errorf("the file tells %d events and lists %d", said, listed)
	}
	text := o.Text("main")
	for n := 1; n <= 12; n++ {
		if strings.Contains(text, claimantName(n)) {
			t.Errorf("the file has the name of claimant %d in the clear", n)
		}
	}
	if n := strings.Count(text, "申*"); n < 12 {
		t.Errorf("%d of 12 claimants are in the file", n)
	}
	for _, want := range []string{"合计 12 人", "60,000", "高平市丹河装饰工程有限公司", "归档", "SHA-256"} {
		if !strings.Contains(text, want) {
			t.Errorf("the file does not say %q", want)
		}
	}
	if pdf := o.PrintPDF("e2e-file"); len(pdf) < 20_000 {
		t.Errorf("the file prints to %d bytes", len(pdf))
	}
}

// onTheBoard follows a figure of the leaders' board down to the case.
func onTheBoard(t *testing.T, app *program, id, no string) {
	t.Helper()
	o := app.signIn(t, "leader")
	o.open("/board")
	o.fill(".filter", "area", "jc-gp")
	o.Follow(".filter .primary")
	o.Follow(".tiles a.tile")
	link := fmt.Sprintf(`#board-rows a[href="/complaints/%s"]`, id)
	if !o.Has(link) {
		t.Fatalf("the rows behind the board's first figure lack %s: %q", no, o.texts("#board-rows [data-row]"))
	}
	o.Follow(link)
	o.want("h1", no)
	o.open("/complaints/" + id + "?view=ledger")
	if text := o.Text("main"); strings.Contains(text, claimantName(1)) || !strings.Contains(text, "申*") {
		t.Errorf("the leader's ledger is not masked: %s", text)
	}
}
