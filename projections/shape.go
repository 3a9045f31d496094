package projections

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"
)

// column is one field of a row.
type column struct {
	name  string
	key   bool
	index []int // of the field, through embedded structs
	typ   reflect.Type
}

// shape is what reflection knows about rows of type R with keys of type K. It
// is made once.
type shape[K comparable, R any] struct {
	columns []column // the key's first
	keys    int      // how many
	keyOf   [][]int  // of each key column, its field in K; nil when K is the field itself
}

func shapeOf[K comparable, R any]() (shape[K, R], error) {
	var s shape[K, R]
	row := reflect.TypeFor[R]()
	if row.Kind() != reflect.Struct {
		return s, fmt.Errorf("%v is not a struct", row)
	}
	all, err := columnsOf(row)
	if err != nil {
		return s, err
	}
	var rest []column
	for _, c := range all {
		if c.key {
			s.columns = append(s.columns, c)
		} else {
			rest = append(rest, c)
		}
	}
	s.keys = len(s.columns)
	s.columns = append(s.columns, rest...)
	return s, s.matchKey(reflect.TypeFor[K]())
}

// matchKey finds the columns of the primary key in K.
func (s *shape[K, R]) matchKey(key reflect.Type) error {
	switch {
	case s.keys == 0:
		return errors.New(`no field is tagged db:"…,key"`)
	case s.keys == 1 && s.columns[0].typ == key:
		return nil
	case key.Kind() != reflect.Struct:
		return fmt.Errorf("%v is not the key of these rows", key)
	}
	fields, err := columnsOf(key)
	if err != nil {
		return err
	}
	if len(fields) != s.keys {
		return fmt.Errorf("%v has %d fields, the key %d", key, len(fields), s.keys)
	}
	for _, c := range s.columns[:s.keys] {
		found := false
		for _, f := range fields {
			if f.name == c.name && f.typ == c.typ {
				s.keyOf, found = append(s.keyOf, f.index), true
			}
		}
		if !found {
			return fmt.Errorf("%v has no field for %s", key, c.name)
		}
	}
	return nil
}

func columnsOf(t reflect.Type) ([]column, error) {
	var columns []column
	seen := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		tag, tagged := f.Tag.Lookup("db")
		switch {
		case tag == "-" || f.Anonymous && !tagged:
			continue
		case len(f.Index) > 1 && !promoted(t, f.Index):
			continue
		case !f.IsExported():
			return nil, fmt.Errorf("field %s is not exported", f.Name)
		case !tagged:
			return nil, fmt.Errorf(`field %s has no db tag; if it is no column, tag it db:"-"`, f.Name)
		}
		name, option, _ := strings.Cut(tag, ",")
		if name == "" || seen[name] || option != "" && option != "key" {
			return nil, fmt.Errorf("field %s: bad tag %q", f.Name, tag)
		}
		seen[name] = true
		columns = append(columns, column{name: name, key: option == "key", index: f.Index, typ: f.Type})
	}
	return columns, nil
}

// promoted reports that a field is reached through embedded structs without a
// tag; an embedded struct with a tag is a column itself.
func promoted(t reflect.Type, index []int) bool {
	for i := 1; i < len(index); i++ {
		outer := t.FieldByIndex(index[:i])
		if _, tagged := outer.Tag.Lookup("db"); tagged || outer.Type.Kind() != reflect.Struct {
			return false
		}
	}
	return true
}

// Key is the key of a row.
func (s *shape[K, R]) Key(row *R) K {
	var key K
	from := reflect.ValueOf(row).Elem()
	if s.keyOf == nil {
		return from.FieldByIndex(s.columns[0].index).Interface().(K)
	}
	to := reflect.ValueOf(&key).Elem()
	for i, field := range s.keyOf {
		to.FieldByIndex(field).Set(from.FieldByIndex(s.columns[i].index))
	}
	return key
}

func (s *shape[K, R]) setKey(row *R, key K) {
	to, from := reflect.ValueOf(row).Elem(), reflect.ValueOf(key)
	if s.keyOf == nil {
		to.FieldByIndex(s.columns[0].index).Set(from)
		return
	}
	for i, field := range s.keyOf {
		to.FieldByIndex(s.columns[i].index).Set(from.FieldByIndex(field))
	}
}

func (s *shape[K, R]) names() []string {
	names := make([]string, len(s.columns))
	for i, c := range s.columns {
		names[i] = c.name
	}
	return names
}

// pointers sets into to the addresses of a row's fields. Those of UUIDs are
// untyped: pgx would make a text of each and parse it.
func (s *shape[K, R]) pointers(row *R, into []any) {
	v := reflect.ValueOf(row).Elem()
	for i, c := range s.columns {
		address := v.FieldByIndex(c.index).Addr()
		if isUUID(c.typ) {
			address = address.Convert(reflect.PointerTo(uuidBytes))
		}
		into[i] = address.Interface()
	}
}

var uuidBytes = reflect.TypeFor[[16]byte]()

func isUUID(t reflect.Type) bool { return t.Kind() == reflect.Array && t.ConvertibleTo(uuidBytes) }

// values sets into to the values of a row's fields.
func (s *shape[K, R]) values(row *R, into []any) {
	v := reflect.ValueOf(row).Elem()
	for i, c := range s.columns {
		into[i] = v.FieldByIndex(c.index).Interface()
	}
}

// transpose turns rows into one slice for each column.
func (s *shape[K, R]) transpose(rows iter.Seq[*R]) []reflect.Value {
	all := make([]reflect.Value, 0, 64)
	for row := range rows {
		all = append(all, reflect.ValueOf(row).Elem())
	}
	slices := make([]reflect.Value, len(s.columns))
	for i, c := range s.columns {
		slice := reflect.MakeSlice(reflect.SliceOf(c.typ), len(all), len(all))
		for n, row := range all {
			slice.Index(n).Set(row.FieldByIndex(c.index))
		}
		slices[i] = slice
	}
	return slices
}

// keyColumns turns keys into one slice for each key column.
func (s *shape[K, R]) keyColumns(keys []K) []reflect.Value {
	all := reflect.ValueOf(keys)
	if s.keyOf == nil {
		return []reflect.Value{all}
	}
	slices := make([]reflect.Value, s.keys)
	for i, field := range s.keyOf {
		slice := reflect.MakeSlice(reflect.SliceOf(s.columns[i].typ), len(keys), len(keys))
		for n := range keys {
			slice.Index(n).Set(all.Index(n).FieldByIndex(field))
		}
		slices[i] = slice
	}
	return slices
}
