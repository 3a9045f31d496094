package complaints

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hearth/domain/complaint"
	"hearth/projections/text"
)

// TestLifeOfACollectiveCase works a case of twelve claimants from the desk to
// the archive, through the pages alone. Closing is refused because one of them
// has no outcome.
func TestLifeOfACollectiveCase(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	id := s.intake(s.operator, "flags", "absconded")
	s.accepted(id)
	s.twelve(id)
	s.verified(id)
	for no := 1; no <= 11; no += 10 {
		s.paid(id, no, min(no+9, 11))
	}

	refused := s.handler.Get(doAddress(id, "propose_closure"))
	for _, want := range []string{"第12号诉求人还没有逐人结论", "还不能结案", "意见书1号"} {
		if !strings.Contains(refused.Body, want) {
			t.Errorf("the page of a closing that is not open does not say %q", want)
		}
	}
	s.submit(s.handler, id, "answer_document", "document_id", s.state(id).Documents[0].ID.String(), "answer", "adequate")
	s.submit(s.handler, id, "answer_crime_hint", "reason", "单位已付款")
	s.paid(id, 12, 12)

	// The partner writes down a talk while the handler's form is open.
	page := s.open(s.handler, id, "propose_closure")
	s.submit(s.partner, id, "log_negotiation", "held_on", "2026-11-23", "attendees", "双方代表", "gist", "对方要求书面收条")
	a := s.handler.Submit(page, "propose_closure", doAddress(id, "propose_closure"), "seen", between(page.Body, `name="seen" value="`, `"`),
		"conclusion_code", "1", "narrative", "十二人全部付清")
	if a.Status != 409 || !strings.Contains(a.Body, "十二人全部付清") || !strings.Contains(a.Body, "案件有了变化") {
		t.Fatalf("a form from before the talk: status %d; %s", a.Status, told(a.Body))
	}
	s.submit(s.handler, id, "propose_closure", "conclusion_code", "1", "narrative", "十二人全部付清")
	s.called(id)

	if a := s.reviewer.Get(doAddress(id, "approve_closure")); !strings.Contains(a.Body, "须由审批领导") {
		t.Errorf("a collective case is not kept from the reviewer: %s", told(a.Body))
	}
	s.submit(s.approver, id, "approve_closure")
	s.submit(s.handler, id, "archive", "retention_class", "30y")
	if got := s.state(id); got.Phase != complaint.PhaseArchived {
		t.Fatalf("the case ends %q", got.Phase)
	}
	s.complete(id)
}

// accepted takes a case to the handler: told to the leader, accepted, signed for,
// assigned, and its employer written to.
func (s *staffed) accepted(id uuid.UUID) {
	s.t.Helper()
	leader := s.approver.User.ID
	s.submit(s.shift, id, "notify_leader", "to", leader, "how", "phone")
	s.submit(s.dispatcher, id, "accept", "handling_org", "jc-zz", "time_class", "difficult", "category", "wage_arrears")
	s.submit(s.head, id, "sign")
	s.submit(s.head, id, "assign", "handler", s.handler.User.ID, "co_handler", s.partner.User.ID, "site_work", "1")
	s.submit(s.handler, id, "log_contact", "with", "worker", "purpose", "inquiry", "how", "phone", "reached", "1", "gist", "了解欠薪情况")
}

// twelve enters twelve claimants, as many at a time as the form takes, and writes
// to the employer.
func (s *staffed) twelve(id uuid.UUID) {
	s.t.Helper()
	for first := 1; first <= 12; first += claimantRows {
		var pairs []string
		for i := range min(claimantRows, 13-first) {
			no := first + i
			row := fmt.Sprintf("claimants.%d.", i)
			pairs = append(pairs, row+"name", "工人"+strconv.Itoa(no), row+"phone", fmt.Sprintf("139%08d", no), row+"owed_fen", "5,000",
				row+"from", "2026-07-01", row+"to", "2026-09-30")
		}
		s.submit(s.handler, id, "add_claimants", pairs...)
	}
	s.submit(s.handler, id, "elect_representatives", "claimant_nos", "1", "claimant_nos", "2", "claimant_nos", "3")
	s.submit(s.handler, id, "issue_document", "kind", "opinion", "no", "意见书1号", "to", "宏达建筑")
	s.submit(s.handler, id, "log_negotiation", "held_on", "2026-11-23", "attendees", "双方代表", "gist", "分两笔支付")
}

