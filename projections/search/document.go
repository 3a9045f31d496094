package search

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/projections/text"
)

// Kind is 检索对象: what sort of thing was found.
type Kind string

// The kinds are the families that have documents.
const (
	Complaint  Kind = complaint.Family
	Enterprise Kind = enterprise.Family
	Person     Kind = person.Family
)

var kinds = domain.NewCodes[Kind]("检索对象", "complaint", "投诉", "enterprise", "单位", "person", "人员")

// Kinds is the list of kinds (检索对象).
func Kinds() domain.Codes[Kind] { return kinds }

// Label is the Chinese name of the kind.
func (k Kind) Label() string { return kinds.Label(k) }

// Field is 检索字段: which part of a document it is.
type Field string

// The fields (检索字段).
const (
	FieldNo       Field = "no"
	FieldOtherNo  Field = "other_no"
	FieldEmployer Field = "employer"
	FieldReporter Field = "reporter"
	FieldClaimant Field = "claimant"
	FieldSummary  Field = "summary"
	FieldNote     Field = "note"
	FieldName     Field = "name"
	FieldFormer   Field = "former"
	FieldUSCC     Field = "uscc"
	FieldPhone    Field = "phone"
	FieldIDNo     Field = "id_no"
)

var fields = domain.NewCodes[Field]("检索字段",
	"no", "编号", "other_no", "外部编号", "employer", "被反映单位", "reporter", "反映人", "claimant", "诉求人", "summary", "诉求内容",
	"note", "办理记录", "name", "名称", "former", "曾用名", "uscc", "统一社会信用代码", "phone", "电话", "id_no", "身份证号")

// Fields is the list of fields (检索字段).
func Fields() domain.Codes[Field] { return fields }

// Label is the Chinese name of the field.
func (f Field) Label() string { return fields.Label(f) }

// long reports a field of running text, which one character does not find and
// which counts less.
func (f Field) long() bool { return f == FieldSummary || f == FieldNote }

// document is one row: what can be found, and by whom.
type document struct {
	Kind         Kind          `db:"kind,key"`
	ID           uuid.UUID     `db:"id,key"`
	At           time.Time     `db:"at"`
	Parts        []part        `db:"parts"`
	Titles       string        `db:"titles"`
	Folded       string        `db:"folded"`
	Grams        []int32       `db:"grams"`
	Restricted   bool          `db:"restricted"`
	AllowedRoles []domain.Role `db:"allowed_roles"`
	AccusedOrg   string        `db:"accused_org"`
	Owner        string        `db:"owner"` // the unit that has the case
	Staff        []string      `db:"staff"` // who handles, helps to handle, or took in the case, in this order
	Guarded      bool          `db:"guarded"`
	MergedInto   uuid.UUID     `db:"merged_into"`
}

type documentKey struct {
	Kind Kind      `db:"kind"`
	ID   uuid.UUID `db:"id"`
}

// part is a text of a document. Person is whose name it is, No the claimant's
// number.
type part struct {
	Field  Field     `json:"f"`
	Text   string    `json:"t"`
	Person uuid.UUID `json:"p,omitzero"`
	No     int       `json:"n,omitempty"`
}

// set replaces the only part of a field.
func (d *document) set(f Field, s string) {
	i := slices.IndexFunc(d.Parts, func(p part) bool { return p.Field == f })
	if i < 0 {
		d.add(part{Field: f, Text: s})
		return
	}
	d.Parts[i].Text = s
}

// add adds a part, unless the document says the same in that field already.
func (d *document) add(p part) {
	if p.Text == "" && p.Person == uuid.Nil || slices.Contains(d.Parts, p) {
		return
	}
	d.Parts = append(d.Parts, p)
}

func (d *document) names(id uuid.UUID) bool {
	return slices.ContainsFunc(d.Parts, func(p part) bool { return p.Person == id })
}

// index makes the columns by which the document is found.
func (d *document) index() {
	var titles, all strings.Builder
	titles.WriteByte('\n')
	var grams []int32
	for _, p := range d.Parts {
		folded := text.Fold(p.Text)
		if folded == "" {
			continue
		}
		all.WriteString(folded)
		all.WriteByte('\n')
		if p.Field.long() {
			grams = append(grams, text.Grams(folded)...)
			continue
		}
		titles.WriteString(folded)
		titles.WriteByte('\n')
		grams = append(grams, text.TitleGrams(folded)...)
	}
	slices.Sort(grams)
	d.Titles, d.Folded, d.Grams = titles.String(), all.String(), slices.Compact(grams)
}

// link says that a person is named in a case.
type link struct {
	PersonID    uuid.UUID `db:"person_id,key"`
	ComplaintID uuid.UUID `db:"complaint_id,key"`
	Restricted  bool      `db:"restricted"`
}

type linkKey struct {
	PersonID    uuid.UUID `db:"person_id"`
	ComplaintID uuid.UUID `db:"complaint_id"`
}
