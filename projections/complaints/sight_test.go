package complaints

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hearth/adapters/policy"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
	"hearth/eventstore"
	"hearth/eventstore/vault"
	"hearth/projections/projtest"
)

// world is cases and units drawn at random.
type world struct {
	*rand.Rand
	units []string
	users []string
	tree  orgunit.Tree
	cases map[uuid.UUID]complaint.State
	log   *projtest.Log
}

func pick[T any](w *world, of []T) T { return of[w.IntN(len(of))] }

// grow founds, moves and dissolves units below the counties.
func (w *world) grow() {
	w.tree = orgunit.Founding()
	for _, u := range orgunit.Jincheng() {
		w.units = append(w.units, u.Code)
	}
	apply := func(cmd orgunit.Command) {
		cmd.Stamp(domain.By{Actor: clerk, At: monday})
		events, err := orgunit.Decider.Decide(w.tree, cmd)
		if err != nil {
			return // a circle, a unit with others below it: the tree stays
		}
		w.tree = orgunit.Decider.Fold(w.tree, events...)
	}
	for n := range 25 {
		code := fmt.Sprintf("u-%d", n)
		apply(&orgunit.Found{Code: code, Name: code, Short: code, Parent: pick(w, w.units), Kind: orgunit.KindTown})
		w.units = append(w.units, code)
	}
	for n := range 12 {
		on := date("2026-02-01").AddDays(n * 5) // some behind the present day
		apply(&orgunit.Move{Code: pick(w, w.units), To: pick(w, w.units), FromDate: on, Basis: "x"})
		apply(&orgunit.Dissolve{Code: pick(w, w.units), FromDate: on, Basis: "x"})
	}
	w.units = append(w.units, "nowhere", "")
}

// open makes a case of random events, in the log and as the state.
func (w *world) open(n int) {
	id := name(fmt.Sprint("case ", n))
	events := []complaint.Event{complaint.Registered{
		No: fmt.Sprint(n), Area: pick(w, w.units), FirstReceiver: pick(w, w.users), Category: complaint.CategoryWageArrears,
		RegisteredAt: monday, ReceivedAt: monday,
	}}
	for range w.IntN(6) {
		events = append(events, pick(w, []complaint.Event{
			complaint.Accepted{HandlingOrg: pick(w, w.units)},
			complaint.DispatchIssued{ToOrg: pick(w, w.units)},
			complaint.DispatchReturned{},
			complaint.DispatchRuled{FinalOrg: pick(w, w.units)},
			complaint.HandlerAssigned{Handler: pick(w, w.users), CoHandler: pick(w, w.users)},
			complaint.HandlerRecused{User: pick(w, w.users), ReplacedBy: pick(w, w.users)},
			complaint.AccessRestricted{AccusedOrg: pick(w, w.units), AllowedRoles: w.roles()},
		}))
	}
	state := complaint.State{}
	stored := make([]domain.Event, len(events))
	for i, ev := range events {
		state, stored[i] = complaint.Evolve(state, ev), ev
	}
	w.cases[id] = state
	w.log.Add(eventstore.StreamID{Family: complaint.Family, Case: id.String()}, domain.By{Actor: operator, At: monday}, stored...)
}

func (w *world) roles() []domain.Role {
	if w.IntN(2) == 0 {
		return complaint.UsualRestriction()
	}
	all := domain.Roles().All()
	w.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:w.IntN(len(all))]
}

// TestListsShowWhatThePoliciesPermit: for random units, cases and viewers, the
// cases in the list are those that the policies let the viewer see, asked one by
// one; the counts and the single case agree.
func TestListsShowWhatThePoliciesPermit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		w := &world{
			Rand: rand.New(rand.NewPCG(2026, seed)), users: []string{"", "a", "b", "c", "d"},
			cases: map[uuid.UUID]complaint.State{}, log: projtest.NewLog(t, eventstore.NewRegistry(complaint.Specs())),
		}
		w.grow()
		for n := range 200 {
			w.open(n)
		}
		keys := vault.NewMemory()
		q := Queries{DB: projtest.Run(t, New(keys), w.log.Events()), Vault: keys}
		ids := slices.SortedFunc(maps.Keys(w.cases), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
		seen, asked := 0, 0
		for _, role := range append(domain.Roles().All(), "nobody") {
			for range 5 {
				who := domain.Actor{ID: pick(w, w.users[1:]), Org: pick(w, w.units), Role: role}
				day := domain.DateOf(monday)
				v := ViewerOf(who, policies.Sight(who, w.tree, day))
				want := map[uuid.UUID]bool{}
				for _, id := range ids {
					asked++
					if policies.May(policy.Request{Actor: who, Action: policy.See, On: policy.OnComplaint(id, w.cases[id]), Units: w.tree, Date: day}) {
						want[id] = true
						seen++
					}
				}
				got := map[uuid.UUID]bool{}
				page := must[Page[Row]](t)(q.List(t.Context(), v, Filter{Limit: 500}, ""))
				for _, r := range page.Rows {
					got[r.ID] = true
				}
				if diff := cmp.Diff(want, got); diff != "" || page.Total != len(want) {
					t.Fatalf("seed %d, %+v with %+v: listed, %d counted (-permitted +listed)\n%s", seed, who, v.Sight, page.Total, diff)
				}
				one := pick(w, ids)
				if _, err := q.Get(t.Context(), v, one); (err == nil) != want[one] {
					t.Fatalf("seed %d, %+v gets %s: %v, permitted %v", seed, who, one, err, want[one])
				}
			}
		}
		if seen < asked/10 || seen > asked*9/10 {
			t.Errorf("seed %d: %d of %d are permitted, which tells little", seed, seen, asked)
		}
		t.Logf("seed %d: %d cases permitted of %d asked, %d units", seed, seen, asked, len(w.units))
	}
}
