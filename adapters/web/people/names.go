package people

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/findings"
	"hearth/domain/orgunit"
	"hearth/projections/people"
	"hearth/projections/text"
	"hearth/projections/timeline"
)

// names resolves ids for one reader.
type names struct {
	units  orgunit.Tree
	users  map[string]string
	people map[uuid.UUID]people.Person
	reads  bool // the reader sees what was written down
}

// User is the name of an account.
func (n names) User(id string) string {
	if name, ok := n.users[id]; ok {
		return name
	}
	if id == "system" || id == "" {
		return "系统"
	}
	return "(账号不在本系统)"
}

// Org is the name of a unit.
func (n names) Org(code string) string { return n.units.Name(code) }

// Enterprise is nothing that sentences about persons mention.
func (names) Enterprise(string) string { return "(单位)" }

// Person is the name of a person, or its mask.
func (n names) Person(id string) string {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return ""
	}
	return n.Of(parsed)
}

// Of is Person for an id: the mask of the name.
func (n names) Of(id uuid.UUID) string {
	if p, ok := n.people[id]; ok {
		return text.MaskName(p.Name)
	}
	return "(未建档)"
}

// veil is a text that somebody wrote, with masks for the names of the people of
// the page and for long numbers.
func (n names) veil(s string) string {
	known := make([]string, 0, len(n.people))
	for _, p := range n.people {
		known = append(known, p.Name)
	}
	return text.Veil(s, known...)
}

// names looks up accounts and persons.
func (p *pages) names(ctx context.Context, u accounts.User, users []string, persons ...uuid.UUID) (names, error) {
	n := names{units: p.Casework.KnownUnits(), users: map[string]string{}, reads: findings.ReadsStories(u)}
	for _, id := range users {
		if _, known := n.users[id]; known || id == "" || id == "system" {
			continue
		}
		account, err := p.Accounts.Get(ctx, id)
		if errors.Is(err, accounts.ErrNotFound) {
			continue
		}
		if err != nil {
			return n, err
		}
		n.users[id] = account.Name
	}
	var err error
	n.people, err = p.People.ByIDs(ctx, persons)
	return n, err
}

var _ timeline.Names = names{}

func parseIDs(texts []string) []uuid.UUID {
	var ids []uuid.UUID
	for _, t := range texts {
		if id, err := uuid.Parse(t); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}
