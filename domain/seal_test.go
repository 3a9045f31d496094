package domain_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hearth/domain"
)

type place struct {
	Street string `json:"street,omitempty" seal:"contact"`
	City   string `json:"city,omitempty"`
}

type proof struct {
	Kind string   `json:"kind"`
	Note string   `json:"note,omitempty" seal:"narrative"`
	At   *place   `json:"at,omitempty"`
	Many []*place `json:"many,omitempty"`
}

type met struct {
	proof
	Name   string   `json:"name,omitempty" seal:"identity"`
	Who    *place   `json:"who,omitempty" seal:"health"`
	Proofs []proof  `json:"proofs,omitempty"`
	Pair   [2]place `json:"pair"`
	Empty  place    `json:"empty,omitzero"`
	Seen   []string `json:"seen,omitempty" seal:"narrative"`
}

func (met) EventType() string { return "test.met" }

func full() met {
	return met{
		proof: proof{Kind: "k", Note: "note 0", At: &place{Street: "street 1", City: "c"}},
		Name:  "name 2", Who: &place{City: "city 3"},
		Proofs: []proof{{Kind: "a"}, {Kind: "b", Note: "note 4", Many: []*place{nil, {Street: "street 5"}}}},
		Pair:   [2]place{{}, {Street: "street 6"}}, Empty: place{Street: "street 7"}, Seen: []string{"seen 8"},
	}
}

