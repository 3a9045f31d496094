package complaints

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/sheet"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/complaint"
)

// TestEveryOpenFormRenders opens, for every role, the form of every command that
// is open to it on a case as it goes along.
func TestEveryOpenFormRenders(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	clients := []*webtest.Client{
		s.operator, s.shift, s.dispatcher, s.head, s.handler, s.partner, s.reviewer, s.approver,
		s.signIn("jc", domain.RoleAccountant), s.signIn("jc", domain.RoleReliefOfficer),
	}
	shown := map[string]bool{}
	var id uuid.UUID
	look := func() {
		rules, err := s.work.Rules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range clients {
			actions, err := s.work.Available(t.Context(), id, s.state(id), actor(c), rules, s.Now())
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range actions {
				if !a.Allowed || hidden[a.Name] || a.Group == complaint.GroupSystem {
					continue
				}
				s.open(c, id, a.Name)
				shown[a.Name] = true
			}
		}
	}
	id = s.intake(s.operator, "flags", "absconded", "consent", "1")
	look()
	s.submit(s.dispatcher, id, "request_supplement", "items", "工资表", "due_on", "2026-12-01")
	look()
	s.submit(s.operator, id, "receive_supplement", "items", "工资表")
	s.submit(s.dispatcher, id, "accept", "handling_org", "jc", "time_class", "general", "category", "wage_arrears")
	look()
	for range 3 {
		s.submit(s.dispatcher, id, "dispatch", "to_org", "jc-zz")
		look()
		s.submit(s.head, id, "return", "reason", "not_our_duty")
	}
	look()
	s.submit(s.shift, id, "rule", "final_org", "jc-zz", "reason", "属地办理")
	s.submit(s.head, id, "sign")
	look()
	s.submit(s.head, id, "assign", "handler", s.handler.User.ID, "co_handler", s.partner.User.ID)
	look()
	s.submit(s.shift, id, "notify_leader", "to", s.approver.User.ID, "how", "phone")
	s.submit(s.handler, id, "log_contact", "with", "worker", "purpose", "voluntary_check", "how", "phone", "reached", "1", "gist", "不撤回")
	s.submit(s.shift, id, "log_contact", "with", "worker", "purpose", "voluntary_check", "how", "phone", "reached", "1", "gist", "不撤回")
	look()
	s.twelve(id)
	s.submit(s.handler, id, "name_liable_party", "enterprise_id_text", "泽州劳务有限公司", "enterprise_id_new", "1", "role", "subcontractor")
	s.submit(s.handler, id, "start_procedure", "kind", "arbitration", "body", "泽州县仲裁委", "started_on", "2026-11-23")
	s.submit(s.handler, id, "send_referral", "agency", "labour_inspection", "data_sent", "姓名", "basis", "本人同意")
	s.submit(s.handler, id, "pause_clock", "clock", "handle", "reason_code", "procedure")
	look()
	s.submit(s.handler, id, "resume_clock", "clock", "handle")
	s.submit(s.handler, id, "conclude_procedure", "procedure_no", "1", "result", "supported", "awarded_fen", "60000", "concluded_on", "2026-11-23")
	s.submit(s.handler, id, "receipt_referral", "referral_id", s.state(id).Referrals[0].ID.String(), "accepted", "1")
	s.verified(id)
	s.submit(s.handler, id, "link_advance", "claimant_no", "1", "advanced_fen", "1000")
	look()
	s.submit(s.handler, id, "open_recourse", "enterprise_id_text", "泽州劳务有限公司", "recourse_fen", "1000")
	s.paid(id, 1, 12)
	look()
	s.submit(s.handler, id, "answer_document", "document_id", s.state(id).Documents[0].ID.String(), "answer", "adequate")
	s.submit(s.handler, id, "answer_crime_hint", "reason", "单位已付款")
	look()
	s.submit(s.handler, id, "propose_closure", "conclusion_code", "1", "narrative", "十二人全部付清")
	clients = append(clients, s.caller)
	look()
	s.called(id)
	look()
	s.submit(s.approver, id, "approve_closure")
	look()

	// These need a clock that ran out, a duplicate, or were sent by verified.
	elsewhere := []string{"explain_overdue", "dismiss_duplicate", "confirm_verification"}
	for _, spec := range complaint.Commands() {
		if spec.Group != complaint.GroupSystem && !hidden[spec.Name] && !slices.Contains(elsewhere, spec.Name) && !shown[spec.Name] {
			t.Errorf("%s was never open to anybody", spec.Name)
		}
	}
}

