package policy

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	cedar "github.com/cedar-policy/cedar-go"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
)

// TestTextsSayWhatPoliciesDo holds the Chinese line of every permit against its
// roles and actions: who reads only the lines is told the truth.
func TestTextsSayWhatPoliciesDo(t *testing.T) {
	t.Parallel()
	labels := map[string]string{}
	for _, a := range actions() {
		labels[a.id] = a.label
	}
	for id, r := range InForce().rules {
		if r.forbids {
			continue
		}
		what, who, _ := strings.Cut(r.text, ":")
		var names []string
		for _, a := range r.actions {
			names = append(names, labels[a])
		}
		if got := strings.Split(what, "、"); !slices.Equal(got, names) {
			t.Errorf("%s speaks of %v, its actions are %v", id, got, names)
		}
		who, _, _ = strings.Cut(strings.TrimSuffix(who, "。"), ",")
		got, source := strings.Split(who, "、"), string(r.policy.MarshalCedar())
		for _, role := range domain.Roles().All() {
			if named, listed := strings.Contains(source, `Role::"`+string(role)+`"`), slices.Contains(got, role.Label()); named != listed {
				t.Errorf("%s: %s is in the policy: %v, in its text: %v", id, role.Label(), named, listed)
			}
		}
		for _, label := range got {
			if label == "任何人" && !strings.Contains(source, "Role::") {
				continue
			}
			if !slices.ContainsFunc(domain.Roles().All(), func(r domain.Role) bool { return r.Label() == label }) {
				t.Errorf("%s: %q is no role", id, label)
			}
		}
	}
}

// TestNoErrors: a policy that cannot be evaluated decides nothing, so none may
// fail, on any kind of resource.
func TestNoErrors(t *testing.T) {
	t.Parallel()
	s := InForce()
	for _, a := range actions() {
		for _, rel := range relations {
			w := newWorld(ask(domain.RoleOperator, a, rel.on))
			_, found := cedar.Authorize(s.by[a.id], w, cedar.Request{
				Principal: w.principal.UID, Action: cedar.NewEntityUID("Action", cedar.String(a.id)), Resource: w.resource.UID,
			})
			for _, e := range found.Errors {
				t.Errorf("%s: %s", a.id, e)
			}
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	s := InForce()
	for name, tc := range map[string]struct {
		role   domain.Role
		action action
		on     Case
		code   string
		text   string
	}{
		"no role for it":    {domain.RoleOperator, action{"complaint:accept", "受理"}, relations[0].on, "not_permitted", "受理"},
		"only reads":        {domain.RoleLeader, action{"complaint:accept", "受理"}, relations[0].on, "not_permitted", "只看不办"},
		"another unit":      {domain.RoleOrgHead, action{"complaint:accept", "受理"}, relations[2].on, "not_visible", "无权查看"},
		"the accused":       {domain.RoleHandler, action{"complaint:add_note", "写办理记录"}, relations[7].on, "not_visible", "无权查看"},
		"an administrator":  {domain.RoleSystemAdmin, action{"person:register", "人员建档"}, Case{}, "not_permitted", "系统管理员"},
		"may":               {domain.RoleOrgHead, action{"complaint:accept", "受理"}, relations[0].on, "", ""},
		"whoever registers": {domain.RoleOperator, action{"complaint:register", "登记"}, relations[2].on, "", ""},
	} {
		err := s.Check(ask(tc.role, tc.action, tc.on))
		var no *domain.Rejection
		if errors.As(err, &no) != (tc.code != "") || no != nil && (no.Code != tc.code || !strings.Contains(no.Text, tc.text)) {
			t.Errorf("%s: %v, want %s with %q", name, err, tc.code, tc.text)
		}
	}
}

// TestDeputy: who holds somebody's office (代) has his rights, but does not judge
// that person's own work.
func TestDeputy(t *testing.T) {
	t.Parallel()
	s := InForce()
	r := ask(domain.RoleReviewer, action{"complaint:approve_closure", "批准结案"}, relations[0].on)
	for deputyOf, want := range map[string]bool{"": true, "somebody": true, "h": false, "c": false} {
		if r.For = deputyOf; s.May(r) != want {
			t.Errorf("deputy of %q: allowed %v", deputyOf, !want)
		}
	}
}

func TestMovedUnit(t *testing.T) {
	t.Parallel()
	units := tree().Apply(orgunit.UnitMoved{Code: town, To: abroad, FromDate: today, Basis: "x"})
	r := ask(domain.RoleOrgHead, action{"complaint:accept", "受理"}, Case{Owner: town})
	r.Units = units
	for on, want := range map[domain.Date]bool{today.AddDays(-1): true, today: false} {
		if r.Date = on; InForce().May(r) != want {
			t.Errorf("the town's former county on %s: allowed %v", on, !want)
		}
	}
}

func TestSight(t *testing.T) {
	t.Parallel()
	s := InForce()
	for name, tc := range map[string]struct {
		role domain.Role
		org  string
		want complaint.Sight
	}{
		"auditor":       {domain.RoleDiscipline, home, complaint.Sight{All: true, Everywhere: true, Own: true}},
		"city":          {domain.RoleOperator, orgunit.City, complaint.Sight{Everywhere: true, Own: true}},
		"county":        {domain.RoleHandler, home, complaint.Sight{Units: []string{home, town}, Own: true}},
		"informant":     {domain.RoleInformant, home, complaint.Sight{Own: true}},
		"administrator": {domain.RoleSystemAdmin, orgunit.City, complaint.Sight{}},
		"nobody's unit": {domain.RoleOperator, "nowhere", complaint.Sight{}},
		"no role":       {"", home, complaint.Sight{}},
	} {
		got := s.Sight(domain.Actor{ID: me, Org: tc.org, Role: tc.role}, tree(), today)
		if got.All != tc.want.All || got.Everywhere != tc.want.Everywhere || got.Own != tc.want.Own || !slices.Equal(got.Units, tc.want.Units) {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	one := `@id("a") @text("甲") permit (principal, action == Action::"x:y", resource);`
	load := func(files map[string]string) (string, error) {
		fsys := fstest.MapFS{}
		for name, text := range files {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
		s, err := Load(fsys)
		if err != nil {
			return "", err
		}
		return s.Digest(), nil
	}
	seen := map[string]bool{}
	for name, files := range map[string]map[string]string{
		"one": {"policies/a.cedar": one}, "another name": {"policies/b.cedar": one}, "a comment": {"policies/a.cedar": "// 注\n" + one},
	} {
		got, err := load(files)
		if err != nil || len(got) != 16 || seen[got] {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		seen[got] = true
	}
	for name, text := range map[string]string{
		"syntax": "permit (", "no id": `@text("甲") permit (principal, action, resource);`, "no text": `@id("a") permit (principal, action, resource);`,
		"an id twice": one + one, "is not an action list": `@id("a") @text("甲") permit (principal, action in Action::"x", resource);`,
	} {
		if _, err := load(map[string]string{"policies/a.cedar": text}); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
	if one, again := InForce().Digest(), InForce().Digest(); one != again {
		t.Error("two digests of one set")
	}
}

func BenchmarkDecision(b *testing.B) {
	s := InForce()
	for name, r := range map[string]Request{
		"permit": ask(domain.RoleHandler, action{"complaint:verify_claims", "核定"}, relations[3].on),
		"forbid": ask(domain.RoleHandler, action{"complaint:verify_claims", "核定"}, relations[2].on),
		"see":    ask(domain.RoleOperator, action{See, "查看"}, relations[1].on),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.May(r)
			}
		})
	}
}
