package domain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// SealClass is 个人信息类别: which key a personal field of an event is sealed
// under. A field says so by the tag seal:"<class>".
type SealClass string

// The classes (个人信息类别).
const (
	SealIdentity  SealClass = "identity"
	SealContact   SealClass = "contact"
	SealBank      SealClass = "bank"
	SealHealth    SealClass = "health"
	SealNarrative SealClass = "narrative"
)

var sealClasses = NewCodes[SealClass]("个人信息类别",
	"identity", "身份信息", "contact", "联系方式", "bank", "银行账户", "health", "健康信息", "narrative", "叙述内容")

// SealClasses is the list of classes (个人信息类别).
func SealClasses() Codes[SealClass] { return sealClasses }

// Label is the Chinese name of the class.
func (c SealClass) Label() string { return sealClasses.Label(c) }

// Personal is 个人信息: all personal fields of one class in an event, as a JSON
// object from where each one stood in the data ("summary", "rows/0/note") to
// its value. Paths and not places in a list: a field that is added to a type
// later does not shift those of events that are stored.
type Personal struct {
	Class SealClass
	JSON  json.RawMessage
}

// InClear is 明文升级: the Upcaster from the last version of an event whose
// personal fields stood in the clear. The data of the next version are the same,
// only without them.
func InClear(data json.RawMessage) (json.RawMessage, error) { return data, nil }

// sealedMember is the member of the stored data that holds what is sealed.
const sealedMember = "sealed"

// sealField is a field with a personal value, or one that leads to such.
type sealField struct {
	index int
	name  string      // in JSON; empty for what is embedded
	class SealClass   // of a personal field itself
	below []sealField // of the struct that it is, points to, or has as elements
}

// sealPlan finds the personal fields of a type. A tag that could not be kept is
// a mistake in the program and panics.
func sealPlan(t reflect.Type, on ...reflect.Type) []sealField {
	if t == nil || t.Kind() != reflect.Struct || slices.Contains(on, t) {
		return nil
	}
	on = append(slices.Clone(on), t)
	var plan []sealField
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		class, personal := f.Tag.Lookup("seal")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			if personal {
				panic(fmt.Sprintf("%s.%s is sealed and not stored", t, f.Name))
			}
			continue
		}
		if name == "" && !f.Anonymous {
			name = f.Name
		}
		elem := f.Type
		for elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Slice || elem.Kind() == reflect.Array {
			elem = elem.Elem()
		}
		next := sealField{index: i, name: name, class: SealClass(class)}
		switch {
		case personal:
			checkSealed(t, f, next, options)
		case elem.Kind() == reflect.Map && len(sealPlan(elem.Elem(), on...)) > 0:
			panic(fmt.Sprintf("%s.%s: what is in a map can only be sealed as a whole", t, f.Name))
		default:
			next.below = sealPlan(elem, on...)
		}
		if name == sealedMember && len(on) == 1 {
			panic(fmt.Sprintf("%s.%s: the name %q is taken", t, f.Name, sealedMember))
		}
		if personal || len(next.below) > 0 {
			plan = append(plan, next)
		}
	}
	return plan
}

// checkSealed panics when a field would stay in the data without its value.
func checkSealed(t reflect.Type, f reflect.StructField, next sealField, options string) {
	has := func(option string) bool { return slices.Contains(strings.Split(options, ","), option) }
	switch {
	case !sealClasses.Has(next.class):
		panic(fmt.Sprintf("%s.%s: no class %q", t, f.Name, next.class))
	case next.name == "":
		panic(fmt.Sprintf("%s.%s: what is sealed needs a name in JSON", t, f.Name))
	case !has("omitzero") && (f.Type.Kind() == reflect.Struct || !has("omitempty")):
		panic(fmt.Sprintf("%s.%s: what is sealed must be left out when it is zero", t, f.Name))
	}
}

// Seals reports whether the event has personal fields.
func (s EventSpec) Seals() bool { return len(s.plan) > 0 }

// Extract takes an event apart: the data without its personal fields, and these
// by class, in the order of their names. The same event gives the same bytes.
// Zero values are in neither.
func (s EventSpec) Extract(ev Event) (json.RawMessage, []Personal, error) {
	if !s.Seals() {
		data, err := json.Marshal(ev)
		return data, nil, err
	}
	rest := reflect.New(reflect.TypeOf(ev)).Elem()
	rest.Set(reflect.ValueOf(ev))
	x := extraction{}
	if err := x.fields(rest, s.plan, ""); err != nil {
		return nil, nil, err
	}
	data, err := json.Marshal(rest.Interface())
	if err != nil {
		return nil, nil, err
	}
	all := make([]Personal, 0, len(x))
	for _, class := range slices.Sorted(maps.Keys(x)) {
		all = append(all, Personal{Class: class, JSON: append(x[class], '}')})
	}
	return data, all, nil
}

// extraction collects the personal fields by class.
type extraction map[SealClass][]byte

