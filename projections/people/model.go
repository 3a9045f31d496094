// Package people is the read model of persons (人员): who stands behind the random
// ids that every other model holds. It answers who is calling, whose identity
// number this is, what the people of a ledger are called, and helps to type a
// name.
//
// Name, number, phone and address are sealed under keys of the person, and found
// by blind indexes and keyed hashes of their beginnings; when somebody is
// shredded these go too (sealed.go). Bank accounts are not here at all. Pages
// show Masked persons unless a reveal was recorded.
package people

import (
	"context"
	_ "embed"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
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
const schema = "people_v2"

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
	Consents        []Consent           `db:"consents" json:"consents,omitempty"`
	Kin             []Kin               `db:"kin" json:"kin,omitempty"`
	CreatedAt       time.Time           `db:"created_at" json:"created_at"`
	CreatedPosition eventstore.Position `db:"created_position" json:"created_position"`
	Version         int64               `db:"version" json:"version"`
	Position        eventstore.Position `db:"position" json:"position"`

	changed bool `db:"-"` // personal columns, in this batch
}

// Consent is what somebody agreed to, and whether it still holds.
type Consent struct {
	Purpose     string    `json:"purpose"`
	TextVersion string    `json:"text_version"`
	How         string    `json:"how"`
	GivenAt     time.Time `json:"given_at"`
	WithdrawnAt time.Time `json:"withdrawn_at,omitzero"`
}

// Kin says that the person is related to somebody who works here.
type Kin struct {
	User     string `json:"user"`
	Relation string `json:"relation"`
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
// address is left out.
func (p Person) Masked() Person {
	p.Name, p.IDNo, p.Phone, p.Address = text.MaskName(p.Name), text.MaskID(p.IDNo), text.MaskPhone(p.Phone), ""
	return p
}

// Model is the read model as the runner sees it.
type Model struct {
	persons *projections.Table[uuid.UUID, Person]
	vault   Vault
}

// New makes the model. Personal columns are sealed by v.
func New(v Vault) *Model {
	return &Model{persons: projections.NewTable[uuid.UUID, Person]("person"), vault: v}
}

// Name is the model's name.
func (*Model) Name() string { return "people" }

// Version is that of the tables and of what the rows mean.
func (*Model) Version() int { return 2 }

// Tables makes the tables.
func (*Model) Tables() string { return tables }

// Indexes makes what only readers need.
func (*Model) Indexes() string { return indexes }

// Apply takes over a batch.
func (m *Model) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
	return m.persons.EvolveSealed(ctx, tx, batch, key, evolve, m.seal)
}

// seal makes the columns that hold or tell of personal data. What a batch does
// not change of a person is opened first: the blind columns are made of all.
func (m *Model) seal(ctx context.Context, rows []*Person) error {
	var cells []projections.Cell
	var changed []*Person
	for _, p := range rows {
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

func key(r eventstore.Recorded) (uuid.UUID, bool) {
	if r.Stream.Family != person.Family {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(r.Stream.Case)
	return id, err == nil
}

func evolve(p *Person, r eventstore.Recorded) {
	p.Version, p.Position = int64(r.Version), r.Position
	at := r.Meta.By.At
	switch ev := r.Event.(type) {
	case person.Registered:
		p.Kind, p.CreatedAt, p.CreatedPosition, p.HasBank = ev.Kind, at, r.Position, ev.Bank != nil || withheld(r)
		p.identify(r, ev.Identity)
		p.reach(r, ev.Contact)
	case person.IdentityCorrected:
		p.identify(r, ev.Identity)
	case person.ContactCorrected:
		p.reach(r, ev.Contact)
	case person.BankCorrected:
		p.HasBank = ev.Bank != person.Bank{} || withheld(r)
	case person.KeyShredded:
		p.shred()
	case person.ConsentGiven:
		p.withdraw(ev.Purpose, at)
		p.Consents = append(p.Consents, Consent{Purpose: ev.Purpose, TextVersion: ev.TextVersion, How: ev.How, GivenAt: at})
	case person.ConsentWithdrawn:
		p.withdraw(ev.Purpose, at)
	case person.KinOfStaffDeclared:
		p.Kin = append(p.Kin, Kin{User: ev.User, Relation: ev.Relation})
	}
}

// withheld reports that an event has a bank account that is not given.
func withheld(r eventstore.Recorded) bool { return projections.Withheld(r, domain.SealBank) != "" }

// withdraw ends a consent; a new text of the same purpose ends the old one too.
func (p *Person) withdraw(purpose string, at time.Time) {
	for i, c := range p.Consents {
		if c.Purpose == purpose && c.WithdrawnAt.IsZero() {
			p.Consents[i].WithdrawnAt = at
		}
	}
}