func restored(t *testing.T, spec domain.EventSpec, data json.RawMessage, personal []domain.Personal) domain.Event {
	t.Helper()
	for _, p := range personal {
		var err error
		if data, err = domain.Restore(data, p.JSON); err != nil {
			t.Fatal(err)
		}
	}
	ev, err := spec.Decode(data, spec.Version)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

// What was taken apart is whole again; what is sealed is not in the data, and the
// event that it was taken from is as it was.
func TestExtractAndRestore(t *testing.T) {
	t.Parallel()
	spec := domain.Spec[met](domain.InClear)
	ev := full()
	data, personal, err := spec.Extract(ev)
	if err != nil {
		t.Fatal(err)
	}
	all := cmp.AllowUnexported(met{})
	if diff := cmp.Diff(full(), ev, all); diff != "" {
		t.Errorf("extracting changed the event:\n%s", diff)
	}
	for _, word := range []string{"note 0", "street", "name 2", "city 3", "note 4", "seen"} {
		if strings.Contains(string(data), word) {
			t.Errorf("%q is still in the data: %s", word, data)
		}
	}
	got := map[string]string{}
	for _, p := range personal {
		got[string(p.Class)] = string(p.JSON)
	}
	want := map[string]string{
		"contact":   `{"at/street":"street 1","proofs/1/many/1/street":"street 5","pair/1/street":"street 6","empty/street":"street 7"}`,
		"health":    `{"who":{"city":"city 3"}}`,
		"identity":  `{"name":"name 2"}`,
		"narrative": `{"note":"note 0","proofs/1/note":"note 4","seen":["seen 8"]}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("personal fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(domain.Event(full()), restored(t, spec, data, personal), all); diff != "" {
		t.Errorf("restored (-want +got):\n%s", diff)
	}
	// In the clear, as version 1 was, nothing is needed.
	clear, _ := json.Marshal(ev)
	if back, err := spec.Decode(clear, 1); err != nil || !reflect.DeepEqual(back, domain.Event(ev)) {
		t.Errorf("version 1 in the clear: %v, %v", back, err)
	}
	// One class that is gone leaves its fields empty and the others as they are.
	want2 := full()
	want2.Name = ""
	if diff := cmp.Diff(domain.Event(want2), restored(t, spec, data, append(personal[:2:2], personal[3:]...)), all); diff != "" {
		t.Errorf("without the identity (-want +got):\n%s", diff)
	}
}

func TestZeroValuesAreNotSealed(t *testing.T) {
	t.Parallel()
	spec := domain.Spec[met]()
	data, personal, err := spec.Extract(met{Proofs: []proof{{}}})
	if err != nil || len(personal) > 0 || string(data) != `{"kind":"","proofs":[{"kind":""}],"pair":[{},{}]}` {
		t.Errorf("%s, %v, %v", data, personal, err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range [][2]string{
		{`{"a":[{}]}`, `{"a/1/b":1}`},
		{`{"a":[{}]}`, `{"a/x/b":1}`},
		{`{"a":[{}]}`, `{"a/0":1}`},
		{`{"a":3}`, `{"a/b":1}`},
		{`[]`, `{"a":1}`},
		{`{}`, `[1]`},
	} {
		if got, err := domain.Restore(json.RawMessage(tc[0]), json.RawMessage(tc[1])); err == nil {
			t.Errorf("Restore(%s, %s) = %s", tc[0], tc[1], got)
		}
	}
}

type (
	noClass struct {
		A string `json:"a,omitempty" seal:"secret"`
	}
	stays struct {
		A string `json:"a" seal:"bank"`
	}
	staysToo struct {
		A place `json:"a,omitempty" seal:"bank"`
	}
	notStored struct {
		A string `json:"-" seal:"bank"`
	}
	inMap struct {
		A map[string]place `json:"a"`
	}
	takesTheName struct {
		A string `json:"sealed,omitempty" seal:"bank"`
	}
)

func (noClass) EventType() string      { return "t" }
func (stays) EventType() string        { return "t" }
func (staysToo) EventType() string     { return "t" }
func (notStored) EventType() string    { return "t" }
func (inMap) EventType() string        { return "t" }
func (takesTheName) EventType() string { return "t" }

func TestTagsThatCannotBeKeptPanic(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]func(){
		"no such class": func() { domain.Spec[noClass]() }, "stays in the data": func() { domain.Spec[stays]() },
		"struct stays": func() { domain.Spec[staysToo]() }, "not stored": func() { domain.Spec[notStored]() },
		"in a map": func() { domain.Spec[inMap]() }, "name of ours": func() { domain.Spec[takesTheName]() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			spec()
		}()
	}
}

// declaration is a struct type in the sources of the families.
type declaration struct {
	name   string // package.Type
	marked bool   // its comment has ⓟ
	event  bool
	fields *ast.FieldList
}

func declarations(t *testing.T) map[string]*declaration {
	t.Helper()
	all, events := map[string]*declaration{}, map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GenDecl:
				for _, spec := range n.Specs {
					typ, ok := spec.(*ast.TypeSpec)
					if !ok {
						continue
					}
					if s, ok := typ.Type.(*ast.StructType); ok {
						name := file.Name.Name + "." + typ.Name.Name
						all[name] = &declaration{name: name, fields: s.Fields, marked: strings.Contains(n.Doc.Text(), "ⓟ")}
					}
				}
			case *ast.FuncDecl:
				if n.Recv != nil && n.Name.Name == "EventType" {
					if typ, ok := n.Recv.List[0].Type.(*ast.Ident); ok {
						events[file.Name.Name+"."+typ.Name] = true
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range events {
		if all[name] != nil {
			all[name].event = true
		}
	}
	return all
}

// TestPersonalFieldsAreTagged: the mark ⓟ for people and the tag for the program
// say the same. A type may be marked as a whole; then the fields of events that
// hold it have the tag.
func TestPersonalFieldsAreTagged(t *testing.T) {
	t.Parallel()
	all, tagged := declarations(t), 0
	for _, d := range all {
		for _, f := range d.fields.List {
			typ := f.Type
			if star, ok := typ.(*ast.StarExpr); ok {
				typ = star.X
			}
			ofMarked := false
			if id, ok := typ.(*ast.Ident); ok {
				pkg, _, _ := strings.Cut(d.name, ".")
				of := all[pkg+"."+id.Name]
				ofMarked = d.event && of != nil && of.marked
			}
			mark := strings.Contains(f.Comment.Text()+f.Doc.Text(), "ⓟ") || ofMarked
			tag := f.Tag != nil && strings.Contains(f.Tag.Value, `seal:"`)
			if tag {
				tagged++
			}
			if mark != tag {
				t.Errorf("%s, field %v: marked with ⓟ %v, tagged with seal %v", d.name, f.Names, mark, tag)
			}
		}
	}
	if tagged < 30 {
		t.Errorf("only %d tagged fields found", tagged)
	}
}