// markup are texts that must come out as they went in, as text.
const markup = `<script>alert(1)</script>"><img src=x onerror=alert(2)>{{.User}}'&`

// TestHostileText types markup into every free text and reads every page.
func TestHostileText(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	id := s.intake(s.operator, "name", "张三", "summary", markup, "employer", markup, "on_behalf_of", markup)
	s.submit(s.operator, id, "add_note", "visibility", "internal", "text", markup)
	s.submit(s.operator, id, "log_contact", "with", "worker", "purpose", "inquiry", "how", "phone", "reached", "1", "gist", markup)
	s.submit(s.operator, id, "promise_callback", "due_at", "2026-11-24T10:00", "about", markup)
	refused := s.try(s.dispatcher, id, "refuse", "reason", "", "redirect_to", markup, "notice_no", markup)
	if refused.Status != http.StatusUnprocessableEntity {
		t.Errorf("a refusal without a reason: status %d", refused.Status)
	}
	pages := map[string]string{"refused form": refused.Body}
	for _, path := range []string{"/desk", "/inbox", "/complaints", caseAddress(id), caseAddress(id) + "/file", doAddress(id, "accept"), "/desk/registered/" + id.String()} {
		a := s.dispatcher.Get(path)
		if a.Status != 200 {
			t.Errorf("%s: status %d", path, a.Status)
		}
		pages[path] = a.Body
	}
	pages["hints"] = s.operator.Do(http.MethodPost, "/desk/hints", "employer=%3Cscript%3E&phone=13800001234&_form=intake", "Content-Type", "application/x-www-form-urlencoded", "X-Hearth-Refresh", "1").Body
	for path, body := range pages {
		for _, bad := range []string{"<script>alert", "<img src=x"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %q unescaped", path, bad)
			}
		}
	}
	if !strings.Contains(pages["refused form"], "{{.User}}") {
		t.Error("what was typed is not in the form that comes back")
	}
}

// TestBadInput is told beside its field, in Chinese, and loses nothing.
func TestBadInput(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	for name, c := range map[string]struct{ field, value, want string }{
		"phone":   {"phone", "12ab", "电话号码看不懂"},
		"id":      {"id_no", "140502199001011234", "校验位不对"},
		"amount":  {"owed", "很多", "金额"},
		"date":    {"from", "2026-02-30", "日期"},
		"persons": {"persons", "十二", "整数"},
		"late":    {"happened", "前天", "时间看不懂"},
		"summary": {"summary", " ", "请填写诉求内容"},
	} {
		a := s.operator.Submit(s.operator.Get("/desk"), "intake", "/desk", replace(intakeForm("on_behalf_of", "钱五"), c.field, c.value)...)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(told(a.Body), c.want) || !strings.Contains(a.Body, "钱五") {
			t.Errorf("%s: status %d, told %q; want %q and the rest kept", name, a.Status, told(a.Body), c.want)
		}
	}
	id := s.intake(s.operator)
	late := s.try(s.operator, id, "log_contact", "with", "worker", "purpose", "inquiry", "how", "phone", "reached", "1", "gist", "问过情况", "happened", "2026-11-20T10:00")
	if late.Status != http.StatusUnprocessableEntity || !strings.Contains(told(late.Body), "请填写补录原因") {
		t.Errorf("a late entry without a reason: status %d; %s", late.Status, told(late.Body))
	}
	s.submit(s.operator, id, "log_contact", "with", "worker", "purpose", "inquiry", "how", "phone", "reached", "1", "gist", "问过情况", "happened", "2026-11-20T10:00", "late_reason", "断网补记")
	if page := s.operator.Get(caseAddress(id)); !strings.Contains(page.Body, "断网补记") || !strings.Contains(page.Body, "补录") {
		t.Error("the late entry is not marked")
	}
	if a := s.operator.Get(caseAddress(id) + "/do/no_such"); a.Status != http.StatusNotFound {
		t.Errorf("a command that does not exist: status %d", a.Status)
	}
}

// replace puts a value in place of another.
func replace(pairs []string, name, value string) []string {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == name {
			pairs[i+1] = value
			return pairs
		}
	}
	return append(pairs, name, value)
}

