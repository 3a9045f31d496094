package complaints

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/adapters/localpg/pgtest"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/eventstore"
	"hearth/eventstore/vault"
	"hearth/projections"
	"hearth/projections/projtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// serve is the model with everything that the office did, and its queries.
func (o *office) serve() Queries {
	o.t.Helper()
	pool, m := pgtest.Pool(o.t), New(o.log.Vault())
	tx := func(f func(tx pgx.Tx) error) {
		o.t.Helper()
		if err := pgx.BeginFunc(o.t.Context(), pool, f); err != nil {
			o.t.Fatal(err)
		}
	}
	tx(func(tx pgx.Tx) error { return projections.MakeTables(o.t.Context(), tx, m, projections.Schema(m)) })
	projtest.Apply(o.t, pool, m, o.log.Events())
	tx(func(tx pgx.Tx) error { return projections.MakeIndexes(o.t.Context(), tx, m, projections.Schema(m)) })
	return Queries{pool, o.log.Vault()}
}

// must takes the value of a query that cannot fail.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.careers(15)
	projtest.Run(t, New(o.log.Vault()), o.log.Events())
}

// worked is a collective case with some of everything.
func worked(o *office) *file {
	f := o.open(func(c *complaint.Register) {
		c.Claim.Persons, c.Claim.OwedFen, c.Flags = 12, domain.Yuan(60_000), []complaint.Flag{complaint.FlagAbsconded}
		c.External = &complaint.External{System: "t12345", No: "JC-1"}
		c.PromiseAt = o.now.Add(4 * time.Hour)
		c.Hints = []complaint.Hint{{OtherID: name("other"), OtherNo: "投诉〔2025〕9号", ScorePercent: 80, Keys: []complaint.DuplicateKey{complaint.KeyReporter}}}
	})
	f.do(shift, &complaint.NotifyLeader{To: "vice", How: complaint.ByPhone}, &complaint.DismissDuplicate{OtherNo: "投诉〔2025〕9号", Reason: "另一工地"})
	f.assign().contact().claim(12, domain.Yuan(5000))
	f.do(handler,
		&complaint.ElectRepresentatives{ClaimantNos: []int{1, 2, 3}},
		&complaint.RemoveClaimant{ClaimantNo: 12, Reason: "登记有误"},
		&complaint.NameLiableParty{EnterpriseID: name("contractor"), Role: complaint.RoleContractor},
		&complaint.IssueDocument{DocumentID: name("opinion"), Kind: complaint.DocOpinion, No: "意见书1号", To: "宏达"},
		&complaint.LogNegotiation{HeldOn: date("2026-03-02"), Attendees: "双方", Gist: "分两笔"},
		&complaint.DisputeClaim{ClaimantNo: 4, ByRole: complaint.RoleEmployer, Position: "只认四千", AdmittedFen: domain.Yuan(4000)},
	)
	f.pass(3 * day)
	f.do(handler, &complaint.PauseClock{Clock: complaint.ClockHandle, Reason: complaint.PauseAppraisal})
	f.pass(4 * day)
	f.do(handler, &complaint.ResumeClock{Clock: complaint.ClockHandle})
	f.verify(domain.Yuan(5000)).pay(1, domain.Yuan(2000))
	f.do(reviewer, &complaint.ReversePayment{PaymentNo: 1, Reason: "退汇"})
	f.payAll()
	f.pass(40 * day)
	f.do(clerk, &complaint.Tick{})
	f.do(handler, &complaint.AnswerDocument{DocumentID: name("opinion"), Answer: complaint.AnswerAdequate})
	f.propose(complaint.ConcludePaid)
	f.call(f.s.Proposal.Sample[0], 0, false)
	return f.approve(5).archive()
}

