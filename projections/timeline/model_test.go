package timeline_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/eventstore"
	"hearth/projections/projtest"
	"hearth/projections/text"
	"hearth/projections/timeline"
)

var update = flag.Bool("update", false, "write the golden file anew")

var (
	caseID   = uuid.MustParse("01920000-0000-7000-8000-000000000001")
	worker   = uuid.MustParse("01920000-0000-7000-8000-000000000002")
	employer = uuid.MustParse("01920000-0000-7000-8000-000000000003")
	referral = uuid.MustParse("01920000-0000-7000-8000-000000000004")
	start    = time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
)

// worked is the life of a small case, with what other streams hold of it.
func worked(t testing.TB) *projtest.Log {
	log := projtest.NewLog(t, eventstore.NewRegistry(families()))
	at := start
	add := func(family, id, user string, role domain.Role, events ...domain.Event) {
		at = at.Add(40 * time.Minute)
		by := domain.By{Actor: domain.Actor{ID: user, Org: "jc-zz", Role: role}, At: at}
		if user == "u5" {
			by.Happened, by.LateReason = at.Add(-30*time.Hour), "现场没有网络"
		}
		meta := eventstore.Meta{By: by, Channel: "web", CorrelationID: caseID.String()}
		log.AddMeta(eventstore.StreamID{Family: family, Case: id}, meta, events...)
	}
	kase := func(user string, role domain.Role, events ...domain.Event) {
		add(complaint.Family, caseID.String(), user, role, events...)
	}
	on := domain.NewDate(2026, 11, 30)
	wd, _ := calendar.ParseLength("15wd")
	notice := calendar.Notice2026()
	add(calendar.Family, calendar.Case, "u1", domain.RoleSystemAdmin, calendar.Published{Notice: notice})
	add(enterprise.Family, employer.String(), "u2", domain.RoleOperator,
		enterprise.Registered{Name: "晋城市宏达建筑有限公司", County: "jc-zz", Industry: "建筑业", Ownership: "private", Headcount: 80},
		enterprise.CodeEntered{USCC: "914403001922038216"})
	add(person.Family, worker.String(), "u2", domain.RoleOperator,
		person.Registered{Kind: "migrant", Identity: person.Identity{Name: "张三"}, Contact: person.Contact{Phone: "13800001234"}},
		person.ConsentGiven{Purpose: "移送", TextVersion: "1", How: "spoken"})
	add(series.Family, "complaint-2026", "u2", domain.RoleOperator, series.NumberTaken{Series: "complaint-2026", N: 12, For: caseID.String()})
	kase("u2", domain.RoleOperator, complaint.Registered{
		No: "晋工诉〔2026〕12号", Category: "wage_arrears", Channel: "hotline", Area: "jc-zz", Reporter: complaint.Reporter{PersonID: worker},
		Employer: complaint.Employer{EnterpriseID: employer, Text: "宏达建筑"}, Summary: "张三说老板拖欠三个月工资",
		Claim: complaint.Claim{Persons: 12, OwedFen: domain.Yuan(120000)},
	}, complaint.ClockStarted{Started: calendar.Started{
		Clock: "accept", At: start, Length: wd, Basis: "测试规则",
		Reckoning: calendar.Reckoning{DueAt: start.AddDate(0, 0, 21)},
	}}, complaint.RiskRaised{Level: complaint.RiskOrange, Triggers: []complaint.Flag{complaint.FlagTenOrMore}})
	kase("u3", domain.RoleDispatcher,
		complaint.Accepted{HandlingOrg: "jc-zz", TimeClass: "general", Category: "wage_arrears", Basis: "监察条例第11条"},
		complaint.ClockMet{Met: calendar.Met{Clock: "accept", At: start}},
		complaint.DispatchIssued{ToOrg: "jc-zz", TimeClass: "general"})
	kase("u4", domain.RoleOrgHead, complaint.DispatchSigned{By: "u4"}, complaint.HandlerAssigned{Handler: "u5", CoHandler: "u6", SiteWork: true})
	kase("u5", domain.RoleHandler, complaint.ContactAttempted{
		ContactNo: 1, With: "employer", Purpose: "inquiry", How: "visit", Reached: true,
		Gist: "老板李四承认欠薪", By: "u5",
	}, complaint.ClaimantAdded{
		ClaimantNo: 1, PersonID: worker, Items: []complaint.ClaimItem{{Kind: "wage", OwedFen: domain.Yuan(10000)}},
		Evidence: []complaint.Evidence{{Kind: "payroll", Note: "张三手写"}},
	})
	kase("u5", domain.RoleHandler,
		complaint.VerificationProposed{ClaimantNo: 1, ProposedFen: domain.Yuan(9800), Method: "payroll", Verifier1: "u5"},
		complaint.NoteAdded{Visibility: "internal", Text: "张三的电话换了"})
	kase("u6", domain.RoleReviewer, complaint.ClaimVerified{ClaimantNo: 1, VerifiedFen: domain.Yuan(9800), Method: "payroll", Verifier1: "u5", Verifier2: "u6"})
	kase("u5", domain.RoleHandler,
		complaint.ReferralSent{ReferralID: referral, Agency: "labour_inspection", DataSent: []string{"姓名", "电话"}, Basis: "本人同意"},
		complaint.ReferralReceipted{ReferralID: referral, Accepted: true, TheirNo: "人社监2026-9"},
		complaint.PaymentRecorded{PaymentNo: 1, ClaimantNo: 1, PaidFen: domain.Yuan(9800), PaidOn: on, PayerRole: "employer", Method: "bank", ClaimantConfirmed: true})
	confirmed := domain.Yuan(9800)
	kase("u7", domain.RoleOperator, complaint.CallbackDone{ClaimantNo: 1, Reached: true, ConfirmedFen: &confirmed, Satisfied: 5, By: "u7", CalledOn: on, Note: "张三很满意"})
	totals := complaint.Totals{Persons: 1, PersonsPaid: 1, ClaimedFen: domain.Yuan(10000), VerifiedFen: domain.Yuan(9800), PaidFen: domain.Yuan(9800)}
	kase("u5", domain.RoleHandler,
		complaint.ClaimOutcomeSet{ClaimantNo: 1, Outcome: "paid"},
		complaint.ClosureProposed{Nth: 1, Conclusion: "1", Narrative: "张三已收到全部工资", Totals: totals, Sample: []int{1}, By: "u5"})
	kase("u8", domain.RoleReviewer, complaint.ClosureApproved{By: "u8"}, complaint.Closed{Conclusion: "1", Totals: totals})
	kase("system", domain.RoleSystem, complaint.Archived{Retention: "30y"})
	add(enterprise.Family, employer.String(), "u8", domain.RoleReviewer,
		enterprise.CreditSignal{Kind: "arrears_confirmed", SourceEvent: referral, SourceCase: "complaint/" + caseID.String()})
	return log
}

