package orgunit

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/domain"
	"hearth/domain/domaintest"
)

var update = flag.Bool("update", false, "write golden files anew")

var by = domain.By{Actor: domain.Actor{ID: "u1", Org: "jc", Role: domain.RoleSystemAdmin}, At: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}

func day(m time.Month, d int) domain.Date { return domain.NewDate(2026, m, d) }

func founding() []Event {
	var events []Event
	for _, u := range Jincheng() {
		events = append(events, founded(u))
	}
	return events
}

// town is founded below Gaoping, shop below the town.
var (
	town = UnitFounded{Code: "jc-gp-01", Name: "米山镇总工会", Short: "米山", Parent: "jc-gp", Kind: KindTown, FromDate: day(2, 1)}
	shop = UnitFounded{Code: "jc-gp-01-01", Name: "某公司工会", Short: "某公司", Parent: "jc-gp-01", Kind: KindBase, FromDate: day(3, 1)}
)

func TestDecide(t *testing.T) {
	t.Parallel()
	known := slices.Clip(append(founding(), town, shop))
	moved := UnitMoved{Code: "jc-gp-01", To: "jc-zz", FromDate: day(6, 1), Basis: "晋市工〔2026〕1号"}
	gone := UnitDissolved{Code: "jc-gp-01-01", FromDate: day(7, 1), Basis: "撤"}
	domaintest.Decides(t, Decider,
		domaintest.Case[Command, Event]{Name: "the root", When: &Found{By: by, Code: "jc", Name: "市总工会", Short: "市总", Kind: KindCity}, Then: []Event{UnitFounded{Code: "jc", Name: "市总工会", Short: "市总", Kind: KindCity}}},
		domaintest.Case[Command, Event]{Name: "a second root", Given: known, When: &Found{By: by, Code: "tj", Name: "x", Short: "x", Kind: KindCity}, Code: "parent_missing"},
		domaintest.Case[Command, Event]{Name: "below a unit", Given: founding(), When: &Found{by, town.Code, " 米山镇总工会 ", "米山", "jc-gp", KindTown, day(2, 1)}, Then: []Event{town}},
		domaintest.Case[Command, Event]{Name: "again", Given: known, When: &Found{by, town.Code, "米山镇总工会", "米山", "jc-gp", KindTown, day(2, 1)}},
		domaintest.Case[Command, Event]{Name: "a code twice", Given: known, When: &Found{by, town.Code, "别的", "别的", "jc-gp", KindTown, day(2, 1)}, Code: "code_taken"},
		domaintest.Case[Command, Event]{Name: "the code of one that is gone", Given: append(known, gone), When: &Found{by, shop.Code, "又一家", "又", "jc-gp", KindBase, day(9, 1)}, Code: "code_taken"},
		domaintest.Case[Command, Event]{Name: "a bad code", Given: known, When: &Found{by, "JC/1", "x", "x", "jc", KindTown, day(2, 1)}, Code: "bad_code"},
		domaintest.Case[Command, Event]{Name: "no name", Given: known, When: &Found{by, "jc-x", "x", " ", "jc", KindTown, day(2, 1)}, Code: "name_missing"},
		domaintest.Case[Command, Event]{Name: "no kind", Given: known, When: &Found{by, "jc-x", "x", "x", "jc", "", day(2, 1)}, Code: "code_missing"},
		domaintest.Case[Command, Event]{Name: "before its parent", Given: known, When: &Found{by, "jc-gp-01-02", "x", "x", "jc-gp-01", KindBase, day(1, 1)}, Code: "parent_unknown"},
		domaintest.Case[Command, Event]{Name: "below one that will be gone", Given: append(known, gone), When: &Found{by, "jc-gp-01-01-1", "x", "x", shop.Code, KindBase, day(5, 1)}, Code: "parent_unknown"},

		domaintest.Case[Command, Event]{Name: "move", Given: known, When: &Move{by, town.Code, "jc-zz", day(6, 1), "晋市工〔2026〕1号"}, Then: []Event{moved}},
		domaintest.Case[Command, Event]{Name: "move to where it is", Given: known, When: &Move{by, town.Code, "jc-gp", day(6, 1), "x"}},
		domaintest.Case[Command, Event]{Name: "move below itself", Given: known, When: &Move{by, town.Code, shop.Code, day(6, 1), "x"}, Code: "circle"},
		domaintest.Case[Command, Event]{Name: "move to itself", Given: known, When: &Move{by, town.Code, town.Code, day(6, 1), "x"}, Code: "circle"},
		domaintest.Case[Command, Event]{Name: "move the root", Given: known, When: &Move{by, City, "jc-gp", day(6, 1), "x"}, Code: "root_stays"},
		domaintest.Case[Command, Event]{Name: "move without a paper", Given: known, When: &Move{by, town.Code, "jc-zz", day(6, 1), ""}, Code: "basis_missing"},
		domaintest.Case[Command, Event]{Name: "move without a date", Given: known, When: &Move{by, town.Code, "jc-zz", domain.Date{}, "x"}, Code: "date_missing"},
		domaintest.Case[Command, Event]{Name: "move before it was founded", Given: known, When: &Move{by, town.Code, "jc-zz", day(1, 1), "x"}, Code: "not_in_order"},
		domaintest.Case[Command, Event]{Name: "move nobody", Given: known, When: &Move{by, "jc-x", "jc-zz", day(6, 1), "x"}, Code: "unit_unknown"},
		domaintest.Case[Command, Event]{Name: "move to nobody", Given: known, When: &Move{by, town.Code, "jc-x", day(6, 1), "x"}, Code: "parent_unknown"},
		domaintest.Case[Command, Event]{
			// From 1 June the town is below Zezhou: Zezhou may not go below the town
			// from May on, though in May it would be no circle.
			Name: "a circle to come", Given: append(known, moved), When: &Move{by, "jc-zz", town.Code, day(5, 1), "x"}, Code: "circle",
		},

		domaintest.Case[Command, Event]{Name: "rename", Given: known, When: &Rename{by, town.Code, "米山镇工会联合会", "米山", day(6, 1)}, Then: []Event{UnitRenamed{town.Code, "米山镇工会联合会", "米山", day(6, 1)}}},
		domaintest.Case[Command, Event]{Name: "rename to the same", Given: known, When: &Rename{by, town.Code, town.Name, town.Short, day(6, 1)}},
		domaintest.Case[Command, Event]{Name: "rename to nothing", Given: known, When: &Rename{by, town.Code, "", "x", day(6, 1)}, Code: "name_missing"},

		domaintest.Case[Command, Event]{Name: "dissolve", Given: known, When: &Dissolve{by, shop.Code, day(7, 1), "撤"}, Then: []Event{gone}},
		domaintest.Case[Command, Event]{Name: "dissolve again", Given: append(known, gone), When: &Dissolve{by, shop.Code, day(8, 1), "撤"}},
		domaintest.Case[Command, Event]{Name: "rename one that is gone", Given: append(known, gone), When: &Rename{by, shop.Code, "x", "x", day(8, 1)}, Code: "unit_gone"},
		domaintest.Case[Command, Event]{Name: "dissolve with units below", Given: known, When: &Dissolve{by, town.Code, day(7, 1), "撤"}, Code: "units_below"},
		domaintest.Case[Command, Event]{Name: "dissolve before those below are gone", Given: append(known, gone), When: &Dissolve{by, town.Code, day(6, 30), "撤"}, Code: "units_below"},
		domaintest.Case[Command, Event]{Name: "dissolve after those below", Given: append(known, gone), When: &Dissolve{by, town.Code, day(7, 1), "撤"}, Then: []Event{UnitDissolved{town.Code, day(7, 1), "撤"}}},
		domaintest.Case[Command, Event]{Name: "dissolve the root", Given: known, When: &Dissolve{by, City, day(7, 1), "撤"}, Code: "root_stays"},
		domaintest.Case[Command, Event]{Name: "nobody's wish", Given: known, When: &Dissolve{Code: shop.Code, FromDate: day(7, 1), Basis: "撤"}, Code: "actor_missing"},
	)
}