// TestTheSameFormTwice shows the first result again and stores nothing.
func TestTheSameFormTwice(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	desk := s.operator.Get("/desk")
	first := s.operator.Submit(desk, "intake", "/desk", intakeForm()...)
	second := s.operator.Submit(desk, "intake", "/desk", intakeForm()...)
	if first.Path != second.Path || !strings.Contains(second.Body, "没有重复登记") {
		t.Errorf("the second registration leads to %s: %s; want %s", second.Path, told(second.Body), first.Path)
	}
	id := uuid.MustParse(strings.TrimPrefix(first.Path, "/desk/registered/"))
	form := s.open(s.dispatcher, id, "accept")
	send := func() webtest.Answer {
		return s.dispatcher.Submit(form, "accept", doAddress(id, "accept"), "seen", between(form.Body, `name="seen" value="`, `"`),
			"handling_org", "jc-zz", "time_class", "general", "category", "wage_arrears")
	}
	if a := send(); a.Status != 200 || !strings.Contains(a.Body, "已办理:受理") {
		t.Fatalf("accept: status %d; %s", a.Status, told(a.Body))
	}
	s.submit(s.head, id, "sign") // and the case goes on in between
	before := len(s.events(id))
	if a := send(); a.Status != 200 || !strings.Contains(a.Body, "已办理:受理") || len(s.events(id)) != before {
		t.Errorf("the same form again: status %d, %d events for %d; %s", a.Status, len(s.events(id)), before, told(a.Body))
	}
}

func (s *staffed) events(id uuid.UUID) []string {
	s.t.Helper()
	recs, err := s.work.Since(s.t.Context(), id, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	var types []string
	for _, r := range recs {
		types = append(types, r.Type)
	}
	return types
}

// TestTwoDecideAtOnce: the second sees what the first did, with the input kept.
func TestTwoDecideAtOnce(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	id := s.intake(s.operator)
	other := s.signIn("jc", domain.RoleDispatcher)
	one, two := s.open(s.dispatcher, id, "accept"), s.open(other, id, "refuse")
	seen := between(one.Body, `name="seen" value="`, `"`)
	if a := s.dispatcher.Submit(one, "accept", doAddress(id, "accept"), "seen", seen, "handling_org", "jc-zz", "time_class", "general"); a.Status != 200 {
		t.Fatalf("the first: status %d; %s", a.Status, told(a.Body))
	}
	a := other.Submit(two, "refuse", doAddress(id, "refuse"), "seen", seen, "reason", "out_of_scope", "notice_no", "告知书7号", "redirect_to", "找住建局", "told_at", "2026-11-23T09:00")
	for _, want := range []string{"别人刚刚改了这件事", "案件有了变化", "受理,承办单位", "告知书7号", "找住建局"} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the second is not told %q", want)
		}
	}
	if a.Status != http.StatusConflict || s.state(id).Phase != complaint.PhaseAccepted {
		t.Errorf("the second: status %d, phase %s", a.Status, s.state(id).Phase)
	}
	again := other.Submit(a, "refuse", doAddress(id, "refuse"), "seen", between(a.Body, `name="seen" value="`, `"`), "reason", "out_of_scope", "notice_no", "告知书7号", "redirect_to", "找住建局")
	if again.Status != http.StatusUnprocessableEntity || !strings.Contains(again.Body, "告知书7号") {
		t.Errorf("sent again: status %d; %s", again.Status, told(again.Body))
	}
}

// TestRestrictedCaseIsNotThere for those who may not see it: no page, no row, no
// export, no live topic, no hint.
func TestRestrictedCaseIsNotThere(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	id := s.intake(s.operator, "category", "union_staff", "accused_org", "jc-zz")
	if s.state(id).Restriction == nil {
		s.submit(s.dispatcher, id, "restrict", "reason", "whistleblower", "accused_org", "jc-zz")
	}
	no := s.state(id).No
	s.caughtUp()
	for _, c := range []*webtest.Client{s.head, s.handler, s.leader} {
		for _, path := range []string{caseAddress(id), caseAddress(id) + "/file", doAddress(id, "add_note"), "/events?topic=case:" + id.String()} {
			if a := c.Get(path); a.Status != http.StatusNotFound || strings.Contains(a.Body, no) {
				t.Errorf("%s by %s: status %d", path, c.User.Roles, a.Status)
			}
		}
		for _, path := range []string{"/complaints", "/inbox"} {
			if a := c.Get(path); a.Status != 200 || strings.Contains(a.Body, no) {
				t.Errorf("%s shows the restricted case to %s", path, c.User.Roles)
			}
		}
		if rows := exported(t, c.Get("/complaints.xlsx")); len(rows) != 0 {
			t.Errorf("exported to %s: %v", c.User.Roles, rows)
		}
	}
	if a := s.dispatcher.Get(caseAddress(id)); a.Status != 200 {
		t.Errorf("the dispatcher: status %d", a.Status)
	}
}

