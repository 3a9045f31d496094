package enterprises

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain"
	"hearth/domain/enterprise"
	"hearth/projections/text"
)

// ErrNotFound says that there is no such enterprise.
var ErrNotFound = errors.New("enterprises: no such enterprise")

// Queries reads the model.
type Queries struct{ pool *pgxpool.Pool }

// NewQueries reads through pool.
func NewQueries(pool *pgxpool.Pool) Queries { return Queries{pool} }

// Figures are what the complaints that a viewer may see say of an employer.
type Figures struct {
	Open    int        `db:"open" json:"open"`
	Total   int        `db:"total" json:"total"`
	ByName  int        `db:"by_name" json:"by_name"` // of Total, those that only call it by its name
	Persons int        `db:"persons" json:"persons"`
	OwedFen domain.Fen `db:"owed_fen" json:"owed_fen"`
	PaidFen domain.Fen `db:"paid_fen" json:"paid_fen"`
	Red     int        `db:"red" json:"red"` // open and of red risk
	LastAt  time.Time  `db:"last_at" json:"last_at,omitzero"`
}

// Card is an enterprise with its figures. Merged are the files that go on in it.
type Card struct {
	Enterprise
	Figures
	Merged []Enterprise `db:"-" json:"merged,omitempty"`
}

const columns = `e.id, e.uscc, e.name, e.name_key, e.name_pinyin, e.former, e.keys, e.matches, e.grams, e.county, e.industry, e.ownership,
	e.headcount, e.headcount_on, e.union_org, e.signals, e.blacklists, e.merged_into, e.root, e.created_at, e.version, e.position`

// figures are those of enterprise e, of all files that go on in it. Complaints are
// found by the enterprise that they name, or by what they call it.
const figures = `lateral (
	select count(*) filter (where m.open)::int as open, count(*)::int as total, count(*) filter (where m.by_name)::int as by_name,
	       coalesce(sum(m.persons), 0)::int as persons, coalesce(sum(m.owed_fen), 0)::bigint as owed_fen,
	       coalesce(sum(m.paid_fen), 0)::bigint as paid_fen,
	       count(*) filter (where m.open and m.risk = 'red')::int as red, max(m.registered_at) as last_at
	  from (select m.*, false as by_name from ` + schema + `.matter m
	         where m.enterprise_id = any (array(select x.id from ` + schema + `.enterprise x where x.root = e.id))
	        union all
	        select m.*, true from ` + schema + `.matter m
	         where m.employer_key <> '' and m.enterprise_id = '00000000-0000-0000-0000-000000000000'
	           and m.employer_key = any (array(select unnest(x.keys) from ` + schema + `.enterprise x where x.root = e.id))) m
	 where not m.merged
	   and (not m.restricted or @sees_all or ((m.accused_org = '' or m.accused_org <> @org) and @role = any (m.allowed_roles)))
) f`

// seesAll reports who sees restricted cases without being named: those who audit,
// and the system's own tasks.
func seesAll(r domain.Role) bool {
	return r == domain.RoleDiscipline || r == domain.RoleFinanceAuditor || r == domain.RoleSystem
}

func arguments(viewer domain.Actor) pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"sees_all": seesAll(viewer.Role), "org": viewer.Org, "role": string(viewer.Role)}
}

// Card is the card of an enterprise; of one that was merged, the card of that
// into which it was.
func (q Queries) Card(ctx context.Context, viewer domain.Actor, id uuid.UUID) (Card, error) {
	args := arguments(viewer)
	args["id"] = id
	cards, err := collect[Card](ctx, q, `select `+columns+`, f.* from `+schema+`.enterprise o
		join `+schema+`.enterprise e on e.id = o.root cross join `+figures+` where o.id = @id`, args)
	if err != nil {
		return Card{}, err
	}
	if len(cards) == 0 {
		return Card{}, ErrNotFound
	}
	card := cards[0]
	card.Merged, err = collect[Enterprise](ctx, q, `select `+columns+` from `+schema+`.enterprise e
		where e.root = @id and e.id <> @id order by e.created_at, e.id`, pgx.StrictNamedArgs{"id": card.ID})
	return card, err
}

// Suggestion is an enterprise that somebody may mean. Via is the former name, short
// name or code by which it was found when its present name does not show why.
type Suggestion struct {
	Enterprise
	Figures
	Via string `db:"-" json:"via,omitempty"`
}

