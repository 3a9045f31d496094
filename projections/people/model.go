// Package people is the read model of persons (人员): who stands behind the random
// ids that every other model holds. It answers who is calling, whose identity
// number this is, what the people of a ledger are called, and helps to type a
// name.
//
// Name, number, phone and address are sealed under keys of the person, and found
// by blind indexes and keyed hashes of their beginnings; when somebody is
// shredded these go too (sealed.go). Of bank accounts only the blind index is here.
// Pages show Masked persons unless a reveal was recorded.
//
// Beside them stand what a file says that is not personal: which files are of one
// person, who is kin of staff, on what basis data are processed, what is to become
// of them (files.go), and which households there are (households.go).
package people

import (
	"context"
	_ "embed"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/household"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/projections"
	"hearth/projections/text"
)

//go:embed schema.sql
var tables string

//go:embed indexes.sql
var indexes string

// schema is where the queries find the tables.
const schema = "people_v3"

// Person is one row. Empty fields are not known.
type Person struct {
	ID              uuid.UUID           `db:"id,key" json:"id"`
	Kind            person.Kind         `db:"kind" json:"kind"`
	Name            string              `db:"-" json:"name"`
	IDNo            string              `db:"-" json:"id_no,omitempty"` // 18 characters
	Phone           string              `db:"-" json:"phone,omitempty"` // digits
	Address         string              `db:"-" json:"address,omitempty"`
	NameSealed      string              `db:"name_sealed" json:"-"`
	IDNoSealed      string              `db:"id_no_sealed" json:"-"`
	PhoneSealed     string              `db:"phone_sealed" json:"-"`
	AddressSealed   string              `db:"address_sealed" json:"-"`
	IDNoBlind       []byte              `db:"id_no_blind" json:"-"`
	PhoneBlind      []byte              `db:"phone_blind" json:"-"`
	Begins          []int64             `db:"begins_blind" json:"-"`
	HasBank         bool                `db:"has_bank" json:"has_bank,omitempty"`
	AccountBlind    []byte              `db:"account_blind" json:"-"`
	Consents        []Consent           `db:"consents" json:"consents,omitempty"`
	Bases           []Basis             `db:"bases" json:"bases,omitempty"`
	Kin             []Kin               `db:"kin" json:"kin,omitempty"`
	DeathSource     person.DeathSource  `db:"death_source" json:"death_source,omitempty"`
	DeathNotedAt    time.Time           `db:"death_noted_at" json:"death_noted_at,omitzero"`
	DiedOn          string              `db:"-" json:"died_on,omitempty"`
	DiedOnSealed    string              `db:"died_on_sealed" json:"-"`
	MergedInto      uuid.UUID           `db:"merged_into" json:"merged_into,omitzero"`
	Taken           []uuid.UUID         `db:"taken" json:"taken,omitempty"` // files that lead to this one
	Standing        person.Standing     `db:"standing" json:"standing,omitempty"`
	Requests        []Request           `db:"requests" json:"requests,omitempty"` // of erasure, the first first
	RequestOpen     bool                `db:"request_open" json:"request_open,omitempty"`
	CreatedAt       time.Time           `db:"created_at" json:"created_at"`
	CreatedPosition eventstore.Position `db:"created_position" json:"created_position"`
	Version         int64               `db:"version" json:"version"`
	Position        eventstore.Position `db:"position" json:"position"`

	changed bool    `db:"-"` // personal columns, in this batch
	account *string `db:"-"` // of this batch; empty when it is not given
}

// Consent is what somebody agreed to, and whether it still holds.
type Consent struct {
	Purpose     string    `json:"purpose"`
	TextVersion string    `json:"text_version"`
	How         string    `json:"how"`
	GivenAt     time.Time `json:"given_at"`
	WithdrawnAt time.Time `json:"withdrawn_at,omitzero"`
}

// Basis is why data are processed for a purpose without consent.
type Basis struct {
	Purpose person.Purpose         `json:"purpose"`
	Basis   person.ProcessingBasis `json:"basis"`
	NotedAt time.Time              `json:"noted_at"`
}

// Head is where the person's stream ended when the row was written.
func (p Person) Head() eventstore.Head {
	return eventstore.Head{Version: uint64(p.Version), Position: p.Position}
}

// Consented reports whether the person agrees to a purpose now.
func (p Person) Consented(purpose string) bool {
	for _, c := range p.Consents {
		if c.Purpose == purpose && c.WithdrawnAt.IsZero() {
			return true
		}
	}
	return false
}