func TestWorkedCase(t *testing.T) {
	t.Parallel()
	log := worked(t)
	pool := projtest.Run(t, timeline.New(log.Vault()), log.Events())
	q := timeline.NewQueries(pool, log.Vault())
	id := eventstore.StreamID{Family: complaint.Family, Case: caseID.String()}
	entries, err := q.Case(t.Context(), id, 0, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	linked, err := q.Linked(t.Context(), caseID.String(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries)+len(linked) != len(log.Events()) {
		t.Errorf("%d entries and %d linked of %d events", len(entries), len(linked), len(log.Events()))
	}
	var b strings.Builder
	for _, e := range append(entries, linked...) {
		late := ""
		if e.Late() {
			late = " 补录:" + e.LateReason
		}
		fmt.Fprintf(&b, "%s/%d %s [%s] %s %s%s\n", e.Family, e.Version, e.OccurredAt.In(domain.Shanghai).Format("01-02 15:04"),
			e.Track.Label(), e.Actor, timeline.Expand(e.Sentence, names{}), late)
		if e.Detail != "" {
			fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(e.Detail, "\n", "\n    "))
		}
		for _, secret := range []string{"张三", "李四", "13800001234"} {
			if strings.Contains(e.Sentence, secret) {
				t.Errorf("a name or a phone in %q", e.Sentence)
			}
		}
	}
	golden(t, "testdata/case.txt", b.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("no golden file, run the test with -update: %v", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("sentences changed (-want +got):\n%s", diff)
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	log := worked(t)
	pool := projtest.Run(t, timeline.New(log.Vault()), log.Events())
	q := timeline.NewQueries(pool, log.Vault())
	ctx := t.Context()
	id := eventstore.StreamID{Family: complaint.Family, Case: caseID.String()}

	tallies, err := q.Tallies(ctx, id)
	want := []timeline.Tally{
		{timeline.Intake, 2},
		{timeline.Dispatch, 3},
		{timeline.Contact, 3},
		{timeline.Claims, 4},
		{timeline.Money, 1},
		{timeline.Document, 2},
		{timeline.Clock, 2},
		{timeline.Risk, 1},
		{timeline.Closure, 4},
	}
	if diff := cmp.Diff(want, tallies); err != nil || diff != "" {
		t.Errorf("tallies: %v\n%s", err, diff)
	}
	for _, tally := range tallies {
		entries, err := q.Case(ctx, id, 0, tally.Track, 100)
		if err != nil || len(entries) != tally.N {
			t.Errorf("track %s: %d entries, %v; want %d", tally.Track, len(entries), err, tally.N)
		}
	}
	head, err := q.Head(ctx, id)
	if all, _ := q.Case(ctx, id, 0, "", 100); err != nil || head.Version != uint64(len(all)) || head.Position != all[len(all)-1].Position {
		t.Errorf("head %+v, %v", head, err)
	}
	if head, err := q.Head(ctx, eventstore.StreamID{Family: "complaint", Case: "none"}); err != nil || head != (eventstore.Head{}) {
		t.Errorf("head of nothing: %+v, %v", head, err)
	}
	page, err := q.Case(ctx, id, int64(head.Version)-3, "", 2)
	if err != nil || len(page) != 2 || page[0].Version != int64(head.Version)-2 {
		t.Errorf("a page from the middle: %+v, %v", page, err)
	}
	linked, err := q.Linked(ctx, caseID.String(), 0, 100)
	if err != nil || len(linked) != 7 || linked[0].Family != calendar.Family {
		t.Errorf("linked: %d, %v", len(linked), err)
	}
	testOfficial(t, q)
	mentioned := timeline.Mentioned(append(page, linked...))
	if diff := cmp.Diff(timeline.Mentions{Users: []string{"u1", "u2", "u8"}}, mentioned); diff != "" {
		t.Errorf("mentioned: %s", diff)
	}
	all, _ := q.Case(ctx, id, 0, "", 100)
	if m := timeline.Mentioned(all); len(m.Persons) != 1 || m.Persons[0] != worker.String() {
		t.Errorf("mentioned persons: %v", m.Persons)
	}
}

func testOfficial(t *testing.T, q timeline.Queries) {
	t.Helper()
	did, err := q.Official(t.Context(), "u5", start, start.AddDate(0, 0, 1), 0, 4)
	if err != nil || len(did) != 4 || did[0].Type != "complaint.closure_proposed" {
		t.Fatalf("what u5 did: %+v, %v", did, err)
	}
	rest, err := q.Official(t.Context(), "u5", start, start.AddDate(0, 0, 1), did[1].Position, 100)
	if err != nil || len(rest) != 7 {
		t.Errorf("%d before, %v; want 7", len(rest), err)
	}
	none, err := q.Official(t.Context(), "u5", start.AddDate(0, 0, -1), start, 0, 100)
	if err != nil || len(none) != 0 {
		t.Errorf("before the case: %d, %v", len(none), err)
	}
}

func TestShreddedDetails(t *testing.T) {
	t.Parallel()
	log := worked(t)
	live, rebuilt := projtest.Shredded(t, timeline.New(log.Vault()), log, []string{caseID.String()}, func() {
		log.Add(eventstore.StreamID{Family: person.Family, Case: caseID.String()}, domain.By{Actor: domain.Actor{ID: "u8"}, At: start}, person.KeyShredded{})
	})
	for name, pool := range map[string]*pgxpool.Pool{"live": live, "rebuilt": rebuilt} {
		q := timeline.NewQueries(pool, log.Vault())
		entries, err := q.Case(t.Context(), eventstore.StreamID{Family: complaint.Family, Case: caseID.String()}, 0, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		gone := 0
		for _, e := range entries {
			switch e.Detail {
			case text.Shredded:
				gone++
			case "":
			default:
				t.Errorf("%s: %s still says %q", name, e.Type, e.Detail)
			}
		}
		if gone < 5 {
			t.Errorf("%s: %d details are marked as shredded", name, gone)
		}
	}
}
