package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hearth/domain"
)

// Field is one input of a form, for the parts input, textarea, select, money,
// date, datetime, phone, checkbox and radios.
type Field struct {
	Form     *Form
	Name     string
	Label    string
	Hint     string
	Type     string
	Required bool
	Readonly bool
	Rows     int
	Max      int
	Options  []Option
	attrs    map[string]string
}

// Option is one choice of a select or of radio buttons.
type Option struct{ Value, Label string }

// OptionsOf is the choices of a code list.
func OptionsOf[T ~string](codes domain.Codes[T]) []Option {
	var options []Option
	for _, c := range codes.All() {
		options = append(options, Option{string(c), codes.Label(c)})
	}
	return options
}

// newField is the template function field: form, name, label, then any of
// required, readonly, autofocus, type=…, hint=…, rows=…, max=…, placeholder=…,
// suggest=…, list=… and other attributes that the parts know.
func newField(f *Form, name, label string, attrs ...string) (Field, error) {
	field := Field{Form: f, Name: name, Label: label, Type: "text", Rows: 3, attrs: map[string]string{}}
	for _, a := range attrs {
		key, value, _ := strings.Cut(a, "=")
		switch key {
		case "required":
			field.Required = true
		case "readonly":
			field.Readonly = true
		case "hint":
			field.Hint = value
		case "type":
			field.Type = value
		case "rows", "max":
			var n int
			if _, err := fmt.Sscan(value, &n); err != nil {
				return Field{}, fmt.Errorf("field %s: %s: %w", name, a, err)
			}
			if key == "rows" {
				field.Rows = n
			} else {
				field.Max = n
			}
		case "autofocus", "placeholder", "suggest", "into", "list", "inputmode", "autocomplete", "value", "min":
			field.attrs[key] = value
		default:
			return Field{}, fmt.Errorf("field %s: no attribute %q", name, key)
		}
	}
	return field, nil
}

// newChoice is the template function choose: field with a list of options
// behind the label, []Option or a domain.CodeTable.
func newChoice(f *Form, name, label string, options any, attrs ...string) (Field, error) {
	field, err := newField(f, name, label, attrs...)
	if err != nil {
		return Field{}, err
	}
	switch list := options.(type) {
	case []Option:
		field.Options = list
	case domain.CodeTable:
		for _, e := range list.Entries {
			field.Options = append(field.Options, Option{e[0], e[1]})
		}
	default:
		return Field{}, fmt.Errorf("field %s: options are a %T", name, options)
	}
	return field, nil
}

// ID is the id of the input, unique on a page with several forms.
func (f Field) ID() string { return f.Form.Name + "-" + f.Name }

// Value is what the input shows.
func (f Field) Value() string {
	if v := f.Form.Values.Get(f.Name); v != "" || f.Form.Failed {
		return v
	}
	return f.attrs["value"]
}

// Error is what is wrong with the field, or empty.
func (f Field) Error() string { return f.Form.Errors[f.Name] }

// Chosen reports whether an option is chosen.
func (f Field) Chosen(value string) bool {
	if len(f.Form.Values[f.Name]) == 0 && !f.Form.Failed {
		return value != "" && value == f.attrs["value"]
	}
	return slices.Contains(f.Form.Values[f.Name], value)
}

// Attr is an attribute given to field, or empty; Has reports whether it was given.
func (f Field) Attr(key string) string { return f.attrs[key] }

// Has reports whether an attribute was given to field.
func (f Field) Has(key string) bool {
	_, ok := f.attrs[key]
	return ok
}

// Describes is the ids of hint and error for aria-describedby.
func (f Field) Describes() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	if f.Error() != "" {
		ids = append(ids, f.ID()+"-error")
	}
	return strings.Join(ids, " ")
}

// Pager leads to the next page of a list that is read by cursor. First leads
// back to the beginning and is empty there.
type Pager struct {
	First string
	Next  string
	Shown int
	Total int // below 0 when nobody counted
}

// Empty is shown in place of a list without rows, with what to do about it.
type Empty struct {
	Title string
	Text  string
	Href  string
	Label string
}

// Fact is one line of a key-value list. Show leads to where a masked value is shown.
type Fact struct {
	Key   string
	Value string
	Href  string
	Note  string
	Show  string
}

// Tab is one of several views of the same thing.
type Tab struct {
	Label   string
	Href    string
	Count   int // below 0 for none
	Current bool
}

// Moment is one line of a timeline.
type Moment struct {
	ID       string
	At       time.Time // when it happened
	Recorded time.Time // when it was entered, when that was later
	Text     string    // one sentence
	Who      string
	Details  []Fact
	Late     string // reason of a late entry
	Tone     string // "", good, warn or bad
}

// Progress is how far a long piece of work is.
type Progress struct {
	Label string
	Done  int
	Total int
	Note  string
}

// Percent is the progress in per cent.
func (p Progress) Percent() int {
	if p.Total <= 0 {
		return 0
	}
	return min(100, p.Done*100/p.Total)
}

// Badge is a word in a box. Tone is one of calm, good, warn, bad and accent.
type Badge struct{ Text, Tone string }

// Risk is 风险等级 as pages show it: blue, yellow, orange or red, always with
// its word and a mark of its own.
type Risk string

// Label is the word.
func (r Risk) Label() string {
	switch r {
	case "blue":
		return "蓝色"
	case "yellow":
		return "黄色"
	case "orange":
		return "橙色"
	case "red":
		return "红色"
	}
	return "未评估"
}

// Confirm is a button that asks before it does something. The part shows its
// fields with the template's own block, so it only has what is the same for all.
type Confirm struct {
	Form   *Form
	Action string
	Button string // on the page
	Title  string // of the question
	Text   string // what will happen
	Do     string // the button that does it
	Danger bool
	Field  Field // one more input, when it has a name
}
