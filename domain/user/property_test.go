package user

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"hearth/domain"
)

// office is some users and administrators over some weeks, each with a state of
// their own, among whom random commands are issued.
type office struct {
	states map[string]State
	now    time.Time
	rand   *rand.Rand
	serial int
	done   int
}

func (o *office) pick(all ...string) string { return all[o.rand.IntN(len(all))] }

// terms are wished for without regard to any rule.
func (o *office) terms() Terms {
	o.serial++
	all := domain.Roles().All()
	t := Terms{Grant: fmt.Sprint("g", o.serial), Role: all[o.rand.IntN(len(all))], Org: o.pick("jc", "jc-gp"), Reason: ReasonDuty}
	t.From = domain.DateOf(o.now).AddDays(o.rand.IntN(12) - 2)
	if o.rand.IntN(2) == 0 {
		t.To = t.From.AddDays(o.rand.IntN(12) - 1)
	}
	if o.rand.IntN(3) == 0 {
		t.OnBehalfOf = o.pick(officers...)
	}
	return t
}

var officers = []string{"u1", "u2", "u3", "a1", "a2", "a3"}

// grant is the id of some grant of a state, or one that there is not.
func (o *office) grant(s State) Grant {
	if len(s.Grants) == 0 {
		return Grant{Terms: Terms{Grant: "none"}}
	}
	return s.Grants[o.rand.IntN(len(s.Grants))]
}

func (o *office) of(user string) *Office {
	s, known := o.states[user]
	if !known {
		return nil
	}
	f := s.Office()
	return &f
}

func (o *office) step(t *testing.T) {
	t.Helper()
	id := o.pick(officers...)
	s := o.states[id]
	by := domain.By{Actor: domain.Actor{ID: o.pick(append(officers, "console")...), Org: "jc", Role: domain.RoleSystemAdmin}, At: o.now}
	var cmd Command
	switch o.rand.IntN(8) {
	case 0, 1, 2:
		terms := o.terms()
		cmd = &RequestRole{By: by, Terms: terms, Office: o.of(terms.OnBehalfOf)}
	case 3, 4:
		g := o.grant(s)
		cmd = &ApproveRole{By: by, Grant: g.Grant, Office: o.of(g.OnBehalfOf)}
	case 5:
		hows := grantHows.All()
		cmd = &GrantRole{By: by, Terms: o.terms(), How: hows[o.rand.IntN(len(hows))], Administrators: o.rand.IntN(4)}
	case 6:
		cmd = &RevokeRole{By: by, Grant: o.grant(s).Grant, Reason: ReasonTransfer}
	case 7:
		cmd = &RefuseRole{By: by, Grant: o.grant(s).Grant, Reason: ReasonMistake}
	}
	events, err := Decider.Decide(s, cmd)
	if err != nil {
		return
	}
	o.done += len(events)
	for _, ev := range events {
		if g, ok := ev.(RoleGranted); ok {
			o.check(t, id, g)
		}
	}
	o.states[id] = Decider.Fold(s, events...)
}

// check is what must hold of every role that comes into force.
func (o *office) check(t *testing.T, id string, g RoleGranted) {
	t.Helper()
	switch {
	case g.RequestedBy == id || g.ApprovedBy == id:
		t.Errorf("%s granted to himself: %+v", id, g)
	case g.How == HowApproved && g.RequestedBy == g.ApprovedBy:
		t.Errorf("one person asked and agreed: %+v", g)
	case g.Delegated() && (g.To.IsZero() || !o.of(g.OnBehalfOf).Holds(g.Terms)):
		t.Errorf("more than the office: %+v of %+v", g, o.states[g.OnBehalfOf])
	}
}

// TestNoAccountHoldsWhatExcludesOneAnother: after any sequence of commands, on
// every day, the roles in force of each account pass CheckRoles.
func TestNoAccountHoldsWhatExcludesOneAnother(t *testing.T) {
	t.Parallel()
	granted := 0
	for seed := range uint64(200) {
		o := &office{states: map[string]State{}, now: now, rand: rand.New(rand.NewPCG(seed, 7))}
		for _, id := range officers {
			o.states[id] = Decider.Evolve(State{}, Created{User: id, Identity: Identity{Login: id, Name: id}, Home: "jc"})
		}
		for range 150 {
			o.step(t)
			if o.rand.IntN(10) == 0 {
				o.now = o.now.Add(24 * time.Hour)
			}
		}
		for id, s := range o.states {
			for day := range 60 {
				roles := s.Roles(today.AddDays(day))
				granted += len(roles)
				if len(roles) == 0 {
					continue
				}
				if err := CheckRoles(roles); err != nil {
					t.Fatalf("seed %d: %s on day %d: %v: %v\n%+v", seed, id, day, roles, err, s.Grants)
				}
			}
		}
		if o.done == 0 {
			t.Fatalf("seed %d: nothing was ever done", seed)
		}
	}
	if granted < 10_000 {
		t.Errorf("only %d days with a role: the commands are too wild to tell anything", granted)
	}
}