func TestWorkedCase(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	f := worked(o)
	q := Queries{projtest.Run(t, New(o.log.Vault()), o.log.Events()), o.log.Vault()}
	got := map[string]any{
		"row":       must[Row](t)(q.Get(t.Context(), everything, f.id)),
		"ledger":    must[[]Claimant](t)(q.Ledger(t.Context(), everything, f.id)),
		"clocks":    must[[]Clock](t)(q.Clocks(t.Context(), everything, f.id)),
		"payments":  must[[]Payment](t)(q.Payments(t.Context(), everything, f.id)),
		"parties":   must[[]Party](t)(q.Parties(t.Context(), everything, f.id)),
		"callbacks": must[[]Callback](t)(q.Callbacks(t.Context(), everything, f.id)),
		"promises":  must[[]Promise](t)(q.Promises(t.Context(), everything, f.id)),
	}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	const golden = "testdata/worked.json"
	if *update {
		if err := os.WriteFile(golden, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("the rows of a worked case changed (-want +got); look at them, then -update:\n%s", diff)
	}
}

// inMemory applies events without a database.
func inMemory(t *testing.T, events []eventstore.Recorded) *batch {
	t.Helper()
	b, err := New(vault.NewMemory()).load(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		b.apply(&events[i], events[i].Event.(complaint.Event))
	}
	return b
}

func TestRowsAgreeWithTheState(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	files := append(o.careers(60), worked(o))
	b := inMemory(t, nil)
	states := map[uuid.UUID]complaint.State{}
	for _, rec := range o.log.Events() {
		ev := rec.Event.(complaint.Event)
		b.apply(&rec, ev)
		id := uuid.MustParse(rec.Stream.Case)
		s := complaint.Evolve(states[id], ev)
		states[id] = s
		if diff := cmp.Diff(shouldBe(s), b.is(id)); diff != "" {
			t.Fatalf("%s after %s (-state +row):\n%s", s.No, ev.EventType(), diff)
		}
	}
	for _, f := range files {
		if diff := cmp.Diff(shouldBe(f.s), b.is(f.id)); diff != "" {
			t.Errorf("%s at the end (-state +row):\n%s", f.no, diff)
		}
	}
}

// facts are what rows and states both know.
type facts struct {
	Phase                                           complaint.Phase
	No, Org, Handler, CoHandler                     string
	Order                                           complaint.OrderStatus
	Class                                           complaint.TimeClass
	Persons, Returns, Reopens, Hints                int
	Collective, LeaderTold, Crime, Hidden, Awaiting bool
	Risk                                            complaint.RiskLevel
	Totals                                          complaint.Totals
	Mediation                                       complaint.TrackStatus
	Clocks                                          map[complaint.ClockKind]calendar.Status
	Answered, Blocking                              []int
}

func shouldBe(s complaint.State) facts {
	f := facts{
		Phase: s.Phase, No: s.No, Org: s.HandlingOrg, Handler: s.Handler, CoHandler: s.CoHandler, Order: s.Order.Status,
		Class: s.TimeClass, Persons: s.Persons(), Returns: s.Order.Returns, Reopens: s.Reopens, Hints: len(s.Hinted),
		Collective: s.Collective(rules()), LeaderTold: s.LeaderNotified, Crime: s.Crime == complaint.TrackOpen,
		Hidden: s.HiddenFrom(leader), Risk: s.Risk, Totals: s.Totals(), Mediation: s.Mediation,
		Clocks: map[complaint.ClockKind]calendar.Status{},
		Awaiting: slices.ContainsFunc(s.Documents, complaint.Document.Awaits) ||
			slices.ContainsFunc(s.Referrals, func(r complaint.Referral) bool { return !r.Receipted }),
	}
	if f.Totals.Persons == 0 {
		f.Totals.ClaimedFen = s.Claim.OwedFen
	}
	for k, c := range s.Clocks {
		f.Clocks[complaint.ClockKind(k)] = c.Status()
	}
	for _, c := range s.Claimants {
		if c.Callback.Answered {
			f.Answered = append(f.Answered, c.No)
		}
		if c.Callback.Blocks {
			f.Blocking = append(f.Blocking, c.No)
		}
	}
	return f
}

func (b *batch) is(id uuid.UUID) facts {
	r := b.rows[id]
	f := facts{
		Phase: r.Phase, No: r.No, Org: r.HandlingOrg, Handler: r.Handler, CoHandler: r.CoHandler, Order: r.Dispatch,
		Class: r.TimeClass, Persons: r.Persons, Returns: r.Returns, Reopens: r.Reopens, Hints: r.Hints,
		Collective: r.Collective, LeaderTold: r.LeaderTold, Crime: r.CrimeHint,
		Hidden: r.Restricted && !slices.Contains(r.AllowedRoles, leader.Role), Risk: r.Risk,
		Totals: complaint.Totals{
			Persons: r.Claimants, PersonsPaid: r.PersonsPaid, ClaimedFen: r.ClaimedFen, VerifiedFen: r.VerifiedFen, PaidFen: r.PaidFen,
		},
		Mediation: r.Tracks[complaint.TrackMediate], Clocks: map[complaint.ClockKind]calendar.Status{}, Awaiting: len(r.Awaited) > 0,
	}
	for _, c := range b.clocks.of(id) {
		f.Clocks[c.Kind] = c.Status
	}
	for _, c := range b.callbacks.of(id) {
		if c.Answered && c.ClaimantNo > 0 {
			f.Answered = append(f.Answered, c.ClaimantNo)
		}
		if c.Blocks && c.ClaimantNo > 0 {
			f.Blocking = append(f.Blocking, c.ClaimantNo)
		}
	}
	slices.Sort(f.Answered)
	slices.Sort(f.Blocking)
	return f
}

func TestEveryEventIsShownOrNamed(t *testing.T) {
	t.Parallel()
	for _, spec := range complaint.Specs() {
		t.Run(spec.Type, func(t *testing.T) {
			t.Parallel()
			crime := false
			zero, err := spec.Decode([]byte("{}"), spec.Version)
			if err != nil {
				t.Fatal(err)
			}
			filled := reflect.New(reflect.TypeOf(zero)).Elem()
			fill(filled)
			switch ev := filled.Addr().Interface().(type) {
			case *complaint.HandlerRecused:
				ev.ReplacedBy = "somebody else"
			case *complaint.CrimeHintAnswered:
				crime = true
			}
			before, after := ready(t, crime), ready(t, crime)
			rec := eventstore.Recorded{
				Stream: eventstore.StreamID{Family: "complaint", Case: name("ready").String()}, OccurredAt: monday.Add(day),
				Version: 99, Position: 99,
			}
			after.apply(&rec, filled.Interface().(complaint.Event))
			changed := !reflect.DeepEqual(before.dump(), after.dump())
			if named := slices.Contains(notShown, spec.Type); changed == named {
				t.Errorf("%s changes a row: %v; named as not shown: %v", spec.Type, changed, named)
			}
			if _, ours := filled.Interface().(complaint.Event); !ours {
				t.Errorf("%s is no event of a complaint", spec.Type)
			}
		})
	}
}

// ready is a case with a row in each table, so that every event finds what it
// changes.
func ready(t *testing.T, crime bool) *batch {
	t.Helper()
	b := inMemory(t, nil)
	id := name("ready")
	r := b.row(id)
	r.Phase, r.Risk, r.CrimeHint, r.ProceduresOpen, r.LeaderTold = complaint.PhaseAccepted, complaint.RiskBlue, crime, 2, false
	r.Handler, r.Tracks = "text", Tracks{}
	r.Awaited = []Awaited{{ID: filledID, Track: complaint.TrackDocuments}}
	b.claimants.change(lineKey{id, 1}).PaidFen = 5
	b.clocks.change(clockKey{id, "text"}).Kind = "text"
	b.promises.change(promiseKey{id, 1})
	b.callbacks.change(lineKey{id, 1}).Answered = true
	b.payments.change(paymentKey{id, 1})
	b.parties.change(partyKey{id, filledID, "text"})
	b.hints.change(hintKey{id, "text"})
	return b
}

// dump is everything in memory but what each event moves.
func (b *batch) dump() map[string]any {
	for _, r := range b.rows {
		r.Version, r.Position, r.LastEventAt = 0, 0, time.Time{}
	}
	return map[string]any{
		"rows": b.rows, "claimants": b.claimants.rows, "clocks": b.clocks.rows, "promises": b.promises.rows,
		"callbacks": b.callbacks.rows, "payments": b.payments.rows, "parties": b.parties.rows, "hints": b.hints.rows,
	}
}

var filledID = uuid.UUID{1}

// fill sets every field of an event to something that is not zero.
func fill(v reflect.Value) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = monday
		return
	case *domain.Date:
		*x = date("2026-03-02")
		return
	case *calendar.Length:
		*x = calendar.Length{N: 3, Unit: calendar.Workdays}
		return
	case *uuid.UUID:
		*x = filledID
		return
	case *complaint.Party:
		*x = complaint.PartyWorker
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	}
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(nil)
	q := o.serve()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.List(ctx, everything, Filter{}, ""); err == nil {
		t.Error("a list was read with an ended context")
	}
}
