package complaint

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"hearth/domain/domaintest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) { domaintest.Golden(t, *update, Specs()) }

// declared are the types of this package with a method, from the source, so that
// none can be forgotten in a list.
func declared(t *testing.T, method string) []string {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range files {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != method {
				continue
			}
			typ := fn.Recv.List[0].Type
			if star, ok := typ.(*ast.StarExpr); ok {
				typ = star.X
			}
			names = append(names, typ.(*ast.Ident).Name)
		}
	}
	return names
}

func TestEveryEventHasASpec(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range Specs() {
		if seen[s.Type] || !strings.HasPrefix(s.Type, Family+".") {
			t.Errorf("event type %s: twice, or not of the family", s.Type)
		}
		seen[s.Type] = true
	}
	if n := len(declared(t, "apply")); n != len(seen) {
		t.Errorf("%d types of events, %d specs", n, len(seen))
	}
}

func TestEveryCommandHasASpec(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range Commands() {
		if seen[c.Name] {
			t.Errorf("command %s is in the table twice", c.Name)
		}
		seen[c.Name] = true
		cmd, ok := NewCommand(c.Name)
		if !ok || NameOf(cmd) != c.Name || cmd == c.New() {
			t.Errorf("NewCommand(%q) = %#v, %v", c.Name, cmd, ok)
		}
		if c.Label == "" || len(c.Roles) == 0 || len(c.Phases) == 0 || !Groups().Has(c.Group) {
			t.Errorf("command %s: label, roles, phases and group are needed: %+v", c.Name, c)
		}
	}
	if n := len(declared(t, "command")); n != len(seen) {
		t.Errorf("%d types of commands, %d specs", n, len(seen))
	}
	if _, ok := NewCommand("nonsense"); ok {
		t.Error("there is a command of an unknown name")
	}
}

func TestCodeListsAreWellFormed(t *testing.T) {
	t.Parallel()
	for field, table := range CodeLists() {
		codes, labels := map[string]bool{}, map[string]bool{}
		for _, e := range table.Entries {
			if e[0] == "" || e[1] == "" || codes[e[0]] || labels[e[1]] {
				t.Errorf("%s (%s): entry %v is empty or there twice", field, table.Name, e)
			}
			codes[e[0]], labels[e[1]] = true, true
		}
	}
}
