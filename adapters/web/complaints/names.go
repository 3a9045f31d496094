package complaints

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/domain/orgunit"
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
	open        bool // the reader sees names, not masks
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
	case n.open:
		return p.Name
	}
	return text.MaskName(p.Name)
}

func (n names) phone(id uuid.UUID) string {
	if n.open {
		return n.people[id].Phone
	}
	return text.MaskPhone(n.people[id].Phone)
}

// numbers are runs of digits that may be of a telephone or an identity card.
var numbers = regexp.MustCompile(`\d[\d -]{5,}[\dXx]`)

// veil is a free text as the reader may see it: with masks for the names of the
// people of the case and for long numbers, unless the reader sees them anyway.
func (n names) veil(s string) string {
	if n.open {
		return s
	}
	for _, p := range n.people {
		if p.Name != "" {
			s = strings.ReplaceAll(s, p.Name, text.MaskName(p.Name))
		}
	}
	return numbers.ReplaceAllStringFunc(s, text.MaskPhone)
}

func (n names) idNo(id uuid.UUID) string { return text.MaskID(n.people[id].IDNo) }

// names looks up everybody that sentences and ids mention, in three questions.
func (p *pages) names(ctx context.Context, open bool, m timeline.Mentions, persons ...uuid.UUID) (names, error) {
	n := names{units: p.Casework.KnownUnits(), users: map[string]string{}, enterprises: map[string]string{}, open: open}
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

func parseIDs(texts []string) []uuid.UUID {
	var ids []uuid.UUID
	for _, t := range texts {
		if id, err := uuid.Parse(t); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}
