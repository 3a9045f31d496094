package complaints

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/eventstore"
	looks "hearth/projections/access"
)

// recorded writes what waits and gives every access event, the oldest first.
func (s *stack) recorded() (all []domain.Event) {
	s.t.Helper()
	if err := s.access.Flush(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.caughtUp()
	for rec, err := range eventstore.After(s.t.Context(), s.store, 0) {
		if err != nil {
			s.t.Fatal(err)
		}
		if ev, ours := rec.Event.(access.Event); ours {
			all = append(all, ev)
		}
	}
	return all
}

// of are the events of one type.
func of[E domain.Event](all []domain.Event) (some []E) {
	for _, ev := range all {
		if e, ok := ev.(E); ok {
			some = append(some, e)
		}
	}
	return some
}

// handled is a case of 泽州 with a handler, who is signed in.
func (s *stack) handled() (uuid.UUID, *webtest.Client) {
	s.t.Helper()
	out := s.register(func(in *casework.Intake) {
		in.Reporter.Contact.Address = "泽州县巴公镇某村三组"
		in.Employer = &enterprise.Register{Name: "晋城市宏达建筑有限公司", County: "jc-zz"}
		in.Register.Summary = "赵铁柱说老板欠薪,回电13800001234"
	})
	handler := s.user("jc-zz", domain.RoleHandler)
	s.do(out.ID, domain.RoleDispatcher, &complaint.Accept{HandlingOrg: "jc-zz", TimeClass: complaint.ClassGeneral, Category: complaint.CategoryWageArrears})
	req := as(domain.RoleOrgHead)
	req.Actor.Org = "jc-zz"
	for _, cmd := range []complaint.Command{&complaint.Sign{}, &complaint.Assign{Handler: handler.ID}} {
		if _, err := s.work.Do(s.t.Context(), out.ID, cmd, again(req)); err != nil {
			s.t.Fatalf("%s: %v", complaint.NameOf(cmd), err)
		}
	}
	s.caughtUp()
	return out.ID, s.signInAs(handler)
}

func again(r casework.Request) casework.Request {
	r.CommandID = uuid.New()
	return r
}

// personalOf are the values of the sample case that nobody sees unasked.
var personalOf = []string{"赵铁柱", "13800001234", "某村三组"}

// TestMaskedByDefault: every page of a case, for everybody who sees it.
func TestMaskedByDefault(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id, handler := s.handled()
	clients := map[string]*webtest.Client{"handler": handler}
	for _, r := range []domain.Role{
		domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleOrgHead, domain.RoleReviewer, domain.RoleApprover,
		domain.RoleLeader, domain.RoleDiscipline, domain.RoleFinanceAuditor,
	} {
		clients[string(r)] = s.signIn("jc", r)
	}
	for who, c := range clients {
		for _, path := range []string{"", "?view=ledger", "?view=calls", "?view=work", "/file", "/do/log_contact", "/do/add_note"} {
			a := c.Get(caseAddress(id) + path)
			for _, value := range personalOf {
				if strings.Contains(a.Body, value) {
					t.Errorf("%s sees %s at %q", who, value, path)
				}
			}
			if path == "" && (!strings.Contains(a.Body, "赵*") || !strings.Contains(a.Body, "138****1234") || !strings.Contains(a.Body, "泽州县巴公镇***")) {
				t.Errorf("%s does not see masks (%d)", who, a.Status)
			}
		}
	}
}

// TestReveal: a field is shown once, to who may and says why, after it is stored.
func TestReveal(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id, c := s.handled()
	page := c.Get(caseAddress(id))
	if !strings.Contains(page.Body, `/reveal?field=phone&amp;no=0"`) {
		t.Errorf("no way to the number:\n%.3000s", page.Body)
	}
	form := c.Get(caseAddress(id) + "/reveal?no=0&field=phone")
	if !strings.Contains(form.Body, `value="phone" checked`) || strings.Contains(form.Body, "13800001234") {
		t.Errorf("form: %d\n%s", form.Status, form.Body)
	}
	post := func(form webtest.Answer, pairs ...string) webtest.Answer {
		return c.Submit(form, "reveal", caseAddress(id)+"/reveal", append([]string{"no", "0"}, pairs...)...)
	}
	if a := post(form, "fields", "phone"); a.Status != http.StatusUnprocessableEntity || strings.Contains(a.Body, "13800001234") {
		t.Errorf("without a reason: %d", a.Status)
	}
	if a := post(form, "fields", "phone", "reason", "other"); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "请填写说明") {
		t.Errorf("another reason without a note: %d", a.Status)
	}
	shown := post(form, "fields", "phone", "fields", "name", "reason", "contact")
	if shown.Path != caseAddress(id) || !strings.Contains(shown.Body, "赵铁柱 13800001234") || strings.Contains(shown.Body, "某村三组") || strings.Contains(shown.Query.Encode(), "phone") {
		t.Errorf("shown at %s?%s: %d\n%.3000s", shown.Path, shown.Query.Encode(), shown.Status, shown.Body)
	}
	if a := c.Get(caseAddress(id)); strings.Contains(a.Body, "13800001234") || strings.Contains(a.Body, "赵铁柱") {
		t.Error("shown a second time")
	}
	got := of[access.SensitiveRevealed](s.recorded())
	if len(got) != 1 || got[0].Reason != "contact" || len(got[0].Fields) != 2 || got[0].On.ID != id.String() || got[0].Seen.Position == 0 {
		t.Errorf("recorded: %+v", got)
	}

	story := c.Submit(c.Get(caseAddress(id)+"/reveal?field=narrative"), "reveal", caseAddress(id)+"/reveal", "fields", "narrative", "reason", "verify")
	if !strings.Contains(story.Body, "赵铁柱说老板欠薪,回电13800001234") || strings.Contains(story.Body, "赵铁柱 138") {
		t.Errorf("story: %d", story.Status)
	}
	if a := c.Get(caseAddress(id) + "/reveal?no=7&field=phone"); a.Status != http.StatusNotFound {
		t.Errorf("a claimant who is not there: %d", a.Status)
	}
}

