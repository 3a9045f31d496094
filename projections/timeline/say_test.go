package timeline_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/orgunit"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/domain/user"
	"hearth/projections/timeline"
)

// families are the events of all families that have a timeline.
func families() []domain.EventSpec {
	return slices.Concat(complaint.Specs(), calendar.Specs(), enterprise.Specs(), person.Specs(), series.Specs(), orgunit.Specs(), user.Specs())
}

func TestEveryEventHasASentence(t *testing.T) {
	t.Parallel()
	for _, spec := range families() {
		zero, err := spec.Decode(json.RawMessage("{}"), spec.Version)
		if err != nil {
			t.Fatal(err)
		}
		for name, ev := range map[string]domain.Event{"zero": zero, "filled": filled(zero)} {
			line, err := timeline.Say(ev)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			text := timeline.Expand(line.Text, names{})
			if !strings.HasSuffix(text, "。") || strings.Contains(text, "%!") || strings.ContainsAny(text, "⟦⟧\n") {
				t.Errorf("%s of %s: %q is not a sentence", name, spec.Type, text)
			}
			if !timeline.Tracks().Has(line.Track) {
				t.Errorf("%s of %s: no track %q", name, spec.Type, line.Track)
			}
		}
	}
}

func TestForeignEventHasNone(t *testing.T) {
	t.Parallel()
	if _, err := timeline.Say(foreign{}); err == nil || !strings.Contains(err.Error(), "foreign.event") {
		t.Errorf("a sentence for an event of no family: %v", err)
	}
}

type foreign struct{}

func (foreign) EventType() string { return "foreign.event" }

// TestSentencesHoldNothingPersonal fills every text field with its own name and
// looks for those that the families mark with ⓟ.
func TestSentencesHoldNothingPersonal(t *testing.T) {
	t.Parallel()
	personal := personalFields(t)
	if len(personal) < 20 {
		t.Fatalf("only %d personal fields found: are they still marked with ⓟ?", len(personal))
	}
	for _, spec := range families() {
		zero, err := spec.Decode(json.RawMessage("{}"), spec.Version)
		if err != nil {
			t.Fatal(err)
		}
		line, err := timeline.Say(filled(zero))
		if err != nil {
			t.Error(err)
			continue
		}
		for field := range personal {
			if strings.Contains(line.Text, "<"+field+">") {
				t.Errorf("%s: the sentence holds the personal field %s: %s", spec.Type, field, line.Text)
			}
		}
	}
}

// TestSentencesDoNotDependOnPersonalData: a rebuild may not know them any more,
// and must say the same.
func TestSentencesDoNotDependOnPersonalData(t *testing.T) {
	t.Parallel()
	for _, spec := range families() {
		if !spec.Seals() {
			continue
		}
		zero, err := spec.Decode(json.RawMessage("{}"), spec.Version)
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := spec.Extract(filled(zero))
		if err != nil {
			t.Fatal(err)
		}
		without, err := spec.Decode(data, spec.Version)
		if err != nil {
			t.Fatal(err)
		}
		known, err := timeline.Say(filled(zero))
		unknown, err2 := timeline.Say(without)
		if err != nil || err2 != nil || known.Text != unknown.Text {
			t.Errorf("%s: %q, without personal data %q; %v, %v", spec.Type, known.Text, unknown.Text, err, err2)
		}
	}
}

// personalFields are the fields Package.Type.Field whose comment, or that of the
// whole type, has the mark.
func personalFields(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../../domain/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	marked := map[string]bool{}
	for _, file := range files {
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range source.Decls {
			general, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range general.Specs {
				named, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				fields, ok := named.Type.(*ast.StructType)
				if !ok {
					continue
				}
				for _, f := range fields.Fields.List {
					if strings.Contains(general.Doc.Text()+f.Comment.Text(), "ⓟ") {
						for _, name := range f.Names {
							marked[source.Name.Name+"."+named.Name.Name+"."+name.Name] = true
						}
					}
				}
			}
		}
	}
	return marked
}

// filled is an event of the same type whose text fields hold their own names.
func filled(zero domain.Event) domain.Event {
	v := reflect.New(reflect.TypeOf(zero)).Elem()
	fill(v, "")
	return v.Interface().(domain.Event)
}

func fill(v reflect.Value, name string) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
		return
	case *domain.Date:
		*x = domain.NewDate(2026, 11, 23)
		return
	case *calendar.Length:
		*x, _ = calendar.ParseLength("15wd")
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("<" + name + ">")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(7)
	case reflect.Uint8:
		v.SetUint(7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), name)
		fill(v.Index(1), name)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), name)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			pkg := v.Type().PkgPath()
			fill(v.Field(i), pkg[strings.LastIndex(pkg, "/")+1:]+"."+v.Type().Name()+"."+f.Name)
		}
	default:
		panic(fmt.Sprintf("no value for %s of kind %s", name, v.Kind()))
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	line, err := timeline.Say(complaint.HandlerAssigned{Handler: "u7", CoHandler: "u8"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := timeline.Expand(line.Text, names{}), "指派用户u7经办,协办人用户u8。"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for in, want := range map[string]string{
		"":                  "",
		"没有标记。":             "没有标记。",
		"⟦u:a⟧和⟦o:b⟧":       "用户a和单位b",
		"⟦e:1⟧、⟦p:2⟧":       "企业1、人员2",
		"⟦x:后来的一种⟧还在":       "后来的一种还在",
		"没有结尾⟦u:a":          "没有结尾用户a",
		"⟦u:u:with:colons⟧": "用户u:with:colons",
	} {
		if got := timeline.Expand(in, names{}); got != want {
			t.Errorf("Expand(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNobodyCanWriteAMark(t *testing.T) {
	t.Parallel()
	for _, ev := range []domain.Event{
		complaint.DuplicateDismissed{By: "u1", OtherNo: "7", Reason: "⟦p:1⟧"},
		complaint.DispatchSigned{By: "u1⟧⟦p:1"},
	} {
		line, err := timeline.Say(ev)
		if err != nil {
			t.Fatal(err)
		}
		if got := timeline.Expand(line.Text, names{}); strings.Contains(got, "人员") {
			t.Errorf("%T: text that somebody wrote became a mark: %q", ev, got)
		}
	}
}

// names gives names that show what was asked for.
type names struct{}

func (names) User(id string) string       { return "用户" + id }
func (names) Org(code string) string      { return "单位" + code }
func (names) Enterprise(id string) string { return "企业" + id }
func (names) Person(id string) string     { return "人员" + id }
