package policy

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/orgunit"
	"hearth/domain/person"
	"hearth/domain/series"
	users "hearth/domain/user"
)

var update = flag.Bool("update", false, "write golden files anew")

var today = domain.NewDate(2026, 11, 23)

// The actor of every cell is u, of Gaoping; a town lies below it.
const (
	me, home, town, abroad = "u", "jc-gp", "jc-gp-01", "jc-zz"
)

func tree() orgunit.Tree {
	return orgunit.Founding().Apply(orgunit.UnitFounded{Code: town, Name: "米山镇总工会", Short: "米山", Parent: home, Kind: orgunit.KindTown})
}

// relation is how the actor stands to a case; the letter stands for it in the table.
type relation struct {
	letter, text string
	on           Case
}

var relations = []relation{
	{"本", "本单位承办的案件,与本人无关", Case{Owner: home, Handler: "h", CoHandler: "c", FirstReceiver: "f"}},
	{"下", "下级单位承办的案件", Case{Owner: town, Handler: "h", CoHandler: "c", FirstReceiver: "f"}},
	{"外", "其他单位承办的案件", Case{Owner: abroad, Handler: "h", CoHandler: "c", FirstReceiver: "f"}},
	{"办", "本人是经办人", Case{Owner: home, Handler: me, CoHandler: "c", FirstReceiver: "f"}},
	{"协", "本人是协办人", Case{Owner: home, Handler: "h", CoHandler: me, FirstReceiver: "f"}},
	{"问", "其他单位承办、由本人受理登记的案件", Case{Owner: abroad, Handler: "h", CoHandler: "c", FirstReceiver: me}},
	{"限", "本单位承办、限制查看的案件(通常的岗位名单)", Case{Owner: home, Handler: "h", CoHandler: "c", FirstReceiver: "f", Restricted: true, Named: complaint.UsualRestriction(), Accused: abroad}},
	{"被", "反映本单位、限制查看的案件,即使本人是经办人", Case{Owner: home, Handler: me, CoHandler: "c", FirstReceiver: me, Restricted: true, Named: domain.Roles().All(), Accused: home}},
}

// action is one row of the table.
type action struct{ id, label string }

// actions are the commands of all families, and looking at a case.
func actions() []action {
	all := []action{{See, "查看"}}
	for _, c := range complaint.Commands() {
		all = append(all, action{"complaint:" + c.Name, c.Label})
	}
	for _, f := range []struct {
		family   string
		commands domain.Codes[string]
	}{
		{person.Family, person.Commands()},
		{enterprise.Family, enterprise.Commands()},
		{series.Family, series.Commands()},
		{calendar.Family, calendar.Commands()},
		{orgunit.Family, orgunit.Commands()},
		{users.Family, users.Commands()},
	} {
		for _, c := range f.commands.All() {
			all = append(all, action{f.family + ":" + c, f.commands.Label(c)})
		}
	}
	return all
}

func ask(r domain.Role, a action, c Case) Request {
	family, _, _ := strings.Cut(a.id, ":")
	id := "1"
	if family == users.Family && c.Handler == me && !c.Restricted {
		id = me // of accounts, the column of the own case is the own account
	}
	return Request{
		Actor: domain.Actor{ID: me, Org: home, Role: r}, Action: a.id, Label: a.label,
		On: Resource{kind: kinds[family], id: id, Case: c}, Units: tree(), Date: today,
	}
}

// cells calls f with every cell: role x command x relation.
func cells(t *testing.T, f func(r domain.Role, a action, rel relation, allowed bool)) {
	t.Helper()
	s, n := InForce(), 0
	for _, a := range actions() {
		for _, r := range domain.Roles().All() {
			for _, rel := range relations {
				f(r, a, rel, s.May(ask(r, a, rel.on)))
				n++
			}
		}
	}
	t.Logf("%d cells: %d roles x %d actions x %d relations", n, len(domain.Roles().All()), len(actions()), len(relations))
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	may := map[string]string{}
	cells(t, func(r domain.Role, a action, rel relation, allowed bool) {
		if allowed {
			may[a.id+string(r)] += rel.letter
		}
	})
	var b strings.Builder
	b.WriteString("岗位权限表:由 adapters/policy/policies 里的规则逐格算出,go test ./adapters/policy -run TestMatrix -update 重写。\n没有写出的岗位一律不能。这里只说谁可以办;案件到了哪一步才能办、哪些事必须换人办,由案件规则另行把关。\n\n")
	for _, rel := range relations {
		fmt.Fprintf(&b, "%s = %s\n", rel.letter, rel.text)
	}
	all := ""
	for _, rel := range relations {
		all += rel.letter
	}
	for _, a := range actions() {
		fmt.Fprintf(&b, "\n%s %s\n", a.label, a.id)
		everybody := strings.HasPrefix(a.id, "user:") && !slices.ContainsFunc(domain.Roles().All(), func(r domain.Role) bool {
			return !strings.Contains(may[a.id+string(r)], "办")
		})
		if everybody {
			fmt.Fprintf(&b, "  不论岗位:本人的账号\n")
		}
		for _, r := range domain.Roles().All() {
			switch cell := may[a.id+string(r)]; {
			case cell == "":
			case everybody && cell == "办":
			case strings.HasPrefix(a.id, "user:") && cell == "办":
				fmt.Fprintf(&b, "  %s:本人的账号\n", r.Label())
			case strings.HasPrefix(a.id, "user:") && cell != all:
				fmt.Fprintf(&b, "  %s:他人的账号\n", r.Label())
			case !strings.HasPrefix(a.id, "complaint:"):
				fmt.Fprintf(&b, "  %s\n", r.Label())
			case cell == all:
				fmt.Fprintf(&b, "  %s:全部\n", r.Label())
			default:
				fmt.Fprintf(&b, "  %s:%s\n", r.Label(), cell)
			}
		}
	}
	const file = "testdata/matrix.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("who may do what changed (-want +got); look at every line, then run with -update:\n%s", diff)
	}
}

