package orgs_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/adapters/localpg/pgtest"
	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/eventstore"
	"hearth/projections/orgs"
	"hearth/projections/projtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	by     = domain.By{Actor: domain.Actor{ID: "u1", Org: "jc", Role: domain.RoleSystemAdmin}, At: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}
	stream = eventstore.StreamID{Family: orgunit.Family, Case: orgunit.Case}
)

func day(m time.Month, d int) domain.Date { return domain.NewDate(2026, m, d) }

// register is a tree that is changed by its rules, with the log of what happened.
type register struct {
	t    *testing.T
	tree orgunit.Tree
	log  *projtest.Log
}

func newRegister(t *testing.T) *register {
	r := &register{t: t, log: projtest.NewLog(t, eventstore.NewRegistry(orgunit.Specs()))}
	for _, cmd := range orgunit.FoundingCommands() {
		r.do(cmd)
	}
	return r
}

// do reports whether the tree took the change.
func (r *register) do(cmd orgunit.Command) bool {
	cmd.Stamp(by)
	events, err := orgunit.Decider.Decide(r.tree, cmd)
	if err != nil || len(events) == 0 {
		return false
	}
	r.tree = orgunit.Decider.Fold(r.tree, events...)
	stored := make([]domain.Event, len(events))
	for i, ev := range events {
		stored[i] = ev
	}
	r.log.Add(stream, by, stored...)
	return true
}

func (r *register) must(cmds ...orgunit.Command) {
	r.t.Helper()
	for _, cmd := range cmds {
		if !r.do(cmd) {
			r.t.Fatalf("%+v was refused", cmd)
		}
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func codes(places []orgs.Place) []string {
	var all []string
	for _, p := range places {
		all = append(all, p.Code)
	}
	return all
}

// TestAsOf moves a town with a union below it from one county to another.
func TestAsOf(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	r.must(
		&orgunit.Found{Code: "t", Name: "米山镇总工会", Short: "米山", Parent: "jc-gp", Kind: orgunit.KindTown, FromDate: day(2, 1)},
		&orgunit.Found{Code: "s", Name: "某公司工会", Short: "某公司", Parent: "t", Kind: orgunit.KindBase, FromDate: day(3, 1)},
		&orgunit.Rename{Code: "s", Name: "新公司工会", Short: "新公司", FromDate: day(4, 1)},
		&orgunit.Move{Code: "t", To: "jc-zz", FromDate: day(6, 1), Basis: "晋市工〔2026〕1号"},
		&orgunit.Dissolve{Code: "s", FromDate: day(8, 1), Basis: "撤"},
	)
	q := orgs.NewQueries(projtest.Run(t, orgs.New(), r.log.Events()))
	want := []orgs.Place{
		{Code: "s", From: day(8, 1), Name: "新公司工会", Short: "新公司", Kind: orgunit.KindBase, Parent: "t", Dissolved: true},
		{Code: "s", From: day(3, 1), Until: day(4, 1), Name: "某公司工会", Short: "某公司", Kind: orgunit.KindBase, Parent: "t", Path: "jc/jc-gp/t/s/"},
		{Code: "s", From: day(4, 1), Until: day(6, 1), Name: "新公司工会", Short: "新公司", Kind: orgunit.KindBase, Parent: "t", Path: "jc/jc-gp/t/s/"},
		{Code: "s", From: day(6, 1), Until: day(8, 1), Name: "新公司工会", Short: "新公司", Kind: orgunit.KindBase, Parent: "t", Path: "jc/jc-zz/t/s/"},
	}
	slices.SortFunc(want, func(a, b orgs.Place) int { return a.From.Sub(b.From) })
	if diff := cmp.Diff(want, must(q.History(t.Context(), "s"))(t), cmp.AllowUnexported(domain.Date{})); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	for on, want := range map[domain.Date][]string{day(1, 1): {"jc-gp"}, day(5, 31): {"jc-gp", "t", "s"}, day(6, 1): {"jc-gp"}} {
		if got := codes(must(q.Below(t.Context(), "jc-gp", on))(t)); !slices.Equal(got, want) {
			t.Errorf("below Gaoping on %s: %v, want %v", on, got, want)
		}
	}
	if got := codes(must(q.Below(t.Context(), "jc-zz", day(9, 1)))(t)); !slices.Equal(got, []string{"jc-zz", "t"}) {
		t.Errorf("below Zezhou: %v", got)
	}
	for code, on := range map[string]domain.Date{"s": day(8, 1), "t": day(1, 1), "x": day(9, 1)} {
		if _, err := q.On(t.Context(), code, on); !errors.Is(err, orgs.ErrNotFound) {
			t.Errorf("%s on %s: %v, want ErrNotFound", code, on, err)
		}
	}
}

// TestRowsAreTheTree holds the rows against the tree of the domain on every day
// of a random history.
func TestRowsAreTheTree(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	draw := rand.New(rand.NewPCG(2026, 11))
	units := []string{"jc"}
	for _, u := range orgunit.Jincheng() {
		units = append(units, u.Code)
	}
	any := func() string { return units[draw.IntN(len(units))] }
	changes := 0
	for n := range 150 {
		on := day(1, 1).AddDays(n/2 + draw.IntN(20))
		var cmd orgunit.Command
		switch code := fmt.Sprint("u-", n); draw.IntN(5) {
		case 0, 1:
			cmd = &orgunit.Found{Code: code, Name: code, Short: code, Parent: any(), Kind: orgunit.KindTown, FromDate: on}
			units = append(units, code)
		case 2:
			cmd = &orgunit.Rename{Code: any(), Name: code, Short: code, FromDate: on}
		case 3:
			cmd = &orgunit.Move{Code: any(), To: any(), FromDate: on, Basis: "x"}
		case 4:
			cmd = &orgunit.Dissolve{Code: any(), FromDate: on, Basis: "x"}
		}
		if r.do(cmd) {
			changes++
		}
	}
	q := orgs.NewQueries(projtest.Run(t, orgs.New(), r.log.Events()))
	for n := range 110 {
		on := day(1, 1).AddDays(n - 5)
		var want, got []orgunit.Unit
		want = r.tree.All(on)
		for _, p := range must(q.All(t.Context(), on))(t) {
			got = append(got, orgunit.Unit{Code: p.Code, Name: p.Name, Short: p.Short, Parent: p.Parent, Kind: p.Kind})
			if path := r.tree.Path(p.Code, on); path != p.Path {
				t.Errorf("path of %s on %s: %q, want %q", p.Code, on, p.Path, path)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("units on %s (-tree +rows):\n%s", on, diff)
		}
	}
	t.Logf("%d changes, %d units", changes, len(units))
}
