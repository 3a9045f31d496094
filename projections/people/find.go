package people

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/eventstore/vault"
	"hearth/projections/text"
)

// ByAccount is whose bank account this is.
func (q Queries) ByAccount(ctx context.Context, no string) ([]Person, error) {
	return q.same(ctx, vault.IndexAccount, `account_blind = any(@sums)`, []string{no})
}

// ByName is who is called so, the whole name, simplified or traditional.
func (q Queries) ByName(ctx context.Context, name string) ([]Person, error) {
	folded := text.Fold(name)
	if folded == "" {
		return nil, nil
	}
	persons, err := q.persons(ctx, `begins_blind @> @begins order by created_position desc limit @most`,
		pgx.StrictNamedArgs{"begins": q.vault.Words(byName, []string{beginning(folded, longest)}), "most": mostBeginning})
	return slices.DeleteFunc(persons, func(p Person) bool { return text.Fold(p.Name) != folded }), err
}

// Find is who has an exact number (identity card, telephone, bank account) or an
// exact name. Nobody is found by a part of them.
func (q Queries) Find(ctx context.Context, asked string) ([]Person, error) {
	if !strings.ContainsAny(text.Fold(asked), "0123456789") {
		return q.ByName(ctx, asked)
	}
	var found []Person
	for _, ask := range []func(context.Context, string) ([]Person, error){q.ByIDNo, q.ByPhone, q.ByAccount} {
		some, err := ask(ctx, asked)
		if err != nil {
			return nil, err
		}
		for _, p := range some {
			if !slices.ContainsFunc(found, func(o Person) bool { return o.ID == p.ID }) {
				found = append(found, p)
			}
		}
	}
	return found, nil
}

// Files are the files of the person that one file is of: the one that counts,
// which all others lead to, and all of them with it first. A file that is not
// there is not among them.
func (q Queries) Files(ctx context.Context, id uuid.UUID) (main uuid.UUID, all []uuid.UUID, err error) {
	// union, not union all: it ends even if the links went round.
	rows, err := q.pool.Query(ctx, `with recursive up as (
			select id, merged_into from `+schema+`.person where id = @id
			union select p.id, p.merged_into from `+schema+`.person p join up on p.id = up.merged_into
		), down as (
			select id from up where merged_into = @nobody
			union select p.id from `+schema+`.person p join down on p.merged_into = down.id
		) select d.id from down d join `+schema+`.person p using (id) order by p.merged_into = @nobody desc, p.created_position, d.id`,
		pgx.StrictNamedArgs{"id": id, "nobody": uuid.Nil})
	if err != nil {
		return uuid.Nil, nil, fmt.Errorf("files of a person: %w", err)
	}
	all, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return uuid.Nil, nil, fmt.Errorf("files of a person: %w", err)
	}
	if len(all) == 0 {
		return id, nil, nil
	}
	return all[0], all, nil
}

// Leading are the files that count of those that were found: a file that leads to
// another is replaced by it, and none comes twice.
func (q Queries) Leading(ctx context.Context, found []Person) ([]Person, error) {
	var leading []Person
	for _, p := range found {
		if p.Merged() {
			main, _, err := q.Files(ctx, p.ID)
			if err != nil {
				return nil, err
			}
			if p, _, err = q.ByID(ctx, main); err != nil {
				return nil, err
			}
		}
		if !slices.ContainsFunc(leading, func(o Person) bool { return o.ID == p.ID }) {
			leading = append(leading, p)
		}
	}
	return leading, nil
}

// Duplicate is another file that may be of the same person, and what the two have
// in common.
type Duplicate struct {
	Person
	SameIDNo, SamePhone, SameAccount bool
}

// Duplicates are the files that have a number in common with one and are not
// linked to it, those with the same identity number first.
func (q Queries) Duplicates(ctx context.Context, id uuid.UUID) ([]Duplicate, error) {
	rows, err := q.pool.Query(ctx, `select p.id, coalesce(p.id_no_blind = o.id_no_blind, false) as id_no,
			coalesce(p.phone_blind = o.phone_blind, false) as phone, coalesce(p.account_blind = o.account_blind, false) as account
		  from `+schema+`.person o, `+schema+`.person p
		 where o.id = @id and p.id <> o.id and p.merged_into = @nobody and o.merged_into = @nobody
		   and (p.id_no_blind = o.id_no_blind or p.phone_blind = o.phone_blind or p.account_blind = o.account_blind)
		 order by 2 desc, 4 desc, p.created_position limit @limit`,
		pgx.StrictNamedArgs{"id": id, "nobody": uuid.Nil, "limit": mostSame})
	if err != nil {
		return nil, fmt.Errorf("duplicates of a person: %w", err)
	}
	type common struct {
		ID                   uuid.UUID
		IDNo, Phone, Account bool
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[common])
	if err != nil {
		return nil, fmt.Errorf("duplicates of a person: %w", err)
	}
	ids := make([]uuid.UUID, len(found))
	for i, f := range found {
		ids[i] = f.ID
	}
	persons, err := q.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	var all []Duplicate
	for _, f := range found {
		if p, ok := persons[f.ID]; ok { // else the model moved on meanwhile
			all = append(all, Duplicate{p, f.IDNo, f.Phone, f.Account})
		}
	}
	return all, nil
}

// OpenRequests are the persons about whose data something is to be decided, the
// one who waits longest first.
func (q Queries) OpenRequests(ctx context.Context) ([]Person, error) {
	persons, err := q.persons(ctx, `request_open limit 500`, nil)
	slices.SortStableFunc(persons, func(a, b Person) int {
		x, _ := a.Open()
		y, _ := b.Open()
		return x.At.Compare(y.At)
	})
	return persons, err
}

// KinOf are the persons who are declared as kin of a member of staff, by anybody
// and whether it still holds; all declarations when user is empty.
func (q Queries) KinOf(ctx context.Context, user string) ([]Person, error) {
	const some = `kin <> '[]' and kin <> 'null'`
	if user == "" {
		return q.persons(ctx, some+` order by created_position`, nil)
	}
	return q.persons(ctx, some+` and kin @> jsonb_build_array(jsonb_build_object('user', @user::text)) order by created_position`,
		pgx.StrictNamedArgs{"user": user})
}