func in(r domain.Role, roles ...domain.Role) bool { return slices.Contains(roles, r) }

func auditor(r domain.Role) bool { return in(r, domain.RoleDiscipline, domain.RoleFinanceAuditor) }

// TestInvariants is what must hold whatever else the policies say.
func TestInvariants(t *testing.T) {
	t.Parallel()
	s := InForce()
	cells(t, func(r domain.Role, a action, rel relation, allowed bool) {
		wrong := func(why string) { t.Errorf("%s may %s (%s): %s", r.Label(), a.label, rel.text, why) }
		onCase := strings.HasPrefix(a.id, "complaint:")
		reads := a.id == See
		onAccount, own := strings.HasPrefix(a.id, "user:"), rel.letter == "办"
		switch {
		case onAccount && own && !in(r, domain.RoleSystem):
			// Whatever somebody does, their own account is theirs.
		case onAccount && allowed && !in(r, domain.RoleSystemAdmin, domain.RoleSecurityAdmin, domain.RoleSystem):
			wrong("another's account is for those who run the system")
		case a.id == "user:grant_role" && allowed && r != domain.RoleSystem, (a.id == "user:approve_role" || a.id == "user:approve_factor_removal") && allowed && r == domain.RoleSystem:
			wrong("what two have to agree on")
		case onCase && in(r, domain.RoleSystemAdmin, domain.RoleSecurityAdmin, domain.RoleAuditAdmin) && allowed:
			wrong("those who run the system see no case")
		case !onCase && in(r, domain.RoleSystemAdmin, domain.RoleSecurityAdmin, domain.RoleAuditAdmin) && allowed &&
			!strings.HasPrefix(a.id, "calendar:") && !strings.HasPrefix(a.id, "orgunit:") && !onAccount:
			wrong("those who run the system touch no file")
		case auditor(r) && reads && !allowed:
			t.Errorf("%s does not see a case (%s): auditors see all", r.Label(), rel.text)
		case (auditor(r) || r == domain.RoleLeader) && !reads && allowed:
			wrong("it only reads")
		case onCase && rel.letter == "被" && !auditor(r) && r != domain.RoleSystem && a.id != "complaint:register" && allowed:
			wrong("the accused unit has no part in it")
		case onCase && rel.letter == "外" && !auditor(r) && r != domain.RoleSystem && a.id != "complaint:register" && allowed:
			wrong("another unit's case")
		case onCase && rel.letter == "限" && !auditor(r) && r != domain.RoleSystem && a.id != "complaint:register" && allowed &&
			!in(r, complaint.UsualRestriction()...):
			wrong("it is not on the list")
		case onCase && allowed && a.id != "complaint:register" && !s.May(ask(r, action{See, ""}, rel.on)):
			wrong("it does not even see the case")
		case in(r, domain.Role(""), domain.Role("nobody")) && allowed:
			wrong("it is no role")
		}
	})
}

// TestUnknown: what no policy speaks of is refused.
func TestUnknown(t *testing.T) {
	t.Parallel()
	s := InForce()
	good := ask(domain.RoleOperator, action{"complaint:add_note", "写办理记录"}, relations[0].on)
	for name, change := range map[string]func(*Request){
		"action": func(r *Request) { r.Action = "complaint:no_such" }, "role": func(r *Request) { r.Actor.Role = "boss" },
		"user": func(r *Request) { r.Actor.ID = "" }, "unit": func(r *Request) { r.Actor.Org = "jc-no" }, "no unit": func(r *Request) { r.Actor.Org = "" },
		"tree": func(r *Request) { r.Units = orgunit.Tree{} },
	} {
		r := good
		change(&r)
		if !s.May(good) || s.May(r) {
			t.Errorf("unknown %s: allowed, or the rest is not", name)
		}
	}
}

// personal are the rejections of the complaint's guards that speak of who asks.
var personal = []string{"role_not_allowed", "not_visible", "not_assigned", "no_handler", "not_receiving_org", "not_handling_org"}