// fields takes the personal fields out of a struct that nobody else sees.
func (x extraction) fields(v reflect.Value, plan []sealField, path string) error {
	for _, f := range plan {
		below := path
		if f.name != "" {
			below = join(path, f.name)
		}
		if err := x.take(v.Field(f.index), f, below); err != nil {
			return err
		}
	}
	return nil
}

func (x extraction) take(v reflect.Value, f sealField, path string) error {
	switch {
	case f.class != "":
		return x.add(v, f.class, path)
	case v.Kind() == reflect.Pointer && !v.IsNil():
		own := reflect.New(v.Type().Elem())
		own.Elem().Set(v.Elem())
		v.Set(own)
		return x.take(own.Elem(), f, path)
	case v.Kind() == reflect.Slice && v.Len() > 0:
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v)
		v.Set(own)
		fallthrough
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			if err := x.take(v.Index(i), f, join(path, strconv.Itoa(i))); err != nil {
				return err
			}
		}
	case v.Kind() == reflect.Struct:
		return x.fields(v, f.below, path)
	}
	return nil
}

// add moves one value out of the struct.
func (x extraction) add(v reflect.Value, class SealClass, path string) error {
	if v.IsZero() {
		return nil
	}
	value, err := json.Marshal(v.Interface())
	if err != nil {
		return err
	}
	b, more := x[class]
	if more {
		b = append(b, ',')
	} else {
		b = append(b, '{')
	}
	b = append(strconv.AppendQuote(b, path), ':')
	x[class] = append(b, value...)
	v.SetZero()
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// Restore is 还原: the data of an event with its personal fields in their places
// again, as far as they are given.
func Restore(data json.RawMessage, personal ...json.RawMessage) (json.RawMessage, error) {
	for _, one := range personal {
		if next, ok := splice(data, one); ok {
			data = next
			continue
		}
		var values map[string]json.RawMessage
		err := json.Unmarshal(one, &values)
		if err == nil {
			data, err = insert(data, values)
		}
		if err != nil {
			return nil, fmt.Errorf("personal fields: %w", err)
		}
	}
	return data, nil
}

// splice is insert for values that are all members of the object itself, which
// most are: without a slash there is no path that leads any deeper.
func splice(data, personal json.RawMessage) (json.RawMessage, bool) {
	members, open := bytes.CutPrefix(bytes.TrimSpace(personal), []byte{'{'})
	members, closed := bytes.CutSuffix(members, []byte{'}'})
	rest, ok := bytes.CutPrefix(data, []byte{'{'})
	if !open || !closed || !ok || len(members) == 0 || bytes.IndexByte(members, '/') >= 0 {
		return nil, false
	}
	out := make([]byte, 0, len(data)+len(members)+1)
	out = append(append(out, '{'), members...)
	if len(rest) == 0 || rest[0] != '}' {
		out = append(out, ',')
	}
	return append(out, rest...), true
}

// insert puts values at their paths below an object or an array.
func insert(data json.RawMessage, values map[string]json.RawMessage) (json.RawMessage, error) {
	members := make([]byte, 0, len(data)+256)
	deep := map[string]map[string]json.RawMessage{}
	for path, value := range values {
		name, rest, found := strings.Cut(path, "/")
		if !found {
			members = append(append(strconv.AppendQuote(members, name), ':'), value...)
			members = append(members, ',')
			continue
		}
		if deep[name] == nil {
			deep[name] = map[string]json.RawMessage{}
		}
		deep[name][rest] = value
	}
	data = bytes.TrimSpace(data)
	if len(deep) > 0 {
		var err error
		if data, err = insertDeep(data, deep); err != nil {
			return nil, err
		}
	}
	switch rest, ok := bytes.CutPrefix(data, []byte{'{'}); {
	case len(members) == 0:
		return data, nil
	case !ok:
		return nil, fmt.Errorf("no object to hold them")
	case string(bytes.TrimSpace(rest)) == "}":
		members[len(members)-1] = '}'
		return append([]byte{'{'}, members...), nil
	default:
		return append(append([]byte{'{'}, members...), rest...), nil
	}
}

// insertDeep puts values below the members of an object or the elements of an
// array.
func insertDeep(data json.RawMessage, deep map[string]map[string]json.RawMessage) (json.RawMessage, error) {
	if len(data) > 0 && data[0] == '[' {
		var elements []json.RawMessage
		if err := json.Unmarshal(data, &elements); err != nil {
			return nil, err
		}
		for place, values := range deep {
			i, err := strconv.Atoi(place)
			if err != nil || i < 0 || i >= len(elements) {
				return nil, fmt.Errorf("no element %q", place)
			}
			if elements[i], err = insert(elements[i], values); err != nil {
				return nil, err
			}
		}
		return json.Marshal(elements)
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	for name, values := range deep {
		member := members[name]
		if member == nil { // left out because nothing else was in it
			member = json.RawMessage("{}")
		}
		var err error
		if members[name], err = insert(member, values); err != nil {
			return nil, err
		}
	}
	return json.Marshal(members)
}
