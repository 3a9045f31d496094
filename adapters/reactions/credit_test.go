package reactions_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/reactions"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/storetest"
	"hearth/eventstore/vault"
)

// register is a bundle over the families that credit joins.
type register struct {
	*bundle
	work *casework.Service
}

func setupRegister(t *testing.T, opts ...memstore.Option) *register {
	t.Helper()
	b := setup(t)
	b.store = memstore.New(eventstore.NewRegistry(complaint.Specs(), enterprise.Specs()).Protected(vault.NewMemory()), opts...)
	work := casework.New(eventstore.NewEngine(b.store, 100), casework.Options{Now: func() time.Time { return storetest.Clock }})
	return &register{b, work}
}

func (g *register) runner() *reactions.Runner {
	return g.bundle.runner(reactions.Credit(g.work, g.store))
}

func (g *register) request() casework.Request {
	return casework.Request{CommandID: uuid.New(), Actor: domain.Actor{ID: "u1", Org: "jc", Role: domain.RoleOperator}}
}

func (g *register) enterprise() uuid.UUID {
	g.t.Helper()
	id, _, err := g.work.NewEnterprise(g.t.Context(), enterprise.Register{Name: "宏达建筑", County: "jc-zz"}, g.request())
	must(g.t, err)
	return id
}

// closed stores a complaint against an employer that was closed with arrears.
func (g *register) closed(employer uuid.UUID) (kase uuid.UUID, end eventstore.Position) {
	g.t.Helper()
	kase = uuid.New()
	meta := storetest.Meta()
	meta.CorrelationID = kase.String()
	change := eventstore.Change{Stream: casework.CaseStream(kase)}
	for i, ev := range []domain.Event{
		complaint.Registered{Employer: complaint.Employer{EnterpriseID: employer}},
		complaint.Closed{Conclusion: complaint.ConcludePaid, Totals: complaint.Totals{VerifiedFen: 100, PaidFen: 100}},
	} {
		change.Drafts = append(change.Drafts, eventstore.Draft{ID: eventstore.EventID(meta.CommandID, i), Event: ev, Meta: meta})
	}
	heads, err := g.store.Append(g.t.Context(), change)
	must(g.t, err)
	return kase, heads[0].Position
}

// signals are those on the file of an enterprise.
func (g *register) signals(id uuid.UUID) (all []eventstore.Recorded) {
	g.t.Helper()
	for rec, err := range g.store.Stream(g.t.Context(), casework.EnterpriseStream(id), eventstore.Head{}) {
		must(g.t, err)
		if _, ok := rec.Event.(enterprise.CreditSignal); ok {
			all = append(all, rec)
		}
	}
	return all
}

func TestCredit(t *testing.T) {
	t.Parallel()
	g := setupRegister(t)
	id := g.enterprise()
	kase, end := g.closed(id)
	start(t, g.runner())
	until(t, "the signal", func() bool { return len(g.signals(id)) == 1 })
	g.reaches("credit", end+1) // its own event is looked at, too
	rec := g.signals(id)[0]
	signal := rec.Event.(enterprise.CreditSignal)
	if signal.Kind != "arrears_confirmed" || signal.SourceCase != "complaint/"+kase.String() {
		t.Errorf("signal %+v", signal)
	}
	if rec.Meta.CorrelationID != kase.String() || rec.Meta.CausationID != signal.SourceEvent.String() ||
		rec.Meta.By.Actor != casework.Clerk || rec.Meta.Channel != "reaction" {
		t.Errorf("envelope %+v", rec.Meta)
	}
}

// TestCreditOnceInEffect: whatever happens between command and checkpoint, each
// closing gives one signal.
func TestCreditOnceInEffect(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]memstore.Fault{
		"None": memstore.None, "FailButPersist": memstore.FailButPersist, "FailAndNotPersist": memstore.FailAndNotPersist, "Conflict": memstore.Conflict,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hit := 0 // under the lock of the store
			g := setupRegister(t, memstore.WithFaults(func(_ int, changes []eventstore.Change) memstore.Fault {
				if _, ok := changes[0].Drafts[0].Event.(enterprise.CreditSignal); ok && hit < 2 {
					hit++
					return fault
				}
				return memstore.None
			}))
			id := g.enterprise()
			var end eventstore.Position
			const cases = 5
			for range cases {
				_, end = g.closed(id)
			}
			g.exec(`
create function hearth.refuse() returns trigger language plpgsql as $$ begin raise 'killed'; end $$;
create trigger refuse before update of position on hearth.reaction for each row execute function hearth.refuse();`)
			stop := start(t, g.runner())
			until(t, "the commands are stored twice", func() bool {
				return strings.Contains(g.log.String(), "reaction retries") && len(g.signals(id)) == cases
			})
			stop()
			g.exec("drop trigger refuse on hearth.reaction")
			// Another process, which remembers nothing.
			g.work = casework.New(eventstore.NewEngine(g.store, 100), casework.Options{Now: time.Now})
			start(t, g.runner())
			g.reaches("credit", end+cases)
			if n := len(g.signals(id)); n != cases {
				t.Errorf("%d signals for %d cases", n, cases)
			}
			if n := g.number("select count(*) from hearth.parked"); n != 0 {
				t.Errorf("%d parked:\n%s", n, g.log)
			}
		})
	}
}

// TestCreditFollowsMergers: the signal goes to the file that an old one was
// merged into, and not again when it was given before the merger.
func TestCreditFollowsMergers(t *testing.T) {
	t.Parallel()
	g := setupRegister(t)
	old, middle, present, missing := g.enterprise(), g.enterprise(), g.enterprise(), uuid.New()
	_, end := g.closed(old)
	stop := start(t, g.runner())
	g.reaches("credit", end+1)
	stop()
	for from, into := range map[uuid.UUID]uuid.UUID{old: middle, middle: present} {
		r := g.request()
		r.Actor.Role = domain.RoleDispatcher
		_, err := g.work.OnEnterprise(t.Context(), from, &enterprise.Merge{ID: from, IntoID: into, Reason: "重复建档"}, r)
		must(t, err)
	}
	_, _ = g.closed(old)
	_, end = g.closed(missing)
	g.exec("update hearth.reaction set position = 0") // everything comes again
	r := g.runner()
	start(t, r)
	g.reaches("credit", end+1)
	if a, b, c := len(g.signals(old)), len(g.signals(middle)), len(g.signals(present)); a != 1 || b != 0 || c != 1 {
		t.Errorf("%d signals on the old file, %d on the middle one, %d on the present one; want 1, 0, 1", a, b, c)
	}
	list, err := r.Parked(t.Context(), 10)
	must(t, err)
	if len(list) != 1 || !strings.HasPrefix(list[0].Error, "enterprise_missing") || list[0].Type != "complaint.closed" {
		t.Errorf("parked %+v, want the case against an enterprise that is not on file", list)
	}

	// The file is made, and the retry succeeds.
	_, err = g.work.OnEnterprise(t.Context(), missing, &enterprise.Register{Name: "补建档案", County: "jc-zz"}, g.request())
	must(t, err)
	must(t, r.Retry(context.WithoutCancel(t.Context()), "credit", list[0].EventID, "u1"))
	if n := len(g.signals(missing)); n != 1 {
		t.Errorf("%d signals after the retry", n)
	}
}