// TestTicketIsForOnePage: it does not work in another case, after a minute, twice,
// or for the page's script.
func TestTicketIsForOnePage(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id, c := s.handled()
	other := s.register(func(in *casework.Intake) { in.Register.Area = "jc-zz" })
	s.caughtUp()
	browser := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	reveal := func() { // and do not go where it leads
		t.Helper()
		form := url.Values{"no": {"0"}, "fields": {"phone"}, "reason": {"contact"}, "_command": {uuid.NewString()}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+caseAddress(id)+"/reveal", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Cookie", c.Cookie())
		res, err := browser.Do(req)
		if err != nil || res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != caseAddress(id) {
			t.Fatalf("reveal: %+v, %v", res, err)
		}
		res.Body.Close()
	}
	shows := func(path string, headers ...string) bool {
		return strings.Contains(c.Get(path, headers...).Body, "13800001234")
	}
	reveal()
	if shows(caseAddress(id), "X-Hearth-Refresh", "1") {
		t.Error("shown to the page's script")
	}
	if !shows(caseAddress(id)) || shows(caseAddress(id)) {
		t.Error("not shown once")
	}
	reveal()
	if shows(caseAddress(other.ID)) || shows(caseAddress(id)) {
		t.Error("shown in another case, or after it")
	}
	reveal()
	s.pass(ticketLife)
	if shows(caseAddress(id)) {
		t.Error("shown after a minute")
	}
}

// TestWhoMayReveal: the rest are told why not, and nothing is shown or recorded.
func TestWhoMayReveal(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id, _ := s.handled()
	for role, may := range map[domain.Role]bool{
		domain.RoleOperator: true, domain.RoleOrgHead: true, domain.RoleDiscipline: true, domain.RoleFinanceAuditor: true,
		domain.RoleLeader: false, domain.RoleCashier: false, domain.RoleHandler: false, domain.RoleInspector: false,
	} {
		c := s.signIn("jc", role)
		if got := strings.Contains(c.Get(caseAddress(id)).Body, "/reveal?"); got != may {
			t.Errorf("%s has the button: %v", role, got)
		}
		form := c.Get(caseAddress(id) + "/reveal?no=0&field=phone")
		a := c.Post(caseAddress(id)+"/reveal", "no", "0", "fields", "phone", "reason", "contact", "_command", uuid.NewString())
		if got := strings.Contains(a.Body, "13800001234"); got != may || may == strings.Contains(form.Body, "不能办理") {
			t.Errorf("%s: shown %v (%d)", role, got, a.Status)
		}
	}
	if got := of[access.SensitiveRevealed](s.recorded()); len(got) != 4 {
		t.Errorf("%d are recorded", len(got))
	}
}

// TestNothingIsShownUnrecorded: while the log takes nothing, nothing leaves; and
// what is above the limit neither.
func TestNothingIsShownUnrecorded(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id, c := s.handled()
	send := func() webtest.Answer {
		return c.Post(caseAddress(id)+"/reveal", "no", "0", "fields", "phone", "fields", "name", "fields", "address", "reason", "contact", "_command", uuid.NewString())
	}
	s.store.closed.Store(true)
	a := send()
	if a.Status != http.StatusServiceUnavailable || !strings.Contains(a.Body, "没有显示、也没有导出") || strings.Contains(c.Get(caseAddress(id)).Body, "13800001234") {
		t.Errorf("with a closed log: %d", a.Status)
	}
	if a := c.Get(caseAddress(id) + "/ledger.xlsx"); a.Status != http.StatusServiceUnavailable || strings.HasPrefix(a.Body, "PK") {
		t.Errorf("an export with a closed log: %d", a.Status)
	}
	s.store.closed.Store(false)
	for range 10 {
		if a := send(); a.Status != http.StatusOK || !strings.Contains(a.Body, "13800001234") {
			t.Fatalf("reveal: %d", a.Status)
		}
	}
	if a := send(); a.Status != http.StatusTooManyRequests || !strings.Contains(a.Body, "以后可以再显示") || strings.Contains(a.Body, "13800001234") {
		t.Errorf("above the limit: %d", a.Status)
	}
	s.pass(time.Hour)
	c = s.signInAs(c.User)
	if a := c.Post(caseAddress(id)+"/reveal", "no", "0", "fields", "phone", "reason", "contact", "_command", uuid.NewString()); !strings.Contains(a.Body, "13800001234") {
		t.Errorf("an hour later: %d", a.Status)
	}
}

// unzip is all that a spreadsheet holds.
func unzip(t testing.TB, book string) string {
	t.Helper()
	r, err := zip.NewReader(strings.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, in); err != nil {
			t.Fatal(err)
		}
		in.Close()
	}
	return all.String()
}

