// Package domaintest helps to test families: stored forms pinned by golden
// files, and given / when / then for deciders.
package domaintest

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/domain"
)

// Golden compares the stored form of every event type with its golden file
// testdata/events/<type>.v<version>.json, in which every field has a value made
// up from its name. What a store would seal stands in "sealed", by class, as it
// is before it is encrypted. Files of earlier versions must still be there and
// decode.
// With update the files of the present version are written anew; look at the
// difference.
func Golden(t *testing.T, update bool, specs []domain.EventSpec) {
	t.Helper()
	for _, spec := range specs {
		zero, err := spec.Decode(json.RawMessage("{}"), spec.Version)
		if err != nil {
			t.Errorf("%s: an empty event does not decode: %v", spec.Type, err)
			continue
		}
		clearText(t, spec.Type, reflect.TypeOf(zero))
		v := reflect.New(reflect.TypeOf(zero)).Elem()
		Fill(v, "")
		want := v.Interface().(domain.Event)
		compare(t, update, file(spec.Type, spec.Version), spec, want)
		for version := 1; version <= spec.Version; version++ {
			stored, err := os.ReadFile(file(spec.Type, version))
			if err != nil {
				t.Errorf("%s has no golden file of version %d: %v", spec.Type, version, err)
				continue
			}
			got, err := decode(spec, stored, version)
			if err != nil {
				t.Errorf("%s version %d does not decode: %v", spec.Type, version, err)
			} else if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); version == spec.Version && diff != "" {
				t.Errorf("%s: decoded (-want +got):\n%s", spec.Type, diff)
			}
		}
	}
}

// freeText are the names of fields into which people write sentences. What
// somebody writes may be about somebody, so it is sealed.
var freeText = []string{"Reason", "Note", "Gist", "Items", "Opinion", "Remark", "Summary", "Description"}

// clearText tells of sentences that would be stored in the clear.
func clearText(t *testing.T, event string, typ reflect.Type) {
	t.Helper()
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return
	}
	for _, f := range reflect.VisibleFields(typ) {
		if f.Tag.Get("seal") != "" || f.Anonymous || !f.IsExported() {
			continue
		}
		plain := f.Type == reflect.TypeFor[string]() || f.Type == reflect.TypeFor[[]string]()
		if plain && slices.Contains(freeText, f.Name) {
			t.Errorf("%s: %s.%s is free text in the clear; give it a seal tag", event, typ, f.Name)
		}
		clearText(t, event, f.Type)
	}
}

func file(eventType string, version int) string {
	return filepath.Join("testdata", "events", fmt.Sprintf("%s.v%d.json", eventType, version))
}

// sealed is the member of the data that holds what is sealed.
type sealed struct {
	Classes map[domain.SealClass]json.RawMessage `json:"sealed"`
}

// form is an event as it is stored, only that what is sealed can be read.
func form(spec domain.EventSpec, ev domain.Event) ([]byte, error) {
	data, personal, err := spec.Extract(ev)
	if err != nil {
		return nil, err
	}
	if len(personal) > 0 {
		s := sealed{map[domain.SealClass]json.RawMessage{}}
		for _, p := range personal {
			s.Classes[p.Class] = p.JSON
		}
		member, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		data = append(append(member[:len(member)-1], ','), data[1:]...)
		data = bytes.Replace(data, []byte("},}"), []byte("}}"), 1)
	}
	var indented bytes.Buffer
	err = json.Indent(&indented, data, "", "  ")
	return indented.Bytes(), err
}

// decode reads what form writes, and data in the clear.
func decode(spec domain.EventSpec, stored []byte, version int) (domain.Event, error) {
	var s sealed
	if err := json.Unmarshal(stored, &s); err != nil {
		return nil, err
	}
	data, err := domain.Restore(stored, slices.Collect(maps.Values(s.Classes))...)
	if err != nil {
		return nil, err
	}
	return spec.Decode(data, version)
}

func compare(t *testing.T, update bool, name string, spec domain.EventSpec, ev domain.Event) {
	t.Helper()
	got, err := form(spec, ev)
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Errorf("%s: no golden file, run the test with -update: %v", ev.EventType(), err)
		return
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the stored form of %s changed (-want +got):\n%s", ev.EventType(), diff)
	}
}

var moment = time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)

// Fill gives every field below v a value that follows from its name.
func Fill(v reflect.Value, name string) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = moment
		return
	case *domain.Date:
		*x = domain.DateOf(moment)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(name)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(len(name)) + 1)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		v.SetUint(uint64(len(name)) + 1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		Fill(v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		Fill(v.Index(0), name)
		Fill(v.Index(1), name)
	case reflect.Array:
		for i := range v.Len() {
			Fill(v.Index(i), name)
		}
	case reflect.Map:
		key, val := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		Fill(key, name)
		Fill(val, name)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, val)
	case reflect.Struct:
		if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok && u.UnmarshalText([]byte("15wd")) == nil {
			return // a length of time
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				Fill(v.Field(i), v.Type().Field(i).Name)
			}
		}
	default:
		panic(fmt.Sprintf("no value for %s of kind %s", name, v.Kind()))
	}
}

// Case is one row of a table of given / when / then. Code is that of the
// rejection that is expected.
type Case[C domain.Command, E domain.Event] struct {
	Name  string
	Given []E
	When  C
	Then  []E
	Code  string
}

// Decides runs a table against a decider.
func Decides[S any, C domain.Command, E domain.Event](t *testing.T, d domain.Decider[S, C, E], cases ...Case[C, E]) {
	t.Helper()
	for _, c := range cases {
		got, err := d.Decide(d.Fold(d.Initial(), c.Given...), c.When)
		code := ""
		var no *domain.Rejection
		if errors.As(err, &no) {
			code = no.Code
		} else if err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if code != c.Code {
			t.Errorf("%s: rejected with %q (%v), want %q", c.Name, code, err, c.Code)
		}
		if diff := cmp.Diff(c.Then, got, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("%s: events (-want +got):\n%s", c.Name, diff)
		}
	}
}
