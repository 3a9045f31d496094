package casework_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/eventstore"
)

var now = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

func setup(t *testing.T) (*casework.Service, *eventstore.Engine) {
	t.Helper()
	engine := newEngine()
	return casework.New(engine, casework.Options{Now: clock, Prefix: "晋工诉"}), engine
}

func request(role domain.Role) casework.Request {
	return casework.Request{CommandID: uuid.New(), Actor: domain.Actor{ID: "u-" + string(role), Org: "jc", Role: role}, Channel: "web"}
}

func intake() casework.Intake {
	return casework.Intake{
		Request:  request(domain.RoleOperator),
		Reporter: &person.Register{Identity: person.Identity{Name: "张三"}, Contact: person.Contact{Phone: "13800001234"}},
		Employer: &enterprise.Register{Name: "晋城市宏达建筑有限公司", County: "jc-zz"},
		Register: complaint.Register{
			Category: complaint.CategoryWageArrears, Channel: "hotline", Area: "jc-zz", Summary: "拖欠三个月工资",
			Employer: complaint.Employer{Text: "宏达建筑"}, Claim: complaint.Claim{Persons: 3, OwedFen: domain.Yuan(30000)},
			Consent: complaint.Consent{Basis: "legal_duty"},
		},
	}
}

func count(t *testing.T, e *eventstore.Engine) map[string]int {
	t.Helper()
	n := map[string]int{}
	for rec, err := range eventstore.After(t.Context(), e.Store(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		n[rec.Type]++
	}
	return n
}

func TestRegisterIsOneAppend(t *testing.T) {
	t.Parallel()
	s, engine := setup(t)
	in := intake()
	out, err := s.Register(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if out.No != "晋工诉〔2026〕1号" || out.ID != in.CommandID || out.Existed {
		t.Errorf("registered %+v", out)
	}
	n := count(t, engine)
	for _, typ := range []string{"series.number_taken", "person.registered", "enterprise.registered", "complaint.registered"} {
		if n[typ] != 1 {
			t.Errorf("%s stored %d times", typ, n[typ])
		}
	}
	state, _, head, err := s.Case(t.Context(), out.ID)
	if err != nil || state.Phase != complaint.PhaseRegistered || head != out.Head {
		t.Errorf("state %v at %+v, %v; want registered at %+v", state.Phase, head, err, out.Head)
	}
}

func TestTheSameFormTwice(t *testing.T) {
	t.Parallel()
	s, engine := setup(t)
	in := intake()
	first, err := s.Register(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	before := count(t, engine)
	second, err := s.Register(t.Context(), in)
	if err != nil || second.No != first.No || second.ID != first.ID || second.Head != first.Head || !second.Existed {
		t.Errorf("second answer %+v, %v; want that of the first %+v", second, err, first)
	}
	if after := count(t, engine); after["complaint.registered"] != before["complaint.registered"] || after["series.number_taken"] != 1 {
		t.Errorf("stored again: %v", after)
	}
}

func TestRejectedIntakeTakesNoNumber(t *testing.T) {
	t.Parallel()
	s, engine := setup(t)
	bad, good := intake(), intake()
	bad.Register.Category = "nonsense"
	outs, err := s.RegisterMany(t.Context(), []casework.Intake{bad, good})
	if err != nil {
		t.Fatal(err)
	}
	var no *domain.Rejection
	if !errors.As(outs[0].Err, &no) || outs[1].Err != nil || outs[1].No != "晋工诉〔2026〕1号" {
		t.Errorf("outcomes %+v", outs)
	}
	if n := count(t, engine); n["series.number_taken"] != 1 || n["person.registered"] != 1 {
		t.Errorf("stored %v", n)
	}
}

func TestExternalNumberIsRegisteredOnce(t *testing.T) {
	t.Parallel()
	s, engine := setup(t)
	in := intake()
	in.Register.Channel, in.Register.External = "t12345", &complaint.External{System: "t12345", No: "A-1"}
	if _, err := s.Register(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	again := in
	again.CommandID = uuid.New()
	out, err := s.Register(t.Context(), again)
	var no *domain.Rejection
	if !errors.As(err, &no) {
		t.Errorf("another form for the same order: %+v, %v; want a rejection", out, err)
	}
	if n := count(t, engine); n["complaint.registered"] != 1 {
		t.Errorf("stored %v", n)
	}
}

func TestNumbersAreGapFreeUnderConcurrency(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	const callers, each = 8, 5
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[string]bool{}
	for range callers {
		wg.Go(func() {
			for range each {
				out, err := s.Register(context.Background(), intake())
				mu.Lock()
				if err != nil || seen[out.No] {
					t.Errorf("%s given twice, or %v", out.No, err)
				}
				seen[out.No] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != callers*each || !seen["晋工诉〔2026〕40号"] {
		t.Errorf("%d numbers: %v", len(seen), seen)
	}
}

func TestMergeMovesClaimants(t *testing.T) {
	t.Parallel()
	s, engine := setup(t)
	from, into := intake(), intake()
	who := uuid.New()
	from.Register.Claimants = []complaint.NewClaimant{{PersonID: who, Items: []complaint.ClaimItem{{Kind: "wage", OwedFen: 100}}}}
	a, err := s.Register(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Register(t.Context(), into)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Do(t.Context(), a.ID, &complaint.Merge{IntoID: b.ID, Reason: "同一事项"}, request(domain.RoleDispatcher)); err != nil {
		t.Fatal(err)
	}
	target, _, _, err := s.Case(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if active := target.Active(); len(active) != 1 || active[0].PersonID != who {
		t.Errorf("claimants of the target: %+v", active)
	}
	if source, _, _, _ := s.Case(t.Context(), a.ID); source.Phase != complaint.PhaseMerged {
		t.Errorf("the source is %s", source.Phase)
	}
	if n := count(t, engine); n["complaint.merged"] != 1 {
		t.Errorf("stored %v", n)
	}
	if _, err := s.Do(t.Context(), b.ID, &complaint.Merge{IntoID: uuid.New(), Reason: "x"}, request(domain.RoleDispatcher)); err == nil {
		t.Error("merged into a case that does not exist")
	}
}

func TestPublishedCalendarIsInForce(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	rules, err := s.Rules(t.Context())
	if err != nil || rules.Calendar.Known(2027) {
		t.Fatalf("2027 known before it was published, or %v", err)
	}
	n := calendar.Notice2026()
	n.Year, n.Source = 2027, "invented"
	day := func(m time.Month, d int) domain.Date { return domain.NewDate(2027, m, d) }
	n.Work = nil
	n.Off = []calendar.Span{
		{From: day(1, 1), To: day(1, 3), Name: "元旦"}, {From: day(5, 1), To: day(5, 5), Name: "劳动节"}, {From: day(10, 1), To: day(10, 7), Name: "国庆节"},
	}
	n.Statutory = []domain.Date{day(1, 1), day(5, 1), day(5, 2), day(10, 1), day(10, 2), day(10, 3)}
	if _, err := s.PublishCalendar(t.Context(), n, request(domain.RoleSystemAdmin)); err != nil {
		t.Fatal(err)
	}
	if rules, err = s.Rules(t.Context()); err != nil || !rules.Calendar.Known(2027) {
		t.Errorf("2027 is not in force: %v", err)
	}
}

func TestNULNeverReachesTheLog(t *testing.T) {
	t.Parallel()
	s, engine := setup(t)
	in := intake()
	in.Register.Summary = "拖欠\x00工资"
	_, err := s.Register(t.Context(), in)
	var no *domain.Rejection
	if !errors.As(err, &no) || no.Code != "bad_text" {
		t.Errorf("got %v, want the rejection bad_text", err)
	}
	if n := count(t, engine); len(n) != 0 {
		t.Errorf("stored %v", n)
	}
}
