package casework_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/policy"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/household"
	"hearth/domain/orgunit"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/vault"
)

// newEngine is in memory and knows the events of every family.
func newEngine() *eventstore.Engine { return eventstore.NewEngine(memstore.New(registry()), 100) }

func registry() *eventstore.Registry {
	return eventstore.NewRegistry(complaint.Specs(), person.Specs(), household.Specs(), enterprise.Specs(), series.Specs(), calendar.Specs(), orgunit.Specs()).Protected(vault.NewMemory())
}

func of(role domain.Role, org string) casework.Request {
	r := request(role)
	r.Actor.Org = org
	return r
}

func rejection(err error) string {
	if no, ok := errors.AsType[*domain.Rejection](err); ok {
		return no.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// answers is an authority that says the same to everybody.
type answers struct {
	*policy.Set
	err   error
	asked *int
}

func (a answers) Check(policy.Request) error {
	*a.asked++
	return a.err
}

// TestNoWayAroundThePolicies: every way to store something asks, and stores
// nothing when the answer is no.
func TestNoWayAroundThePolicies(t *testing.T) {
	t.Parallel()
	engine, asked := newEngine(), 0
	allow := casework.New(engine, casework.Options{Now: clock, Prefix: "晋工诉"})
	out, err := allow.Register(t.Context(), intake())
	if err != nil {
		t.Fatal(err)
	}
	other, err := allow.Register(t.Context(), intake())
	if err != nil {
		t.Fatal(err)
	}
	end, err := engine.Store().End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	never := answers{policy.InForce(), domain.Reject("not_permitted", "不能"), &asked}
	s := casework.New(engine, casework.Options{Now: clock, Prefix: "晋工诉", Authority: never})
	firm := enterprise.Register{Name: "某公司", County: "jc-gp"}
	ways := map[string]func() error{
		"register": func() error { _, err := s.Register(t.Context(), intake()); return err },
		"do": func() error {
			_, err := s.Do(t.Context(), out.ID, &complaint.Accept{HandlingOrg: "jc-zz", TimeClass: "ordinary", Category: complaint.CategoryWageArrears, Basis: "x"}, request(domain.RoleDispatcher))
			return err
		},
		"merge": func() error {
			_, err := s.Merge(t.Context(), out.ID, other.ID, "同一事", request(domain.RoleDispatcher))
			return err
		},
		"person": func() error {
			_, _, err := s.NewPerson(t.Context(), *intake().Reporter, request(domain.RoleHandler))
			return err
		},
		"on person": func() error {
			_, err := s.OnPerson(t.Context(), newPerson(t, allow, "张三"), &person.NoteDeath{Source: "relative"}, request(domain.RoleHandler))
			return err
		},
		"merge persons": func() error {
			_, err := s.MergePersons(t.Context(), newPerson(t, allow, "张三"), newPerson(t, allow, "张三"), "same_id_no", request(domain.RoleHandler))
			return err
		},
		"kin": func() error {
			r := request(domain.RoleHandler)
			_, _, err := s.DeclareKin(t.Context(), newPerson(t, allow, "张三"), person.Register{}, person.DeclareKin{User: r.Actor.ID, Relation: "spouse"}, r)
			return err
		},
		"household": func() error {
			id := newPerson(t, allow, "张三").String()
			_, _, err := s.NewHousehold(t.Context(), household.Form{Head: id, Members: []household.Member{{PersonID: id}}}, request(domain.RoleHandler))
			return err
		},
		"enterprise": func() error { _, _, err := s.NewEnterprise(t.Context(), firm, request(domain.RoleHandler)); return err },
		"on enterprise": func() error {
			_, err := s.OnEnterprise(t.Context(), uuid.New(), &firm, request(domain.RoleHandler))
			return err
		},
		"calendar": func() error {
			n := calendar.Notice2026()
			n.Source = "另一份通知"
			_, err := s.PublishCalendar(t.Context(), n, request(domain.RoleSystemAdmin))
			return err
		},
		"units": func() error {
			_, err := s.OnUnits(t.Context(), &orgunit.Found{Code: "jc", Name: "市总", Short: "市总", Kind: orgunit.KindCity}, request(domain.RoleSystemAdmin))
			return err
		},
		"founding": func() error { return s.FoundUnits(t.Context()) },
	}
	for name, way := range ways {
		before := asked
		if code := rejection(way()); code != "not_permitted" || asked == before {
			t.Errorf("%s: %q after %d questions, want not_permitted", name, code, asked-before)
		}
	}
	end += 5 // the persons whom the ways need
	if now, err := engine.Store().End(t.Context()); err != nil || now != end {
		t.Errorf("stored up to %d, %v; want nothing behind %d", now, err, end)
	}
}

func TestEventsNameThePolicies(t *testing.T) {
	t.Parallel()
	engine := newEngine()
	s := casework.New(engine, casework.Options{Now: clock})
	if err := s.FoundUnits(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Register(t.Context(), intake()); err != nil {
		t.Fatal(err)
	}
	for rec, err := range eventstore.After(t.Context(), engine.Store(), 0) {
		if err != nil || rec.Meta.PolicyDigest != policy.InForce().Digest() {
			t.Errorf("%s has the digest %q, %v; want %q", rec.Type, rec.Meta.PolicyDigest, err, policy.InForce().Digest())
		}
	}
}

// TestUnitsSetTheReach: a county's head accepts the county's cases and sees no
// others; when the county's union moves, so does the reach of who is above it.
func TestUnitsSetTheReach(t *testing.T) {
	t.Parallel()
	engine := newEngine()
	s := casework.New(engine, casework.Options{Now: clock})
	for range 2 {
		if err := s.FoundUnits(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, engine)["orgunit.unit_founded"]; n != len(orgunit.Jincheng()) {
		t.Errorf("%d units founded by two starts, want %d", n, len(orgunit.Jincheng()))
	}
	town := &orgunit.Found{Code: "jc-gp-01", Name: "米山镇总工会", Short: "米山", Parent: "jc-gp", Kind: orgunit.KindTown}
	if code := rejection(second(s.OnUnits(t.Context(), town, of(domain.RoleOrgHead, "jc")))); code != "not_permitted" {
		t.Errorf("a head founds a unit: %q", code)
	}
	if err := second(s.OnUnits(t.Context(), town, request(domain.RoleSystemAdmin))); err != nil {
		t.Fatal(err)
	}
	in := intake()
	in.Register.Area = town.Code
	out, err := s.Register(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	note := func(r casework.Request) string {
		return rejection(second(s.Do(t.Context(), out.ID, &complaint.AddNote{Visibility: "internal", Text: "看过"}, r)))
	}
	gaoping, zezhou := of(domain.RoleOrgHead, "jc-gp"), of(domain.RoleOrgHead, "jc-zz")
	if a, b := note(gaoping), note(zezhou); a != "" || b != "not_visible" {
		t.Errorf("the county above: %q, another: %q", a, b)
	}
	move := &orgunit.Move{Code: town.Code, To: "jc-zz", FromDate: domain.DateOf(now), Basis: "晋市工〔2026〕1号"}
	if err := second(s.OnUnits(t.Context(), move, request(domain.RoleSystemAdmin))); err != nil {
		t.Fatal(err)
	}
	// The same form once more is answered as before, though the case is out of reach.
	if a, b := note(gaoping), note(of(domain.RoleOrgHead, "jc-gp")); a != "" || b != "not_visible" {
		t.Errorf("after the move, the same form: %q, a new one: %q", a, b)
	}
	if code := note(of(domain.RoleOrgHead, "jc-zz")); code != "" {
		t.Errorf("the new county above: %q", code)
	}
}

// TestTheDecidersReasonIsTold: when both refuse, the answer is that of who knows
// the case; but nothing of a case that one does not see.
func TestTheDecidersReasonIsTold(t *testing.T) {
	t.Parallel()
	s := casework.New(newEngine(), casework.Options{Now: clock})
	out, err := s.Register(t.Context(), intake())
	if err != nil {
		t.Fatal(err)
	}
	do := func(cmd complaint.Command, r casework.Request) string {
		return rejection(second(s.Do(t.Context(), out.ID, cmd, r)))
	}
	accept := &complaint.Accept{HandlingOrg: "jc-zz"}
	for name, tc := range map[string]struct {
		got, want string
	}{
		"role":           {do(accept, request(domain.RoleOperator)), "role_not_allowed"},
		"reader":         {do(accept, request(domain.RoleLeader)), "role_not_allowed"},
		"another county": {do(accept, of(domain.RoleOrgHead, "jc-gp")), "not_visible"},
		"administrator":  {do(accept, request(domain.RoleSystemAdmin)), "not_visible"},
		"no such case":   {rejection(second(s.Do(t.Context(), uuid.New(), accept, of(domain.RoleOrgHead, "jc-gp")))), "not_visible"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, want %q", name, tc.got, tc.want)
		}
	}
}

func TestAvailableAsksThePolicies(t *testing.T) {
	t.Parallel()
	s := casework.New(newEngine(), casework.Options{Now: clock})
	out, err := s.Register(t.Context(), intake())
	if err != nil {
		t.Fatal(err)
	}
	state, rules, _, err := s.Case(t.Context(), out.ID)
	if err != nil {
		t.Fatal(err)
	}
	open := func(r casework.Request) int {
		actions, err := s.Available(t.Context(), out.ID, state, r.Actor, rules, now)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, a := range actions {
			if a.Allowed {
				n++
			}
		}
		return n
	}
	own, other := open(of(domain.RoleOrgHead, "jc-zz")), open(of(domain.RoleOrgHead, "jc-gp"))
	if own == 0 || other != 0 {
		t.Errorf("%d actions are open to the county's head, %d to another's", own, other)
	}
}

func second[T any](_ T, err error) error { return err }
