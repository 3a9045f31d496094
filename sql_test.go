package hearth_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// composed are the functions that may put a statement together, each with why
// nothing that anybody sends can get into it.
var composed = map[string]string{
	"adapters/backup/tables.go CheckDatabase":       "names of tables, from the program's own list, quoted",
	"adapters/postgres/session.go NewSession":       "settings, from the callers' constants",
	"projections/archive/leaves.go subjectsDamaged": "number of a partition, and one of two orders",
	"projections/archive/mend.go rowByRow":          "name of a partition, from its number",
	"projections/archive/mend.go copyRows":          "names of partitions, from their numbers",
	"projections/build.go replace":                  "names of schemas, from name and version of a model, quoted",
	"projections/build.go promote":                  "the same",
	"projections/clean.go drop":                     "the same",
	"projections/writer.go use":                     "the same",
	"projections/schema.go UseSchema":               "the same",
	"projections/schema.go MakeTables":              "the same, and the model's own schema.sql",
	"projections/schema.go MakeIndexes":             "the same, and names of tables out of the catalogue, quoted",
	"projections/complaints/board.go figures":       "indicators, from the program's own list",
	"projections/complaints/board.go Rows":          "an indicator, found by its code in the program's own list",
	"projections/complaints/list.go List":           "an order, found by its code in a fixed list",
	"projections/complaints/inbox.go Inbox":         "the predicates of a role, from a fixed list",
	"projections/enterprises/queries.go Suggest":    "constants and one predicate of the package",
	"projections/search/queries.go find":            "texts of the package that hold its one predicate of who sees what",
	"projections/search/queries.go ranked":          "the same",
	"projections/search/queries.go newest":          "the same",
	"projections/search/queries.go cases":           "the same",
	"projections/table.go Load":                     "columns of a table of the program",
	"projections/table.go LoadWhere":                "the same; the column is looked up in the table",
	"projections/table.go Save":                     "columns of a table of the program",
	"projections/table.go Delete":                   "the same",
}

// asksSQL are the methods that take a statement.
var asksSQL = []string{"Query", "QueryRow", "Exec", "Queue", "Prepare", "ExecParams", "QueryContext", "QueryRowContext", "ExecContext"}

// passOn are functions of ours that take a statement, or the end of one: those
// who call them are looked at in their place. The number is that of the argument.
var passOn = map[string]int{
	"adapters/accounts find": 1, "adapters/accounts one": 1, "adapters/accounts tellFailures": 1,
	"projections readCheckpoints": 2, "projections readCheckpoint": 2, "projections collect": 3,
	"projections/complaints one": 1, "projections/complaints collect": 2, "projections/complaints lines": 4,
	"projections/access read": 1, "projections/enterprises collect": 2, "projections/orgs collect": 1, "projections/people rows": 1, "projections/people same": 2, "projections/people persons": 1, "projections/people households": 1,
	"projections/search page": 1, "projections/search documents": 1, "projections/timeline entries": 1,
}

// TestStatementsAreFixed: a statement is a text of the program. What is not,
// stands in the list above with its reason.
func TestStatementsAreFixed(t *testing.T) {
	t.Parallel()
	fset, files := sources(t)
	consts := map[string]map[string]bool{} // of a package
	for _, f := range files {
		if consts[f.pkg] == nil {
			consts[f.pkg] = map[string]bool{}
		}
		for _, d := range f.ast.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, s := range g.Specs {
					for _, n := range s.(*ast.ValueSpec).Names {
						consts[f.pkg][n.Name] = true
					}
				}
			}
		}
	}
	found := map[string]bool{}
	for _, f := range files {
		if f.test || f.support() || strings.HasPrefix(f.pkg, "bench") {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				name := called(call.Fun)
				at, wrapped := passOn[f.pkg+" "+name]
				switch _, own := passOn[f.pkg+" "+fn.Name.Name]; {
				case own, !wrapped && (!slices.Contains(asksSQL, name) || len(call.Args) == 0):
					return true
				case !wrapped && name != "Queue" && len(call.Args) > 1:
					at = 1 // behind the context
				}
				if at < len(call.Args) && !fixed(call.Args[at], consts[f.pkg], fn) {
					where := f.path + " " + fn.Name.Name
					found[where] = true
					if composed[where] == "" {
						t.Errorf("%s: %s puts a statement together; take arguments, or say in the list why nothing foreign gets into it", fset.Position(call.Pos()), fn.Name.Name)
					}
				}
				return true
			})
		}
	}
	for name := range composed {
		if !found[name] {
			t.Errorf("%s is in the list and puts no statement together", name)
		}
	}
}

// called is the name of the function that a call calls.
func called(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr:
		return called(e.X)
	}
	return ""
}

// fixed reports whether a text is made of texts and constants of the package
// alone, also by way of a local constant or variable that is.
func fixed(e ast.Expr, consts map[string]bool, fn *ast.FuncDecl) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.ParenExpr:
		return fixed(e.X, consts, fn)
	case *ast.BinaryExpr:
		return e.Op == token.ADD && fixed(e.X, consts, fn) && fixed(e.Y, consts, fn)
	case *ast.Ident:
		return consts[e.Name] || local(e.Name, consts, fn)
	}
	return false
}

// local reports whether every value that a name of the function is given is fixed.
func local(name string, consts map[string]bool, fn *ast.FuncDecl) bool {
	given, good := false, true
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if id, ok := l.(*ast.Ident); ok && id.Name == name {
					given = true
					good = good && len(n.Lhs) == len(n.Rhs) && !mentions(n.Rhs[i], name) && fixed(n.Rhs[i], consts, fn)
				}
			}
		case *ast.ValueSpec:
			for i, id := range n.Names {
				if id.Name == name {
					given = true
					good = good && i < len(n.Values) && fixed(n.Values[i], consts, fn)
				}
			}
		}
		return true
	})
	return given && good
}

func mentions(e ast.Expr, name string) (found bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return true
	})
	return found
}
