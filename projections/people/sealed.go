package people

import (
	"slices"
	"unicode/utf8"

	"hearth/domain"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/eventstore/vault"
	"hearth/projections"
	"hearth/projections/text"
)

// Vault is what the model needs: it seals, and makes what is found without being
// read. A *vault.Vault is one.
type Vault interface {
	projections.Sealer
	Index(kind vault.IndexKind, value string) ([]byte, error)
	Words(kind string, words []string) []int64
}

// What a person can be found by the beginning of, and how long a beginning may
// be. Of what is typed beyond it, the opened text tells.
const (
	byName     = "people.name"
	byInitials = "people.initials"
	byPhone    = "people.phone"

	longest       = 8  // of a name or its initials
	shortestPhone = 3  // digits
	longestPhone  = 12 // digits
)

// The personal columns, as they are bound to what is sealed in them.
const (
	columnName    = "people.person.name"
	columnIDNo    = "people.person.id_no"
	columnPhone   = "people.person.phone"
	columnAddress = "people.person.address"
	columnDiedOn  = "people.person.died_on"
)

// cells are the personal columns of a row.
func (p *Person) cells() []projections.Cell {
	cell := func(column string, class domain.SealClass, plain, sealed *string) projections.Cell {
		return projections.Cell{
			Column: column, Row: p.ID, Subject: p.ID.String(), Class: class, Plain: plain, Sealed: sealed,
		}
	}
	return []projections.Cell{
		cell(columnName, domain.SealIdentity, &p.Name, &p.NameSealed),
		cell(columnIDNo, domain.SealIdentity, &p.IDNo, &p.IDNoSealed),
		cell(columnPhone, domain.SealContact, &p.Phone, &p.PhoneSealed),
		cell(columnAddress, domain.SealContact, &p.Address, &p.AddressSealed),
		cell(columnDiedOn, domain.SealIdentity, &p.DiedOn, &p.DiedOnSealed),
	}
}

// identify takes over who somebody is.
func (p *Person) identify(r eventstore.Recorded, i person.Identity) {
	withheld := projections.Withheld(r, domain.SealIdentity)
	p.Name, p.NameSealed = i.Name, withheld
	p.IDNo, p.IDNoSealed = i.IDNo, withheld
	p.changed = true
}

// reach takes over how somebody is reached.
func (p *Person) reach(r eventstore.Recorded, c person.Contact) {
	withheld := projections.Withheld(r, domain.SealContact)
	p.Phone, p.PhoneSealed = c.Phone, withheld
	p.Address, p.AddressSealed = c.Address, withheld
	p.changed = true
}

// pay takes over whether there is an account, and keeps the number until the
// batch is sealed.
func (p *Person) pay(r eventstore.Recorded, has bool, number string) {
	p.HasBank = has || projections.Withheld(r, domain.SealBank) != ""
	p.account = &number
}

// blindAccount makes what the account is found by. The number itself is kept
// nowhere.
func (p *Person) blindAccount(v Vault) {
	if p.account == nil {
		return
	}
	p.AccountBlind = nil
	// What is no number cannot be asked for either.
	if sum, err := v.Index(vault.IndexAccount, *p.account); err == nil && *p.account != "" {
		p.AccountBlind = sum
	}
}

// shred leaves nothing of the person but the file.
func (p *Person) shred() {
	for _, c := range p.cells() {
		*c.Plain, *c.Sealed = "", projections.Gone(*c.Plain+*c.Sealed)
	}
	p.IDNoBlind, p.PhoneBlind, p.AccountBlind, p.Begins, p.account, p.changed = nil, nil, nil, nil, nil, false
}

// withheld reports that some of a row that was opened is still closed. What it is
// found by is then left as it is, for it may be opened again.
func (p *Person) withheld() bool {
	return slices.ContainsFunc(p.cells(), func(c projections.Cell) bool { return *c.Plain == "" && *c.Sealed != "" })
}

// blind makes the columns that the person is found by, from a row that is open.
func (p *Person) blind(v Vault) {
	p.IDNoBlind, p.PhoneBlind, p.Begins = nil, nil, nil
	// What is no number cannot be asked for either.
	if sum, err := v.Index(vault.IndexIDNo, p.IDNo); err == nil && p.IDNo != "" {
		p.IDNoBlind = sum
	}
	if sum, err := v.Index(vault.IndexPhone, p.Phone); err == nil && p.Phone != "" {
		p.PhoneBlind = sum
	}
	p.Begins = append(p.Begins, v.Words(byName, beginnings(text.Fold(p.Name), 1, longest))...)
	p.Begins = append(p.Begins, v.Words(byInitials, beginnings(text.NameInitials(p.Name), 1, longest))...)
	p.Begins = append(p.Begins, v.Words(byPhone, beginnings(text.Fold(p.Phone), shortestPhone, longestPhone))...)
}

// beginnings are those of a text, from so many characters to so many.
func beginnings(s string, from, to int) []string {
	var all []string
	n := 0
	for at, r := range s {
		if n++; n > to {
			break
		}
		if n >= from {
			all = append(all, s[:at+utf8.RuneLen(r)])
		}
	}
	return all
}

// beginning is the longest that the index has of what was typed.
func beginning(typed string, to int) string {
	all := beginnings(typed, 1, to)
	return all[len(all)-1]
}