// TestExportsAreRecorded, masked unless somebody may and says why, and marked.
func TestExportsAreRecorded(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id, c := s.handled()
	form := c.Get(caseAddress(id) + "/do/add_claimants")
	added := c.Submit(form, "add_claimants", caseAddress(id)+"/do/add_claimants", "claimants.0.name", "钱二虎", "claimants.0.phone", "13900005678", "claimants.0.owed_fen", "5000")
	if added.Status != http.StatusOK {
		t.Fatalf("add a claimant: %d %s", added.Status, added.Body)
	}
	s.caughtUp()
	masked := c.Get(caseAddress(id) + "/ledger.xlsx")
	if text := unzip(t, masked.Body); strings.Contains(text, "钱二虎") || strings.Contains(text, "13900005678") || !strings.Contains(text, "钱*") ||
		strings.Count(text, "测试经办人(经办人,泽州)于2026-11-23 09:30导出") < 3 {
		t.Errorf("masked ledger:\n%s", text)
	}
	ask := c.Get(caseAddress(id) + "/ledger")
	if a := c.Submit(ask, "clear", caseAddress(id)+"/ledger"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("in the clear without a reason: %d", a.Status)
	}
	whole := c.Submit(ask, "clear", caseAddress(id)+"/ledger", "reason", "document", "note", "移送用")
	if text := unzip(t, whole.Body); !strings.Contains(text, "钱二虎") || !strings.Contains(text, "13900005678") {
		t.Error("the ledger in the clear lacks a claimant")
	}
	leader := s.signIn("jc", domain.RoleLeader)
	if a := leader.Post(caseAddress(id)+"/ledger", "reason", "audit", "_command", uuid.NewString()); a.Status != http.StatusUnprocessableEntity || strings.HasPrefix(a.Body, "PK") {
		t.Errorf("a leader takes the ledger out: %d", a.Status)
	}
	list := c.Get("/complaints.xlsx?area=jc-zz&kept=1")
	files := map[string]access.Exported{}
	for _, ev := range of[access.Exported](s.recorded()) {
		files[ev.SHA256] = ev
	}
	for name, want := range map[string]struct {
		body  string
		query access.Query
		rows  int
		clear bool
	}{"masked": {masked.Body, access.QueryLedger, 1, false}, "whole": {whole.Body, access.QueryLedger, 1, true}, "list": {list.Body, access.QueryList, 1, false}} {
		sum := sha256.Sum256([]byte(want.body))
		ev, there := files[hex.EncodeToString(sum[:])]
		if !there || ev.Query != want.query || ev.Rows != want.rows || ev.Clear != want.clear || ev.Seen.Model != "complaints" {
			t.Errorf("%s: recorded %+v (%v)", name, ev, there)
		}
		if want.clear && (ev.Reason != "document" || ev.Note != "移送用") {
			t.Errorf("%s: no reason: %+v", name, ev)
		}
	}
	if len(files) != 3 {
		t.Errorf("%d files are recorded", len(files))
	}
}

