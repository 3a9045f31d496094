package complaints

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/domain/access"
	"hearth/domain/orgunit"
	"hearth/projections/complaints"
	"hearth/projections/people"
	"hearth/projections/text"
	"hearth/projections/timeline"
)

// names resolves the marks of sentences, and the ids of a case, for one reader.
type names struct {
	users       map[string]string
	enterprises map[string]string
	people      map[uuid.UUID]people.Person
	units       orgunit.Tree
	look
}

// look is how much of what is personal a reader sees on one page: masks, and what
// was revealed for this page alone (reveal.go). reads says that the reader works
// on cases and sees what was written down in them, with names and numbers masked.
type look struct {
	reads bool
	shown revealed
}

// User is the name of an account.
func (n names) User(id string) string {
	if name, ok := n.users[id]; ok {
		return name
	}
	switch id {
	case "system", "":
		return "系统"
	case "console":
		return "服务器命令行"
	}
	return "(账号不在本系统)"
}

// Org is the name of a unit.
func (n names) Org(code string) string { return n.units.Name(code) }

// Enterprise is the name of an enterprise.
func (n names) Enterprise(id string) string {
	if name, ok := n.enterprises[id]; ok {
		return name
	}
	return "(未建档单位)"
}

// Person is the name of a person, or its mask.
func (n names) Person(id string) string {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return ""
	}
	return n.personName(parsed)
}

func (n names) personName(id uuid.UUID) string {
	p, ok := n.people[id]
	switch {
	case !ok:
		return "(未建档)"
	case n.shown.has(id, access.FieldName):
		return p.Name
	}
	return text.MaskName(p.Name)
}

func (n names) phone(id uuid.UUID) string {
	return n.field(id, access.FieldPhone, n.people[id].Phone, text.MaskPhone)
}

func (n names) idNo(id uuid.UUID) string {
	return n.field(id, access.FieldIDNo, n.people[id].IDNo, text.MaskID)
}

func (n names) address(id uuid.UUID) string {
	return n.field(id, access.FieldAddress, n.people[id].Address, text.MaskAddress)
}

func (n names) field(id uuid.UUID, f access.Field, value string, mask func(string) string) string {
	if n.shown.has(id, f) {
		return value
	}
	return mask(value)
}

// veil is a free text as the reader sees it: with masks for the names of the
// people of the case and for long numbers, unless the story was revealed.
func (n names) veil(s string) string {
	if n.shown.has(uuid.Nil, access.FieldNarrative) {
		return s
	}
	known := make([]string, 0, len(n.people))
	for _, p := range n.people {
		known = append(known, p.Name)
	}
	return text.Veil(s, known...)
}

// names looks up everybody that sentences and ids mention, in three questions.
func (p *pages) names(ctx context.Context, l look, m timeline.Mentions, persons ...uuid.UUID) (names, error) {
	n := names{units: p.Casework.KnownUnits(), users: map[string]string{}, enterprises: map[string]string{}, look: l}
	for _, id := range m.Users {
		if _, known := n.users[id]; known || id == "" || uuid.Validate(id) != nil {
			continue
		}
		u, err := p.Accounts.Get(ctx, id)
		if errors.Is(err, accounts.ErrNotFound) {
			continue
		}
		if err != nil {
			return n, err
		}
		n.users[id] = u.Name
	}
	enterprises, err := p.Enterprises.Names(ctx, parseIDs(m.Enterprises))
	if err != nil {
		return n, err
	}
	for id, name := range enterprises {
		n.enterprises[id.String()] = name
	}
	n.people, err = p.People.ByIDs(ctx, append(parseIDs(m.Persons), persons...))
	return n, err
}

// peopleOf are the reporter and the claimants of a case: whose names may stand in
// what was written down in it.
func (p *pages) peopleOf(q *web.Request, row complaints.Row) ([]uuid.UUID, error) {
	ledger, err := p.Cases.Ledger(q.Context(), p.viewer(q), row.ID)
	if err != nil {
		return nil, err
	}
	ids := []uuid.UUID{row.Reporter}
	for _, l := range ledger {
		ids = append(ids, l.PersonID)
	}
	return ids, nil
}

func parseIDs(texts []string) []uuid.UUID {
	var ids []uuid.UUID
	for _, t := range texts {
		if id, err := uuid.Parse(t); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// leading is the file that counts of somebody who was found: a file that was
// merged leads to another.
func (p *pages) leading(ctx context.Context, who people.Person) (uuid.UUID, error) {
	main, _, err := p.People.Files(ctx, who.ID)
	return main, err
}
