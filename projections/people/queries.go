package people

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain/person"
	"hearth/projections/text"
)

// Queries reads the model. Persons come unmasked, and in the order of their names
// in pinyin where nothing else is said.
type Queries struct{ pool *pgxpool.Pool }

// NewQueries reads through pool.
func NewQueries(pool *pgxpool.Pool) Queries { return Queries{pool} }

const (
	selectPerson = `select id, kind, name, name_folded, name_pinyin, name_initials, id_no, phone, address, has_bank,
		consents, kin, created_at, created_position, version, position from ` + schema + `.person where `
	byName = ` order by name_pinyin, name_folded, created_position `
)

// ByID is one person; found is false when there is none.
func (q Queries) ByID(ctx context.Context, id uuid.UUID) (p Person, found bool, err error) {
	persons, err := q.persons(ctx, `id = @id`, pgx.StrictNamedArgs{"id": id})
	if err != nil || len(persons) == 0 {
		return Person{}, false, err
	}
	return persons[0], true, nil
}

// ByIDs are the persons of a ledger. Ids that are not known are left out.
func (q Queries) ByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Person, error) {
	if len(ids) == 0 {
		return map[uuid.UUID]Person{}, nil
	}
	persons, err := q.persons(ctx, `id = any(@ids)`, pgx.StrictNamedArgs{"ids": ids})
	if err != nil {
		return nil, err
	}
	found := make(map[uuid.UUID]Person, len(persons))
	for _, p := range persons {
		found[p.ID] = p
	}
	return found, nil
}

// ByPhone is who may be calling from a number, however it is written. A phone
// system may put a 0 before a mobile number.
func (q Queries) ByPhone(ctx context.Context, phone string) ([]Person, error) {
	number, err := person.ParsePhone(phone)
	if err != nil {
		return nil, nil // not a number that anybody can have
	}
	numbers := []string{number}
	if len(number) == 12 && strings.HasPrefix(number, "01") {
		numbers = append(numbers, number[1:])
	}
	return q.persons(ctx, `phone = any(@numbers) and phone <> '' `+byName+`limit 50`, pgx.StrictNamedArgs{"numbers": numbers})
}

// ByIDNo is whose identity number this is, of 15 or 18 characters. It is one
// person unless a file was made twice.
func (q Queries) ByIDNo(ctx context.Context, no string) ([]Person, error) {
	number, err := person.ParseIDNo(no)
	if err != nil {
		return nil, nil
	}
	return q.persons(ctx, `id_no = @no and id_no <> '' `+byName+`limit 50`, pgx.StrictNamedArgs{"no": number})
}

// Suggest helps to type a person: by the beginning of the name, of its initials
// in pinyin, or of a phone number from three digits on. They come in the order of
// what was typed.
func (q Queries) Suggest(ctx context.Context, typed string, limit int) ([]Person, error) {
	folded := text.Fold(typed)
	if folded == "" {
		return nil, nil
	}
	// The index has the order too, so that a common surname costs no more than a
	// rare one. What is folded has neither % nor _.
	where := `name_folded like @prefix order by name_folded, id `
	switch {
	case strings.Trim(folded, "0123456789") != "" && folded[0] < 0x80:
		where = `name_initials like @prefix order by name_initials, name_pinyin, id `
	case folded[0] < 0x80 && len(folded) < 3:
		return nil, nil
	case folded[0] < 0x80:
		where = `phone like @prefix and phone <> '' order by phone, name_pinyin, id `
	}
	return q.persons(ctx, where+`limit @limit`, pgx.StrictNamedArgs{"prefix": folded + "%", "limit": limit})
}

func (q Queries) persons(ctx context.Context, where string, args pgx.StrictNamedArgs) ([]Person, error) {
	rows, err := q.pool.Query(ctx, selectPerson+where, args)
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	persons, err := pgx.CollectRows(rows, pgx.RowToStructByName[Person])
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	return persons, nil
}
