package projections

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// statements is the SQL for one table. All rows of a statement travel as one
// array for each column, which unnest turns into rows again.
type statements struct {
	columns []fitted
	keys    int
	load    string
	save    string
	remove  string
	where   map[string]string
}

// fitted is a column whose type in the database is known.
type fitted struct {
	column
	pgType string
	oid    uint32
	how    transport
}

// transport is how the values of a column travel.
type transport int

const (
	asArray transport = iota // as an array of the column's type
	asText                   // as an array of texts: types that pgx does not know
	asList                   // as an array of array literals: unnest would flatten arrays of arrays
	asJSON                   // as an array of JSON texts
)

const columnSQL = `
select a.attname as name, format_type(a.atttypid, null) as pg_type, a.atttypid as oid,
       t.typarray as array_oid, t.typcategory = 'A' as list
  from pg_attribute a join pg_type t on t.oid = a.atttypid
 where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped`

// learn asks the database for the types of a table's columns, so that a struct
// that does not fit its table is told by name.
func learn(ctx context.Context, tx pgx.Tx, table string, columns []column) (*statements, error) {
	type described struct {
		Name     string
		PgType   string
		OID      uint32
		ArrayOID uint32
		List     bool
	}
	rows, err := tx.Query(ctx, columnSQL, pgx.Identifier{table}.Sanitize())
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[described])
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the schema has no such table")
	}
	byName := make(map[string]described, len(all))
	for _, d := range all {
		byName[d.Name] = d
	}
	s := &statements{}
	for _, c := range columns {
		d, ok := byName[c.name]
		if !ok {
			return nil, fmt.Errorf("field for a column %s, which the table does not have", c.name)
		}
		f := fitted{column: c, pgType: d.PgType, oid: d.OID}
		_, known := tx.Conn().TypeMap().TypeForOID(d.ArrayOID)
		switch {
		case d.OID == pgtype.JSONOID || d.OID == pgtype.JSONBOID:
			f.how = asJSON
		case d.List:
			f.how = asList
		case !known:
			f.how = asText
		}
		s.columns = append(s.columns, f)
		if c.key {
			s.keys++
		}
	}
	s.write(pgx.Identifier{table}.Sanitize())
	return s, nil
}

// write makes the statements. Names come from tags in the program.
func (s *statements) write(table string) {
	var names, updates, keyNames []string
	for _, c := range s.columns {
		name := pgx.Identifier{c.name}.Sanitize()
		names = append(names, name)
		if c.key {
			keyNames = append(keyNames, name)
		} else {
			updates = append(updates, name+" = excluded."+name)
		}
	}
	list, key := strings.Join(names, ", "), strings.Join(keyNames, ", ")
	action := "do nothing"
	if len(updates) > 0 {
		action = "do update set " + strings.Join(updates, ", ")
	}
	s.save = fmt.Sprintf("insert into %s (%s) %s on conflict (%s) %s", table, list, unnest(s.columns), key, action)
	match := fmt.Sprintf("(%s) in (%s)", key, unnest(s.columns[:s.keys]))
	if s.keys == 1 {
		match = fmt.Sprintf("%s = any ($1::%s[])", key, s.columns[0].pgType)
	}
	s.load = fmt.Sprintf("select %s from %s where %s", list, table, match)
	s.remove = fmt.Sprintf("delete from %s where %s", table, match)
	s.where = make(map[string]string, len(names))
	for i, c := range s.columns {
		s.where[c.name] = fmt.Sprintf("select %s from %s where %s = any ($1::%s[])", list, table, names[i], c.pgType)
	}
}

// unnest is the select that turns one array parameter per column into rows.
func unnest(columns []fitted) string {
	var out, in, as []string
	for i, c := range columns {
		alias := fmt.Sprintf("c%d", i+1)
		as = append(as, alias)
		if c.how == asArray {
			out = append(out, "u."+alias)
			in = append(in, fmt.Sprintf("$%d::%s[]", i+1, c.pgType))
		} else {
			out = append(out, "u."+alias+"::"+c.pgType)
			in = append(in, fmt.Sprintf("$%d::text[]", i+1))
		}
	}
	return fmt.Sprintf("select %s from unnest(%s) as u(%s)",
		strings.Join(out, ", "), strings.Join(in, ", "), strings.Join(as, ", "))
}

func (s *statements) keyArgs(tx pgx.Tx, values []reflect.Value) ([]any, error) {
	if s.keys == 1 {
		return []any{plain(values[0])}, nil
	}
	return s.args(tx, s.columns[:s.keys], values)
}

func (s *statements) rowArgs(tx pgx.Tx, values []reflect.Value) ([]any, error) {
	return s.args(tx, s.columns, values)
}

func (s *statements) args(tx pgx.Tx, columns []fitted, values []reflect.Value) ([]any, error) {
	args := make([]any, len(columns))
	for i, c := range columns {
		var err error
		switch c.how {
		case asArray, asText:
			args[i] = plain(values[i])
		case asList:
			args[i], err = literals(tx.Conn().TypeMap(), c.oid, values[i])
		case asJSON:
			args[i], err = documents(values[i])
		}
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	return args, nil
}

var valuer = reflect.TypeFor[driver.Valuer]()

// plain turns a slice of named strings, numbers or UUIDs into one of the basic
// type, which pgx writes several times faster.
func plain(slice reflect.Value) any {
	elem := slice.Type().Elem()
	if isUUID(elem) {
		return convert(slice, func(v reflect.Value) [16]byte { return v.Convert(uuidBytes).Interface().([16]byte) })
	}
	if elem.PkgPath() == "" || elem.Implements(valuer) {
		return slice.Interface()
	}
	switch elem.Kind() {
	case reflect.String:
		return convert(slice, reflect.Value.String)
	case reflect.Bool:
		return convert(slice, reflect.Value.Bool)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return convert(slice, reflect.Value.Int)
	}
	return slice.Interface()
}

func convert[T any](slice reflect.Value, get func(reflect.Value) T) []T {
	out := make([]T, slice.Len())
	for i := range out {
		out[i] = get(slice.Index(i))
	}
	return out
}

// literals writes each list as PostgreSQL does: {a,b}.
func literals(m *pgtype.Map, oid uint32, lists reflect.Value) ([]string, error) {
	out := make([]string, lists.Len())
	for i := range out {
		list := lists.Index(i)
		if list.Len() == 0 {
			out[i] = "{}"
			continue
		}
		text, err := m.Encode(oid, pgtype.TextFormatCode, plain(list), nil)
		if err != nil {
			return nil, err
		}
		out[i] = string(text)
	}
	return out, nil
}

// documents writes each value as JSON; a nil pointer is null.
func documents(values reflect.Value) ([]*string, error) {
	out := make([]*string, values.Len())
	for i := range out {
		v := values.Index(i)
		if v.Kind() == reflect.Pointer && v.IsNil() {
			continue
		}
		text, err := json.Marshal(v.Interface())
		if err != nil {
			return nil, err
		}
		s := string(text)
		out[i] = &s
	}
	return out, nil
}

// fillArrays makes the nil slices of a row empty arrays, as Save does.
func (s *statements) fillArrays(row []any) {
	for i, c := range s.columns {
		if v := reflect.ValueOf(row[i]); c.how == asList && v.Kind() == reflect.Slice && v.IsNil() {
			row[i] = reflect.MakeSlice(c.typ, 0, 0).Interface()
		}
	}
}