// verified has two people agree on what each is owed.
func (s *staffed) verified(id uuid.UUID) {
	s.t.Helper()
	pairs := []string{"method", "payroll", "evidence.0.kind", "payroll", "evidence.0.note", "7至9月工资表"}
	var nos []string
	for no := range 12 {
		pairs = append(pairs, fmt.Sprintf("lines.%d.verified_fen", no+1), "5000")
		nos = append(nos, "claimant_nos", strconv.Itoa(no+1))
	}
	s.submit(s.handler, id, "verify_claims", pairs...)
	s.submit(s.partner, id, "confirm_verification", nos...)
}

// paid records payment in full, and says so, for claimants from one to another.
func (s *staffed) paid(id uuid.UUID, from, to int) {
	s.t.Helper()
	pairs := []string{"paid_on", "2026-11-23", "payer_role", "employer", "method", "bank", "evidence.0.kind", "bank_record"}
	outcome := []string{"outcome", "paid"}
	for no := from; no <= to; no++ {
		pairs = append(pairs, fmt.Sprintf("lines.%d.paid_fen", no), "5000")
		outcome = append(outcome, "claimant_nos", strconv.Itoa(no))
	}
	s.submit(s.handler, id, "record_payment", pairs...)
	s.submit(s.handler, id, "set_outcome", outcome...)
}

// called asks everybody of the sample what came.
func (s *staffed) called(id uuid.UUID) {
	s.t.Helper()
	sample := s.state(id).Proposal.Sample
	if len(sample) != 10 {
		s.t.Fatalf("%d of 12 are called back, want 10", len(sample))
	}
	form := s.open(s.caller, id, "callback")
	for _, no := range sample {
		phone := fmt.Sprintf("139%08d", no)
		for _, want := range []string{fmt.Sprintf("%d号 工*", no), text.MaskPhone(phone), "5,000"} {
			if !strings.Contains(form.Body, want) {
				s.t.Errorf("the form for calling back does not show %q", want)
			}
		}
		if no == sample[0] { // whoever calls has the number shown
			ask := s.caller.Get(fmt.Sprintf("%s/reveal?no=%d&field=phone&back=callback", caseAddress(id), no))
			shown := s.caller.Submit(ask, "reveal", caseAddress(id)+"/reveal", "fields", "phone", "reason", "callback", "no", strconv.Itoa(no), "back", "callback")
			if shown.Path != caseAddress(id)+"/do/callback" || !strings.Contains(shown.Body, phone) {
				s.t.Errorf("the number to call is not shown at %s (%d)", shown.Path, shown.Status)
			}
		}
		if strings.Contains(form.Body, phone) {
			s.t.Errorf("the form for calling back shows %s unasked", phone)
		}
		s.submit(s.caller, id, "callback", "claimant_no", strconv.Itoa(no), "reached", "1", "confirmed_fen", "5000", "satisfied", "5")
	}
}

// complete reads the file of a case: every event is in it.
func (s *staffed) complete(id uuid.UUID) {
	s.t.Helper()
	s.caughtUp()
	events, err := s.work.Since(s.t.Context(), id, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	file := s.handler.Get(caseAddress(id) + "/file")
	if got := strings.Count(file.Body, `<p class="sentence">`); got != len(events) || file.Status != 200 {
		s.t.Errorf("the file tells %d of %d events, status %d", got, len(events), file.Status)
	}
	for _, rec := range events {
		if !strings.Contains(file.Body, fmt.Sprintf(`<td class="n">%d</td><td><code>%s</code></td>`, rec.Version, rec.Type)) {
			s.t.Errorf("the list of the file lacks event %d, %s", rec.Version, rec.Type)
		}
	}
	masked := s.leader.Get(caseAddress(id) + "/file")
	if strings.Contains(masked.Body, "工人1<") || strings.Contains(masked.Body, "赵铁柱") || strings.Contains(masked.Body, "13800001234") {
		s.t.Error("the leader reads names or numbers in the file")
	}
}