// TestGuardsAgree asks the decider's guards in every phase of a case: whom they
// never let in, the policies don't either; whom they let in sometimes, the
// policies let in too, but in another unit's case and where noted.
func TestGuardsAgree(t *testing.T) {
	t.Parallel()
	guards := map[string]answers{}
	cells(t, func(r domain.Role, a action, rel relation, allowed bool) {
		name, ours := strings.CutPrefix(a.id, "complaint:")
		if !ours || a.id == See {
			return
		}
		cell := string(r) + rel.letter
		if guards[cell] == nil {
			guards[cell] = askGuards(r, rel)
		}
		open, refused := guards[cell][name].open, guards[cell][name].refused
		switch {
		case allowed && refused != "" && !open:
			t.Errorf("%s may %s (%s), which the guard always refuses with %s", r.Label(), a.label, rel.text, refused)
		case allowed && !slices.Contains(rolesOf(name), r):
			t.Errorf("%s may %s, which is not among its roles", r.Label(), a.label)
		case !allowed && open && refused == "" && rel.letter != "外" && !noted(r, name, rel):
			t.Errorf("%s may not %s (%s), which the guard allows", r.Label(), a.label, rel.text)
		}
	})
}

// answer is what a command's guards say over all phases: open in one of them, or
// shut by something else than who asks; refused is the code of a refusal for who
// asks.
type answer struct {
	open    bool
	refused string
}

type answers map[string]*answer

func askGuards(r domain.Role, rel relation) answers {
	rules, all := complaint.DefaultRules(calendar.Calendar{}), answers{}
	actor := domain.Actor{ID: me, Org: home, Role: r}
	for _, phase := range append(complaint.Phases().All(), complaint.PhaseNone) {
		for _, order := range []complaint.OrderStatus{complaint.OrderNone, complaint.OrderIssued, complaint.OrderReturned} {
			for _, got := range complaint.Available(stateOf(rel, phase, order), actor, rules, today.Start()) {
				if all[got.Name] == nil {
					all[got.Name] = &answer{}
				}
				if slices.Contains(personal, got.Code) {
					all[got.Name].refused = got.Code
				} else if !slices.Contains([]string{"wrong_phase", "already_registered", "not_registered", "merged"}, got.Code) {
					all[got.Name].open = true
				}
			}
		}
	}
	return all
}

// noted is where the policies are narrower than the guards on purpose: an
// informant (信息员) has to do with the cases that he took in, and no others.
func noted(r domain.Role, name string, rel relation) bool {
	return r == domain.RoleInformant && name == "raise_risk" && rel.on.FirstReceiver != me
}

func stateOf(rel relation, phase complaint.Phase, order complaint.OrderStatus) complaint.State {
	s := complaint.State{
		Phase: phase, No: "1", HandlingOrg: rel.on.Owner, Handler: rel.on.Handler, CoHandler: rel.on.CoHandler, FirstReceiver: rel.on.FirstReceiver,
		Order: complaint.Order{Status: order}, RegisteredAt: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	}
	if rel.on.Restricted {
		s.Restriction = &complaint.Restriction{AccusedOrg: rel.on.Accused, AllowedRoles: rel.on.Named}
	}
	return s
}

func rolesOf(name string) []domain.Role {
	spec, _ := complaint.Spec(name)
	return spec.Roles
}

// TestEveryCommandHasItsRoles: each role of a command's specification may issue
// it on some case, and each action of the policies is a command.
func TestEveryCommandHasItsRoles(t *testing.T) {
	t.Parallel()
	s := InForce()
	var known []string
	for _, a := range actions() {
		known = append(known, a.id)
		if !slices.Contains(s.Actions(), a.id) {
			t.Errorf("no policy permits %s", a.id)
		}
		name, ours := strings.CutPrefix(a.id, "complaint:")
		if !ours {
			continue
		}
		for _, r := range rolesOf(name) {
			if !slices.ContainsFunc(relations, func(rel relation) bool { return s.May(ask(r, a, rel.on)) }) {
				t.Errorf("%s may %s on no case", r.Label(), a.label)
			}
		}
	}
	for _, id := range s.Actions() {
		if !slices.Contains(known, id) {
			t.Errorf("a policy speaks of %s, which is no command", id)
		}
	}
}

// TestOnComplaint: the case that policies see is that of the state.
func TestOnComplaint(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	s := complaint.State{Area: "a", Handler: "h", CoHandler: "c", FirstReceiver: "f", Restriction: &complaint.Restriction{AccusedOrg: "x", AllowedRoles: []domain.Role{"r"}}}
	want := Resource{kindComplaint, id.String(), Case{Owner: "a", Handler: "h", CoHandler: "c", FirstReceiver: "f", Restricted: true, Named: []domain.Role{"r"}, Accused: "x"}}
	if diff := cmp.Diff(want, OnComplaint(id, s), cmp.AllowUnexported(Resource{})); diff != "" {
		t.Error(diff)
	}
	s.HandlingOrg = "o"
	if got := OnComplaint(id, s); got.Owner != "o" {
		t.Errorf("owner %q", got.Owner)
	}
}