// Suggest helps to type an enterprise: by any part of a present or former name,
// with or without 省市县 and the legal form, by the initials of its pinyin, or by
// the beginning of its code. Several words narrow it down. What begins as typed
// comes first, then those with open complaints; of very many, not all are looked at.
func (q Queries) Suggest(ctx context.Context, viewer domain.Actor, typed string, limit int) ([]Suggestion, error) {
	terms := text.Terms(typed)
	if len(terms) == 0 {
		return nil, nil
	}
	var grams []int32
	for i, term := range terms {
		terms[i] = enterprise.NormalName(term)
		grams = append(grams, text.Query(terms[i])...)
	}
	args := arguments(viewer)
	args["grams"], args["terms"], args["limit"] = grams, terms, limit
	found, err := collect[Suggestion](ctx, q, `
		with best as materialized (
			select e.root, max((select min(case
					when position(E'\n' || t || E'\n' in e.matches) > 0 then 3
					when position(E'\n' || t in e.matches) > 0 then 2
					else 1 end) from unnest(@terms::text[]) t)) as rank
			  from `+schema+`.enterprise e
			 where e.grams @> @grams::int4[]
			   and not exists (select from unnest(@terms::text[]) t where position(t in e.matches) = 0)
			 group by e.root
			 order by rank desc, min(e.name_pinyin), e.root limit @limit * 4
		)
		select `+columns+`, f.* from best b join `+schema+`.enterprise e on e.id = b.root cross join `+figures+`
		 order by b.rank desc, f.open > 0 desc, e.name_pinyin, e.id limit @limit`, args)
	for i, s := range found {
		found[i].Via = via(s.Enterprise, terms)
	}
	return found, err
}

// via is what shows why an enterprise was found.
func via(e Enterprise, terms []string) string {
	if text.Contains(e.Name, terms) {
		return ""
	}
	for _, name := range e.Former {
		if text.Contains(name, terms) {
			return name
		}
	}
	if text.Contains(e.USCC, terms) {
		return e.USCC
	}
	return ""
}

// ByUSCC is the enterprise with a code, however it is written; one that was merged
// stands for that into which it was.
func (q Queries) ByUSCC(ctx context.Context, code string) (Enterprise, error) {
	code, err := enterprise.ParseUSCC(code)
	if err != nil {
		return Enterprise{}, ErrNotFound
	}
	found, err := collect[Enterprise](ctx, q, `select `+columns+` from `+schema+`.enterprise o join `+schema+`.enterprise e on e.id = o.root
		where o.uscc = @code and o.uscc <> '' order by e.created_at, e.id limit 1`, pgx.StrictNamedArgs{"code": code})
	if err != nil {
		return Enterprise{}, err
	}
	if len(found) == 0 {
		return Enterprise{}, ErrNotFound
	}
	return found[0], nil
}

// ByName are the enterprises that are or were called so, up to the legal form,
// width and brackets. Those that were merged stand for that into which they were.
func (q Queries) ByName(ctx context.Context, name string) ([]Enterprise, error) {
	k := key(name)
	if k == "" {
		return nil, nil
	}
	return collect[Enterprise](ctx, q, `select distinct `+columns+` from `+schema+`.enterprise o
		join `+schema+`.enterprise e on e.id = o.root where o.keys @> array[@key::text] order by e.created_at, e.id limit 50`,
		pgx.StrictNamedArgs{"key": k})
}

// Names are the present names of enterprises, for lists and timelines. Ids that
// are not known are left out.
func (q Queries) Names(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	type named struct {
		ID   uuid.UUID
		Name string
	}
	found, err := collect[named](ctx, q, `select id, name from `+schema+`.enterprise where id = any (@ids)`, pgx.StrictNamedArgs{"ids": ids})
	if err != nil {
		return nil, err
	}
	names := make(map[uuid.UUID]string, len(found))
	for _, e := range found {
		names[e.ID] = e.Name
	}
	return names, nil
}

func collect[T any](ctx context.Context, q Queries, sql string, args pgx.StrictNamedArgs) ([]T, error) {
	rows, err := q.pool.Query(ctx, sql, args)
	if err != nil {
		return nil, fmt.Errorf("enterprises: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		return nil, fmt.Errorf("enterprises: %w", err)
	}
	return all, nil
}