// TestWhoLookedAtThis is told to those who may know it; that auditors looked only
// to auditors.
func TestWhoLookedAtThis(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id, handler := s.handled()
	head, auditor := s.signIn("jc-zz", domain.RoleOrgHead), s.signIn("jc", domain.RoleDiscipline)
	for range 3 {
		handler.Get(caseAddress(id))
	}
	handler.Get(caseAddress(id) + "?view=ledger")
	handler.Post(caseAddress(id)+"/printed", "screen", "file")
	handler.Post(caseAddress(id)+"/reveal", "no", "0", "fields", "phone", "reason", "other", "note", "赵铁柱换了号码", "_command", uuid.NewString())
	auditor.Get(caseAddress(id) + "/file")
	handler.Post("/search", "q", "赵铁柱")
	s.recorded()

	page := head.Get(caseAddress(id) + "/access")
	for _, want := range []string{"测试经办人(经办人,泽州)", "查看 案件,", "查看 诉求人台账", "打印 卷宗", "显示 赵* 的电话", "其他(须说明):赵*换了号码", "所见数据截至日志第"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the head does not read %q", want)
		}
	}
	if strings.Contains(page.Body, "测试纪检") || strings.Contains(page.Body, "赵铁柱") {
		t.Errorf("the head reads what the auditor did, or a name")
	}
	if a := auditor.Get(caseAddress(id) + "/access"); !strings.Contains(a.Body, "测试纪检") || !strings.Contains(a.Body, "测试经办人") {
		t.Error("the auditor does not read all")
	}
	for who, c := range map[string]*webtest.Client{"handler": handler, "leader": s.signIn("jc", domain.RoleLeader)} {
		if strings.Contains(c.Get(caseAddress(id)).Body, id.String()+"/access") {
			t.Errorf("%s has the tab", who)
		}
		if a := c.Get(caseAddress(id) + "/access"); a.Status != http.StatusUnprocessableEntity || strings.Contains(a.Body, "查看 案件") {
			t.Errorf("%s reads who looked: %d", who, a.Status)
		}
	}
	own := handler.Get("/access")
	for _, want := range []string{"显示 电话", "搜索(全文搜索)", `href="/complaints/` + id.String() + `"`} {
		if !strings.Contains(own.Body, want) {
			t.Errorf("the handler's own record lacks %q", want)
		}
	}
	if a := handler.Get("/access?user=" + auditor.User.ID); !strings.Contains(a.Body, "我的查阅记录") || strings.Contains(a.Body, "<option") || !strings.Contains(a.Body, "显示 电话") {
		t.Error("the handler reads the auditor's record")
	}
	if a := auditor.Get("/access?user=" + handler.User.ID); !strings.Contains(a.Body, "显示 电话") {
		t.Error("the auditor does not read the handler's record")
	}
	admin := s.signIn("jc", domain.RoleAuditAdmin)
	if a := admin.Get("/access?user=" + handler.User.ID); !strings.Contains(a.Body, "您看不到的案件") || strings.Contains(a.Body, id.String()) {
		t.Errorf("the audit administrator's view: %d", a.Status)
	}
	rows, err := s.config.Looks.User(t.Context(), handler.User.ID, 100)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(rows); n == 0 || rows[n-1].Kind == looks.Missed {
		t.Errorf("%d rows", n)
	}
}
