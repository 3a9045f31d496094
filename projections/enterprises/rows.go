package enterprises

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/eventstore"
	"hearth/projections/text"
)

// Enterprise is one employer. Empty fields are not known.
type Enterprise struct {
	ID          uuid.UUID            `db:"id,key" json:"id"`
	USCC        string               `db:"uscc" json:"uscc,omitempty"`
	Name        string               `db:"name" json:"name"`
	NameKey     string               `db:"name_key" json:"-"`
	NamePinyin  string               `db:"name_pinyin" json:"-"`
	Former      []string             `db:"former" json:"former,omitempty"` // former names and aliases
	Keys        []string             `db:"keys" json:"-"`
	Matches     string               `db:"matches" json:"-"`
	Grams       []int32              `db:"grams" json:"-"`
	County      string               `db:"county" json:"county"`
	Industry    string               `db:"industry" json:"industry,omitempty"`
	Ownership   enterprise.Ownership `db:"ownership" json:"ownership,omitempty"`
	Headcount   int                  `db:"headcount" json:"headcount,omitempty"`
	HeadcountOn domain.Date          `db:"headcount_on" json:"headcount_on,omitzero"`
	UnionOrg    string               `db:"union_org" json:"union_org,omitempty"`
	Signals     Signals              `db:"signals" json:"signals,omitempty"`
	Blacklists  []Blacklist          `db:"blacklists" json:"blacklists,omitempty"`
	MergedInto  uuid.UUID            `db:"merged_into" json:"merged_into,omitzero"`
	Root        uuid.UUID            `db:"root" json:"-"`
	CreatedAt   time.Time            `db:"created_at" json:"created_at"`
	Version     int64                `db:"version" json:"version"`
	Position    eventstore.Position  `db:"position" json:"position"`
}

// Signals are the credit signals by kind.
type Signals map[enterprise.SignalKind]Signal

// Signal is how often a credit signal came, and the last time.
type Signal struct {
	N        int       `json:"n"`
	LastAt   time.Time `json:"last_at"`
	LastCase string    `json:"last_case"` // family/case
}

// Blacklist is a list of dishonest enterprises on which the enterprise stood or
// stands.
type Blacklist struct {
	List      string      `json:"list"`
	From      domain.Date `json:"from"`
	To        domain.Date `json:"to,omitzero"`
	Source    string      `json:"source"`
	RemovedOn domain.Date `json:"removed_on,omitzero"`
}

// Head is where the enterprise's stream ended when the row was written.
func (e Enterprise) Head() eventstore.Head {
	return eventstore.Head{Version: uint64(e.Version), Position: e.Position}
}

// Blacklisted are the lists on which the enterprise stands on a day.
func (e Enterprise) Blacklisted(on domain.Date) []Blacklist {
	return slices.DeleteFunc(slices.Clone(e.Blacklists), func(b Blacklist) bool {
		return on.Before(b.From) || !b.To.IsZero() && on.After(b.To) || !b.RemovedOn.IsZero() && !on.Before(b.RemovedOn)
	})
}

// key is the form in which names of enterprises are the same.
func key(name string) string { return enterprise.NormalName(text.Fold(name)) }

// areas are left out of a second form of each name, for people do not say them.
var areas = strings.NewReplacer("省", "", "市", "", "县", "")

// index makes the columns by which the enterprise is found.
func (e *Enterprise) index() {
	e.NameKey, e.NamePinyin = key(e.Name), text.NamePinyin(e.Name)
	e.Keys = nil
	lines := []string{text.Fold(e.USCC)}
	for _, name := range append([]string{e.Name}, e.Former...) {
		folded := text.Fold(name)
		lines = append(lines, folded, areas.Replace(folded), text.Initials(name), text.Initials(areas.Replace(folded)))
		if k := key(name); k != "" && !slices.Contains(e.Keys, k) {
			e.Keys = append(e.Keys, k)
		}
	}
	var b strings.Builder
	b.WriteByte('\n')
	e.Grams = nil
	for i, line := range lines {
		if line == "" || slices.Contains(lines[:i], line) {
			continue
		}
		b.WriteString(line)
		b.WriteByte('\n')
		e.Grams = append(e.Grams, text.TitleGrams(line)...)
	}
	slices.Sort(e.Grams)
	e.Grams, e.Matches = slices.Compact(e.Grams), b.String()
}

// matter is a complaint as far as the figures of its employer need it.
type matter struct {
	ComplaintID  uuid.UUID           `db:"complaint_id,key"`
	EnterpriseID uuid.UUID           `db:"enterprise_id"`
	EmployerKey  string              `db:"employer_key"`
	RegisteredAt time.Time           `db:"registered_at"`
	Open         bool                `db:"open"`
	Merged       bool                `db:"merged"`
	Lines        int                 `db:"lines"`
	Reported     int                 `db:"reported"`
	Persons      int                 `db:"persons"`
	LinesFen     domain.Fen          `db:"lines_fen"`
	ReportedFen  domain.Fen          `db:"reported_fen"`
	OwedFen      domain.Fen          `db:"owed_fen"`
	PaidFen      domain.Fen          `db:"paid_fen"`
	Risk         complaint.RiskLevel `db:"risk"`
	Restricted   bool                `db:"restricted"`
	AllowedRoles []domain.Role       `db:"allowed_roles"`
	AccusedOrg   string              `db:"accused_org"`
}

// line is what one claimant is owed: verified, until then claimed.
type line struct {
	ComplaintID uuid.UUID  `db:"complaint_id,key"`
	ClaimantNo  int        `db:"claimant_no,key"`
	OwedFen     domain.Fen `db:"owed_fen"`
	Removed     bool       `db:"removed"`
}

type lineKey struct {
	ComplaintID uuid.UUID `db:"complaint_id"`
	ClaimantNo  int       `db:"claimant_no"`
}