// exported is the case numbers in an export, without the headings.
func exported(t *testing.T, a webtest.Answer) []string {
	t.Helper()
	book, err := sheet.Open(strings.NewReader(a.Body), int64(len(a.Body)), sheet.DefaultLimits())
	if err != nil {
		t.Fatalf("open the export (status %d): %v", a.Status, err)
	}
	defer book.Close()
	var numbers []string
	for row, err := range book.Rows("案件") {
		if err != nil {
			t.Fatal(err)
		}
		no, err := row.Cell(0).Text()
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, no)
	}
	return numbers[1:]
}

// TestListAndExportAgree on the rows of a filter, which stays out of the address.
func TestListAndExportAgree(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	s.register(nil)
	s.register(func(in *casework.Intake) { in.Register.Area, in.Register.Employer.Text = "jc-gp", "高平兴隆煤业" })
	s.caughtUp()
	a := s.operator.Post("/complaints", "text", "高平兴隆", "area", "jc-gp")
	if strings.Count(a.Body, "data-row") != 1 || !strings.Contains(a.Body, "高平兴隆煤业") || a.Query.Get("text") != "" {
		t.Errorf("filtered: %d rows at %s?%s", strings.Count(a.Body, "data-row"), a.Path, a.Query.Encode())
	}
	href := strings.ReplaceAll(between(a.Body, `href="/complaints.xlsx?`, `"`), "&amp;", "&")
	if rows := exported(t, s.operator.Get("/complaints.xlsx?"+href)); len(rows) != 1 || !strings.Contains(a.Body, rows[0]) {
		t.Errorf("the export of the filter has %v", rows)
	}
	if a := s.operator.Get("/complaints?from=gestern"); a.Status != 200 || !strings.Contains(told(a.Body), "日期") {
		t.Errorf("a date that is none: status %d, told %q", a.Status, told(a.Body))
	}
	if a := s.operator.Get("/complaints?phase=archived"); !strings.Contains(a.Body, "没有符合条件的案件") {
		t.Error("an empty list says nothing")
	}
}

// TestNothingPersonalLeaks into addresses, redirects or the log.
func TestNothingPersonalLeaks(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	var addresses strings.Builder
	s.operator.Post("/desk/caller", "phone", "13800001234")
	id := s.intake(s.operator)
	s.operator.Post("/complaints", "text", "赵铁柱")
	s.submit(s.dispatcher, id, "accept", "handling_org", "jc-zz", "time_class", "general", "category", "wage_arrears")
	for _, path := range []string{"/desk", "/complaints", "/inbox", caseAddress(id), caseAddress(id) + "/file", doAddress(id, "log_contact")} {
		a := s.dispatcher.Get(path)
		fmt.Fprintln(&addresses, a.Path, a.Query.Encode())
		for _, part := range strings.Split(a.Body, `href="`)[1:] {
			href, _, _ := strings.Cut(part, `"`)
			fmt.Fprintln(&addresses, href)
		}
	}
	for _, secret := range []string{"13800001234", "138 0000", "赵铁柱", "%E8%B5%B5%E9%93%81%E6%9F%B1"} {
		if strings.Contains(addresses.String(), secret) {
			t.Errorf("%q stands in an address", secret)
		}
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("%q stands in the log", secret)
		}
	}
	leader := s.leader.Get(caseAddress(id)).Body
	if strings.Contains(leader, "赵铁柱") || strings.Contains(leader, "13800001234") || !strings.Contains(leader, "赵*") {
		t.Error("the leader does not read masks")
	}
}

// TestEmptyPages say what to do.
func TestEmptyPages(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	for path, want := range map[string]string{
		"/inbox": "没有需要您处理的案件", "/complaints": "没有符合条件的案件", "/desk": "还没有登记过案件",
	} {
		if a := s.operator.Get(path); a.Status != 200 || !strings.Contains(a.Body, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	for _, path := range []string{"/complaints/" + uuid.NewString(), "/complaints/x", "/complaints/" + uuid.NewString() + "/file"} {
		if a := s.operator.Get(path); a.Status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, a.Status)
		}
	}
	admin := s.signIn("jc", domain.RoleSystemAdmin)
	if a := admin.Get("/complaints"); a.Status != http.StatusForbidden {
		t.Errorf("the system administrator opens cases: status %d", a.Status)
	}
}
