package people

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain/person"
	"hearth/eventstore/vault"
	"hearth/projections"
	"hearth/projections/text"
)

// Queries reads the model. Persons come unmasked, and in the order of their names
// in pinyin where nothing else is said. What was shredded or suspended reads
// 〔已销毁〕 or 〔已封存〕.
type Queries struct {
	pool  *pgxpool.Pool
	vault Vault
}

// NewQueries reads through pool and opens rows with v.
func NewQueries(pool *pgxpool.Pool, v Vault) Queries { return Queries{pool, v} }

// The bounds of answers; how many have the same number, and how many with the
// same beginning are looked at for the order.
const (
	mostSame      = 50
	mostBeginning = 100
)

const selectPerson = `select id, kind, name_sealed, id_no_sealed, phone_sealed, address_sealed, died_on_sealed,
	null::bytea as id_no_blind, null::bytea as phone_blind, null::bytea as account_blind, '{}'::bigint[] as begins_blind,
	has_bank, consents, bases, kin, death_source, death_noted_at, merged_into, taken, standing, requests, request_open,
	created_at, created_position, version, position from ` + schema + `.person p where `

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
	return q.same(ctx, vault.IndexPhone, `phone_blind = any(@sums)`, numbers)
}

// ByIDNo is whose identity number this is, of 15 or 18 characters. It is one
// person unless a file was made twice.
func (q Queries) ByIDNo(ctx context.Context, no string) ([]Person, error) {
	return q.same(ctx, vault.IndexIDNo, `id_no_blind = any(@sums)`, []string{no})
}

// same are the persons with one of these numbers, by name.
func (q Queries) same(ctx context.Context, kind vault.IndexKind, where string, numbers []string) ([]Person, error) {
	var sums [][]byte
	for _, n := range numbers {
		if sum, err := q.vault.Index(kind, n); err == nil { // else nobody can have it
			sums = append(sums, sum)
		}
	}
	if len(sums) == 0 {
		return nil, nil
	}
	persons, err := q.persons(ctx, where+` order by created_position limit @limit`, pgx.StrictNamedArgs{"sums": sums, "limit": mostSame})
	sorted(persons, func(p *Person) string { return text.NamePinyin(p.Name) }, func(p *Person) string { return text.Fold(p.Name) })
	return persons, err
}

// Suggest helps to type a person: by the beginning of the name, of its initials
// in pinyin, or of a phone number from three digits on. They come in the order of
// what was typed; of a beginning that very many have, the newest.
func (q Queries) Suggest(ctx context.Context, typed string, limit int) ([]Person, error) {
	folded := text.Fold(typed)
	if folded == "" {
		return nil, nil
	}
	folding := func(p *Person) string { return text.Fold(p.Name) }
	pinyin := func(p *Person) string { return text.NamePinyin(p.Name) }
	kind, to, of, then := byName, longest, folding, folding
	switch {
	case strings.Trim(folded, "0123456789") != "" && folded[0] < 0x80:
		kind, of, then = byInitials, func(p *Person) string { return text.NameInitials(p.Name) }, pinyin
	case folded[0] < 0x80 && len(folded) < shortestPhone:
		return nil, nil
	case folded[0] < 0x80:
		kind, to, of, then = byPhone, longestPhone, func(p *Person) string { return text.Fold(p.Phone) }, pinyin
	}
	persons, err := q.rows(ctx, `begins_blind @> @begins order by created_position desc limit @most`,
		pgx.StrictNamedArgs{"begins": q.vault.Words(kind, []string{beginning(folded, to)}), "most": mostBeginning})
	if err != nil {
		return nil, err
	}
	// The order needs the name, and the phone when that was typed.
	if err := q.show(ctx, persons, func(column string) bool {
		return column == columnName || column == columnPhone && kind == byPhone
	}); err != nil {
		return nil, err
	}
	persons = slices.DeleteFunc(persons, func(p Person) bool { return !strings.HasPrefix(of(&p), folded) })
	sorted(persons, of, then)
	persons = persons[:min(len(persons), limit)]
	return persons, q.show(ctx, persons, func(string) bool { return true })
}

// sorted puts persons in the order of what is made of them, which it makes once.
func sorted(persons []Person, by ...func(*Person) string) {
	type keyed struct {
		keys []string
		p    Person
	}
	all := make([]keyed, len(persons))
	for i := range persons {
		all[i].p = persons[i]
		for _, of := range by {
			all[i].keys = append(all[i].keys, of(&persons[i]))
		}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		return cmp.Or(slices.Compare(a.keys, b.keys), cmp.Compare(a.p.CreatedPosition, b.p.CreatedPosition), slices.Compare(a.p.ID[:], b.p.ID[:]))
	})
	for i := range all {
		persons[i] = all[i].p
	}
}

// persons are rows that are open.
func (q Queries) persons(ctx context.Context, where string, args pgx.StrictNamedArgs) ([]Person, error) {
	persons, err := q.rows(ctx, where, args)
	if err != nil {
		return nil, err
	}
	return persons, q.show(ctx, persons, func(string) bool { return true })
}

func (q Queries) rows(ctx context.Context, where string, args pgx.StrictNamedArgs) ([]Person, error) {
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

// show opens some columns of all rows.
func (q Queries) show(ctx context.Context, persons []Person, want func(column string) bool) error {
	var cells []projections.Cell
	for i := range persons {
		for _, c := range persons[i].cells() {
			if want(c.Column) {
				cells = append(cells, c)
			}
		}
	}
	if err := projections.Show(ctx, q.vault, cells); err != nil {
		return fmt.Errorf("people: %w", err)
	}
	return nil
}
