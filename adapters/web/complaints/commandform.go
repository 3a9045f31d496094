package complaints

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
)

// The form of a command follows from its struct: the type of a field says what
// kind of input it needs, its JSON name what it is called, the case what there
// is to choose from. The same walk reads the form back. So a new command, or a
// new field, has its form without anybody writing one.

// input is one field of a command's form. Kind names the part that shows it.
type input struct {
	web.Field
	Kind  string
	Rows  [][]input // of kind rows: one group of inputs per row
	Table table     // of kinds amounts, people and sample
	need  bool      // must be filled in once anything in its row is
}

// choices is what a case offers to choose from, by the name of the field.
type choices struct {
	byName map[string][]web.Option
	tables map[string]table
}

// rowsOffered is how many empty rows a list of small things has.
const rowsOffered = 3

// demanded are fields that the domain can do without, because something else may
// stand for them that these forms do not offer.
var demanded = map[string]bool{"identify_respondent.enterprise_id": true, "refuse.notice_no": true}

var codeTables = byType(
	complaint.Channels(), complaint.Categories(), complaint.TimeClasses(), complaint.RefusalReasons(), complaint.Agencies(),
	complaint.RiskLevels(), complaint.Flags(), complaint.ReturnReasons(), complaint.Relations(), complaint.LinkRelations(),
	complaint.RestrictReasons(), complaint.Parties(), complaint.ContactHows(), complaint.Purposes(), complaint.ProcedureKinds(),
	complaint.ProcedureResults(), complaint.DocumentKinds(), complaint.DocumentAnswers(), complaint.ClockKinds(),
	complaint.PauseReasons(), complaint.OverdueReasons(), complaint.NoteVisibilities(), complaint.Retentions(),
	complaint.ItemKinds(), complaint.PartyRoles(), complaint.PayMethods(), complaint.Outcomes(), complaint.EvidenceKinds(),
	complaint.VerifyMethods(), complaint.Conclusions(), domain.Roles(),
)

// byType finds the code list of a Go type.
func byType(lists ...interface{ Table() domain.CodeTable }) map[reflect.Type]domain.CodeTable {
	found := map[reflect.Type]domain.CodeTable{}
	for _, list := range lists {
		label := reflect.ValueOf(list).MethodByName("Has")
		found[label.Type().In(0)] = list.Table()
	}
	return found
}

var (
	fenType    = reflect.TypeFor[domain.Fen]()
	dateType   = reflect.TypeFor[domain.Date]()
	timeType   = reflect.TypeFor[time.Time]()
	uuidType   = reflect.TypeFor[uuid.UUID]()
	lengthType = reflect.TypeFor[calendar.Length]()
)

var lengthUnits = []web.Option{{Value: "wd", Label: "个工作日"}, {Value: "d", Label: "天"}, {Value: "h", Label: "小时"}}

// describe is the inputs of a command's form, in the order of its fields.
func describe(f *web.Form, cmd complaint.Command, c choices) []input {
	return describeStruct(f, reflect.TypeOf(cmd).Elem(), complaint.NameOf(cmd), "", c)
}

func describeStruct(f *web.Form, t reflect.Type, command, prefix string, c choices) []input {
	var inputs []input
	for i := range t.NumField() {
		field := t.Field(i)
		name, optional, ok := jsonName(field)
		if !ok {
			continue
		}
		in := input{Field: web.Field{
			Form: f, Name: prefix + name, Label: labelOf(command, name), Hint: hintOf(command, name),
			Type: "text", Rows: 4, Required: prefix == "" && (!optional || demanded[command+"."+name]),
		}, need: prefix != "" && !optional}
		if in.shape(f, field.Type, command, name, c) {
			inputs = append(inputs, in)
		}
	}
	return inputs
}

// jsonName is the name of a field on the wire and whether it may be left out.
func jsonName(field reflect.StructField) (name string, optional, ok bool) {
	tag := field.Tag.Get("json")
	name, rest, _ := strings.Cut(tag, ",")
	return name, strings.Contains(rest, "omit"), name != "" && name != "-"
}

// shape chooses the part for a field's type. False: nobody fills this field in.
func (in *input) shape(f *web.Form, t reflect.Type, command, name string, c choices) bool {
	if found, ok := c.tables[name]; ok {
		in.Kind, in.Table, in.Required = found.Kind, found, true
		return true
	}
	if options, ok := c.byName[name]; ok {
		in.Options = options
		in.Kind = "select"
		switch {
		case t.Kind() == reflect.Slice:
			in.Kind, in.Required = "checks", false
		case name == "satisfied":
			in.Kind, in.Required = "radios", false
		}
		return true
	}
	if codes, ok := codeTables[t]; ok {
		in.Kind, in.Options = "select", optionsOf(codes)
		return true
	}
	switch {
	case t == fenType || t == reflect.PointerTo(fenType):
		in.Kind, in.Required = "money", in.Required && t == fenType
	case t == dateType:
		in.Kind = "date"
	case t == timeType:
		in.Kind = "datetime"
	case t == lengthType:
		in.Kind, in.Options = "length", lengthUnits
	case t == uuidType:
		return in.shapeID(name)
	case t.Kind() == reflect.Bool:
		in.Kind, in.Required = "checkbox", false
	case t.Kind() == reflect.Int:
		in.Kind = "number"
	case name == "manifest_sha256":
		return false // reckoned from the file
	case t.Kind() == reflect.String:
		in.Kind = "input"
		if long[name] {
			in.Kind = "textarea"
		}
	case t.Kind() == reflect.Slice:
		return in.shapeList(f, t.Elem(), command, name, c)
	default:
		return false
	}
	return true
}

// shapeID: an enterprise is looked up; a new document or referral gets its id
// from the form; other ids are not typed by people.
func (in *input) shapeID(name string) bool {
	switch name {
	case "enterprise_id", "payer_enterprise_id":
		in.Kind = "enterprise"
	case "document_id", "referral_id":
		in.Kind = "hidden"
		in.Required = false
	default:
		return false
	}
	return true
}

func (in *input) shapeList(f *web.Form, elem reflect.Type, command, name string, c choices) bool {
	if codes, ok := codeTables[elem]; ok {
		in.Kind, in.Options, in.Required = "checks", optionsOf(codes), false
		return true
	}
	switch {
	case elem.Kind() == reflect.String:
		in.Kind, in.Hint = "textarea", "每行一项"
		return true
	case elem.Kind() != reflect.Struct:
		return false
	case name == "conflicts" || name == "elsewhere":
		return false // found out, not typed
	case name == "lines":
		in.Kind = "amounts"
		return true
	case name == "claimants":
		for i := range claimantRows {
			in.Rows = append(in.Rows, describeStruct(f, reflect.TypeFor[claimantRow](), command, rowPrefix(name, i), c))
		}
	default:
		for i := range rowsOffered {
			in.Rows = append(in.Rows, describeStruct(f, elem, command, rowPrefix(name, i), c))
		}
	}
	in.Kind = "rows"
	return true
}

func rowPrefix(name string, i int) string { return name + "." + strconv.Itoa(i) + "." }

func optionsOf(codes domain.CodeTable) []web.Option {
	options := make([]web.Option, len(codes.Entries))
	for i, e := range codes.Entries {
		options[i] = web.Option{Value: e[0], Label: e[1]}
	}
	return options
}