func TestHistory(t *testing.T) {
	t.Parallel()
	tree := Decider.Fold(Tree{}, append(founding(), town, shop,
		UnitMoved{Code: town.Code, To: "jc-zz", FromDate: day(6, 1), Basis: "x"},
		UnitRenamed{Code: town.Code, Name: "新名", Short: "新", FromDate: day(6, 1)},
		UnitDissolved{Code: shop.Code, FromDate: day(7, 1), Basis: "x"})...)
	paths := map[domain.Date]string{
		day(1, 31): "", day(2, 1): "", day(3, 1): "jc/jc-gp/jc-gp-01/jc-gp-01-01/", day(5, 31): "jc/jc-gp/jc-gp-01/jc-gp-01-01/",
		day(6, 1): "jc/jc-zz/jc-gp-01/jc-gp-01-01/", day(7, 1): "",
	}
	for on, want := range paths {
		if got := tree.Path(shop.Code, on); got != want {
			t.Errorf("path on %s: %q, want %q", on, got, want)
		}
	}
	if u, _ := tree.Find(town.Code, day(5, 31)); u.Name != town.Name {
		t.Errorf("before the change it is called %q", u.Name)
	}
	if u, _ := tree.Find(town.Code, day(6, 1)); u.Name != "新名" || u.Parent != "jc-zz" {
		t.Errorf("two changes of one day: %+v", u)
	}
	below := map[domain.Date][]string{day(5, 1): {"jc-gp", town.Code, shop.Code}, day(8, 1): {"jc-gp"}}
	for on, want := range below {
		if got := tree.Below("jc-gp", on); !slices.Equal(got, want) {
			t.Errorf("below Gaoping on %s: %v, want %v", on, got, want)
		}
	}
	// One that is gone stays below those it was below, for the sake of its cases.
	if got := tree.Below("jc-zz", day(8, 1)); !slices.Equal(got, []string{town.Code, shop.Code, "jc-zz"}) {
		t.Errorf("below Zezhou: %v", got)
	}
	if _, ok := tree.Find(shop.Code, day(8, 1)); ok || !tree.Known(shop.Code) || tree.Root(day(8, 1)) != City {
		t.Error("a dissolved unit is found, or is forgotten, or there is no root")
	}
	if got := len(tree.All(day(8, 1))); got != len(Jincheng())+1 {
		t.Errorf("%d units", got)
	}
}

