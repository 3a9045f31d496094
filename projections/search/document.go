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
	Texts        []string      `db:"texts_sealed"`
	Grams        []int32       `db:"grams_blind"`
	Restricted   bool          `db:"restricted"`
	AllowedRoles []domain.Role `db:"allowed_roles"`
	AccusedOrg   string        `db:"accused_org"`
	Owner        string        `db:"owner"` // the unit that has the case
	Staff        []string      `db:"staff"` // who handles, helps to handle, or took in the case, in this order
	Guarded      bool          `db:"guarded"`
	MergedInto   uuid.UUID     `db:"merged_into"`

	forget bool `db:"-"` // something was shredded, so that no old key may stay
}

type documentKey struct {
	Kind Kind      `db:"kind"`
	ID   uuid.UUID `db:"id"`
}

// part is a text of a document. Person is whose name it is, No the claimant's
// number. Which parts there are does not depend on personal texts: a rebuild may
// not know them any more.
type part struct {
	Field  Field     `json:"f"`
	Clear  string    `json:"t,omitempty"` // the text, unless it is personal
	Person uuid.UUID `json:"p,omitzero"`
	No     int       `json:"n,omitempty"`

	text   string // in any case, when it may be read
	sealed string // of a personal text, empty for one that is new
}

// clear is a part whose text is not personal.
func clear(f Field, s string) part { return part{Field: f, Clear: s, text: s} }

// secret is a part with a personal text of an event.
func secret(f Field, s, withheld string) part { return part{Field: f, text: s, sealed: withheld} }

// set replaces the only part of a field.
func (d *document) set(p part) {
	i := slices.IndexFunc(d.Parts, func(old part) bool { return old.Field == p.Field })
	if i < 0 {
		d.add(p)
		return
	}
	d.Parts[i] = p
}

// add adds a part, unless the document says the same in that field already, or it
// is one without a text that never had any.
func (d *document) add(p part) {
	said := func(old part) bool { return old.Field == p.Field && old.Clear == p.Clear }
	if class, _ := d.personal(p); class == "" && (p.Clear == "" || slices.ContainsFunc(d.Parts, said)) {
		return
	}
	d.Parts = append(d.Parts, p)
}

func (d *document) names(id uuid.UUID) bool {
	return slices.ContainsFunc(d.Parts, func(p part) bool { return p.Person == id })
}

// folded is what the parts say, one a line: those that are short with a line end before and behind each, and all.
func (d *document) folded() (titles, all string) {
	var short, any strings.Builder
	short.WriteByte('\n')
	for _, p := range d.Parts {
		folded := text.Fold(p.text)
		if folded == "" {
			continue
		}
		any.WriteString(folded)
		any.WriteByte('\n')
		if !p.Field.long() {
			short.WriteString(folded)
			short.WriteByte('\n')
		}
	}
	return short.String(), any.String()
}

// index makes the column by which the document is found. While something in it
// is closed, what it was found by stays.
func (d *document) index(v Vault) {
	var grams []int32
	closed := false
	for _, p := range d.Parts {
		folded := text.Fold(p.text)
		closed = closed || p.text == "" && p.sealed != ""
		if p.Field.long() {
			grams = append(grams, text.Grams(folded)...)
		} else {
			grams = append(grams, text.TitleGrams(folded)...)
		}
	}
	hashes := hashed(v, grams)
	if closed && !d.forget {
		hashes = append(hashes, d.Grams...)
	}
	slices.Sort(hashes)
	d.Grams = slices.Compact(hashes)
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
