package complaints

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"hearth/adapters/web"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
)

// read fills a command from the form that describe made. What cannot be read is
// noted beside its field; the caller ends with f.Err().
func read(f *web.Form, cmd complaint.Command) {
	readStruct(f, reflect.ValueOf(cmd).Elem(), "")
}

func readStruct(f *web.Form, v reflect.Value, prefix string) {
	for i := range v.NumField() {
		if name, _, ok := jsonName(v.Type().Field(i)); ok {
			readField(f, v.Field(i), prefix+name, name)
		}
	}
}

func readField(f *web.Form, v reflect.Value, full, name string) {
	switch v.Type() {
	case fenType:
		v.SetInt(int64(f.Money(full)))
		return
	case reflect.PointerTo(fenType):
		if f.Text(full) != "" {
			fen := f.Money(full)
			v.Set(reflect.ValueOf(&fen))
		}
		return
	case dateType:
		v.Set(reflect.ValueOf(f.Date(full)))
		return
	case timeType:
		v.Set(reflect.ValueOf(f.Time(full)))
		return
	case uuidType:
		readID(f, v, full)
		return
	case lengthType:
		readLength(f, v, full)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.Text(full))
	case reflect.Bool:
		v.SetBool(f.Checked(full))
	case reflect.Int:
		v.SetInt(int64(f.Int(full)))
	case reflect.Slice:
		readList(f, v, full, name)
	}
}

func readID(f *web.Form, v reflect.Value, full string) {
	text := f.Text(full)
	if text == "" {
		return
	}
	id, err := uuid.Parse(text)
	if err != nil {
		f.Fail(full, "请从提示中选择一项。")
		return
	}
	v.Set(reflect.ValueOf(id))
}

// readLength reads a number and its unit, or the short form 15wd.
func readLength(f *web.Form, v reflect.Value, full string) {
	text := f.Text(full) + f.Text(full+".unit")
	if text == "" || f.Text(full) == "" {
		return
	}
	l, err := calendar.ParseLength(text)
	if err != nil {
		f.Fail(full, "请填写天数并选择单位。")
		return
	}
	v.Set(reflect.ValueOf(l))
}

func readList(f *web.Form, v reflect.Value, full, name string) {
	elem := v.Type().Elem()
	switch elem.Kind() {
	case reflect.String:
		for _, part := range f.All(full) {
			for line := range strings.Lines(part) {
				if line = strings.TrimSpace(line); line != "" {
					v.Set(reflect.Append(v, reflect.ValueOf(line).Convert(elem)))
				}
			}
		}
	case reflect.Int:
		for _, part := range f.All(full) {
			n, err := strconv.Atoi(part)
			if err != nil {
				f.Fail(full, "请从列表中选择。")
				return
			}
			v.Set(reflect.Append(v, reflect.ValueOf(n)))
		}
	case reflect.Struct:
		for _, row := range rowsSent(f, full) {
			item := reflect.New(elem).Elem()
			readStruct(f, item, full+"."+row+".")
			if name == "lines" {
				setClaimant(item, row)
			}
			v.Set(reflect.Append(v, item))
		}
	}
}

// rowsSent is the rows of a list in which something was filled in, in order.
func rowsSent(f *web.Form, full string) []string {
	var rows []string
	for name, values := range f.Values {
		row, _, ok := strings.Cut(strings.TrimPrefix(name, full+"."), ".")
		if ok && strings.HasPrefix(name, full+".") && strings.TrimSpace(values[0]) != "" && !slices.Contains(rows, row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	return rows
}

// setClaimant: the row of a ledger line is named by the claimant's number.
func setClaimant(item reflect.Value, row string) {
	n, err := strconv.Atoi(row)
	if no := item.FieldByName("ClaimantNo"); err == nil && no.IsValid() {
		no.SetInt(int64(n))
	}
}

// missing notes the fields that must be filled in and are not.
func missing(f *web.Form, inputs []input) {
	for _, in := range inputs {
		switch in.Kind {
		case "hidden":
		case "rows":
			missingInRows(f, in)
		case "amounts":
			if in.Required && len(rowsSent(f, in.Name)) == 0 {
				f.Fail(in.Name, "请至少填写一名诉求人的金额。")
			}
		case "people":
			if in.Required && len(f.All(in.Name)) == 0 {
				f.Fail(in.Name, "请至少选择一名诉求人。")
			}
		default:
			if in.Required && len(f.All(in.Name)) == 0 {
				f.Fail(in.Name, demand(in))
			}
		}
	}
}

func demand(in input) string {
	switch in.Kind {
	case "select", "radios", "sample", "enterprise":
		return "请选择" + in.Label + "。"
	}
	return "请填写" + in.Label + "。"
}

// missingInRows looks at the rows in which anything was filled in.
func missingInRows(f *web.Form, in input) {
	sent := rowsSent(f, in.Name)
	if in.Required && len(sent) == 0 {
		f.Fail(in.Name, "请至少填写一行。")
	}
	for _, row := range in.Rows {
		for _, leaf := range row {
			no, _, _ := strings.Cut(strings.TrimPrefix(leaf.Name, in.Name+"."), ".")
			if leaf.need && slices.Contains(sent, no) && f.Text(leaf.Name) == "" {
				f.Fail(leaf.Name, demand(leaf))
			}
		}
	}
}