func TestFounding(t *testing.T) {
	t.Parallel()
	tree := Tree{}
	for _, cmd := range FoundingCommands() {
		cmd.Stamp(by)
		events, err := decide(tree, cmd)
		if err != nil || len(events) != 1 {
			t.Fatalf("found %s: %v, %v", cmd.Code, events, err)
		}
		tree = Decider.Fold(tree, events...)
	}
	if diff := cmp.Diff(Founding(), tree, cmp.AllowUnexported(Tree{}, domain.Date{})); diff != "" {
		t.Errorf("founded by commands (-want +got):\n%s", diff)
	}
	for _, u := range Jincheng() {
		for _, above := range Jincheng() {
			if got, want := tree.Within(u.Code, above.Code, day(1, 1)), above.Code == u.Code || above.Code == City; got != want {
				t.Errorf("%s within %s: %v, want %v", u.Code, above.Code, got, want)
			}
		}
	}
}

// What belongs to a town counts under its county, of each date by the tree of
// that date; what is the county's own counts under the county.
func TestShares(t *testing.T) {
	t.Parallel()
	tree := Decider.Fold(Tree{}, founding()...)
	tree = Decider.Fold(tree,
		UnitFounded{Code: "jc-zz-bg", Name: "北义城镇总工会", Short: "北义城", Parent: "jc-zz", Kind: KindTown},
		UnitMoved{Code: "jc-zz-bg", To: "jc-gp", FromDate: day(7, 1)},
		UnitDissolved{Code: "jc-kf", FromDate: day(9, 1)})
	for _, c := range []struct {
		base, code string
		on         domain.Date
		want       string
	}{
		{"", "jc-zz-bg", day(6, 30), "jc-zz"},
		{"", "jc-zz-bg", day(7, 1), "jc-gp"},
		{"", "jc", day(7, 1), "jc/own"},
		{"jc/own", "jc", day(7, 1), "jc/own"},
		{"jc/own", "jc-zz", day(7, 1), ""},
		{"", "jc-kf", day(12, 1), "jc-kf"},
		{"jc-zz", "jc-zz-bg", day(6, 30), "jc-zz-bg"},
		{"jc-zz", "jc-zz-bg", day(7, 1), ""},
		{"jc-gp", "jc-zz-bg", day(7, 1), "jc-zz-bg"},
		{"jc-gp", "jc-gp", day(7, 1), "jc-gp/own"},
		{"jc-gp", "jc", day(7, 1), ""},
		{"", "nowhere", day(7, 1), ""},
	} {
		if got := tree.Shares(c.base, c.on)[c.code]; got != c.want {
			t.Errorf("%s on %s, seen from %q: counts under %q, want %q", c.code, c.on, c.base, got, c.want)
		}
	}
	var lines []string
	for _, u := range tree.Lines("", day(12, 1)) {
		lines = append(lines, u.Code)
	}
	if want := []string{"jc/own", "jc-cq", "jc-gp", "jc-lc", "jc-qs", "jc-yc", "jc-zz", "jc-kf"}; !slices.Equal(lines, want) {
		t.Errorf("lines %v, want %v", lines, want)
	}
	if under := tree.Lines("jc-gp", day(7, 1)); len(under) != 2 || under[0] != (Line{"jc-gp/own", "高平本级"}) || under[1].Code != "jc-zz-bg" {
		t.Errorf("lines of a county: %v", under)
	}
	if tree.Name("jc-zz-bg") != "北义城镇总工会" || tree.Short("jc-kf") != "开发区" || tree.Name("x") != "x" || tree.Short("x") != "x" {
		t.Error("names by code are wrong")
	}
}

func TestEvolveDoesNotMutate(t *testing.T) {
	t.Parallel()
	base := Decider.Fold(Tree{}, append(founding(), town)...)
	a := evolve(base, UnitRenamed{town.Code, "甲", "甲", day(6, 1)})
	b := evolve(base, UnitRenamed{town.Code, "乙", "乙", day(6, 1)})
	if len(base.Spans(town.Code)) != 1 || a.last(town.Code).Name != "甲" || b.last(town.Code).Name != "乙" {
		t.Error("states share memory")
	}
}

func TestGolden(t *testing.T) { domaintest.Golden(t, *update, Specs()) }