// Masked is the person as everybody may see it: 张*, 140***1234, 138****1234; the
// address and the day of death are left out.
func (p Person) Masked() Person {
	p.Name, p.IDNo, p.Phone = text.MaskName(p.Name), text.MaskID(p.IDNo), text.MaskPhone(p.Phone)
	p.Address, p.DiedOn = hidden(p.Address), hidden(p.DiedOn)
	return p
}

// hidden leaves only that a value is gone or closed.
func hidden(s string) string {
	if text.Withheld(s) {
		return s
	}
	return ""
}

// Model is the read model as the runner sees it.
type Model struct {
	persons    *projections.Table[uuid.UUID, Person]
	households *projections.Table[uuid.UUID, Household]
	vault      Vault
}

// New makes the model. Personal columns are sealed by v.
func New(v Vault) *Model {
	return &Model{
		persons: projections.NewTable[uuid.UUID, Person]("person"), households: projections.NewTable[uuid.UUID, Household]("household"), vault: v,
	}
}

// Name is the model's name.
func (*Model) Name() string { return "people" }

// Version is that of the tables and of what the rows mean.
func (*Model) Version() int { return 3 }

// Tables makes the tables.
func (*Model) Tables() string { return tables }

// Indexes makes what only readers need.
func (*Model) Indexes() string { return indexes }

// Apply takes over a batch.
func (m *Model) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
	if err := m.persons.EvolveSealed(ctx, tx, batch, key(person.Family), evolve, m.seal); err != nil {
		return err
	}
	return m.households.Evolve(ctx, tx, batch, key(household.Family), evolveHousehold)
}

// seal makes the columns that hold or tell of personal data. What a batch does
// not change of a person is opened first: the blind columns are made of all.
func (m *Model) seal(ctx context.Context, rows []*Person) error {
	var cells []projections.Cell
	var changed []*Person
	for _, p := range rows {
		p.blindAccount(m.vault)
		if p.changed {
			cells, changed = append(cells, p.cells()...), append(changed, p)
		}
	}
	// Values that are new are in the clear, and have nothing to be opened.
	if err := projections.Open(ctx, m.vault, cells); err != nil {
		return err
	}
	for _, p := range changed {
		if !p.withheld() {
			p.blind(m.vault)
		}
	}
	return projections.Seal(ctx, m.vault, cells)
}

func key(family string) func(eventstore.Recorded) (uuid.UUID, bool) {
	return func(r eventstore.Recorded) (uuid.UUID, bool) {
		if r.Stream.Family != family {
			return uuid.Nil, false
		}
		id, err := uuid.Parse(r.Stream.Case)
		return id, err == nil
	}
}

func evolve(p *Person, r eventstore.Recorded) {
	p.Version, p.Position = int64(r.Version), r.Position
	at := r.Meta.By.At
	switch ev := r.Event.(type) {
	case person.Registered:
		p.Kind, p.CreatedAt, p.CreatedPosition = ev.Kind, at, r.Position
		p.identify(r, ev.Identity)
		p.reach(r, ev.Contact)
		number := ""
		if ev.Bank != nil {
			number = ev.Bank.Account
		}
		p.pay(r, ev.Bank != nil, number)
	case person.IdentityCorrected:
		p.identify(r, ev.Identity)
	case person.ContactCorrected:
		p.reach(r, ev.Contact)
	case person.BankCorrected:
		p.pay(r, ev.Bank != person.Bank{}, ev.Bank.Account)
	case person.ConsentGiven:
		p.withdraw(ev.Purpose, at)
		p.Consents = append(p.Consents, Consent{Purpose: ev.Purpose, TextVersion: ev.TextVersion, How: ev.How, GivenAt: at})
	case person.ConsentWithdrawn:
		p.withdraw(ev.Purpose, at)
	case person.BasisNoted:
		p.Bases = slices.DeleteFunc(slices.Clone(p.Bases), func(b Basis) bool { return b.Purpose == ev.Purpose })
		p.Bases = append(p.Bases, Basis{ev.Purpose, ev.Basis, at})
	case person.DeathNoted:
		p.DeathSource, p.DeathNotedAt = ev.Source, at
		p.DiedOn, p.DiedOnSealed, p.changed = ev.DiedOn, projections.Withheld(r, domain.SealIdentity), true
	case person.DeathNoteRevoked:
		p.DeathSource, p.DeathNotedAt = "", time.Time{}
		p.DiedOn, p.DiedOnSealed, p.changed = "", "", true
	case person.Event:
		p.evolveFile(r, ev)
	}
}

// withdraw ends a consent; a new text of the same purpose ends the old one too.
func (p *Person) withdraw(purpose string, at time.Time) {
	for i, c := range p.Consents {
		if c.Purpose == purpose && c.WithdrawnAt.IsZero() {
			p.Consents[i].WithdrawnAt = at
		}
	}
}
