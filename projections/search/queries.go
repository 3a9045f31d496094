package search

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/projections/text"
)

// Question is what somebody looks for. All words of Text must be found; a single
// character finds names and numbers only. Kind may be empty for all.
type Question struct {
	Text  string
	Kind  Kind
	Limit int // 0 means 20
}

// Many is how many hits are ranked and counted.
const Many = 500

const defaultLimit = 20

// Queries reads the model.
type Queries struct{ pool *pgxpool.Pool }

// NewQueries reads through pool.
func NewQueries(pool *pgxpool.Pool) Queries { return Queries{pool} }

// Find answers a question of somebody. A question without a letter or a digit
// finds nothing.
func (q Queries) Find(ctx context.Context, viewer domain.Actor, sight complaint.Sight, ask Question) (Result, error) {
	terms := text.Terms(ask.Text)
	if len(terms) == 0 {
		return Result{}, nil
	}
	if ask.Limit <= 0 {
		ask.Limit = defaultLimit
	}
	who := pgx.StrictNamedArgs{
		"sees_all": sight.All, "everywhere": sight.Everywhere, "units": sight.Units, "own": sight.Own,
		"viewer": viewer.ID, "org": viewer.Org, "role": string(viewer.Role),
		"kind": string(ask.Kind), "limit": ask.Limit,
	}
	result, total, err := q.ranked(ctx, who, terms)
	if err != nil || total <= Many {
		return result, err
	}
	return q.newest(ctx, who, terms)
}

// visible is who may see a document: a case as the sight of the viewer and C10 of
// domain.md have it, the same as in the lists; people and enterprises, which have
// no owner, everybody.
func visible(c string) string {
	return `(@sees_all or (
		(` + c + `.kind <> 'complaint' or @everywhere or ` + c + `.owner = any (@units::text[]) or @own and @viewer = any (` + c + `.staff))
		and (not ` + c + `.restricted or ((` + c + `.accused_org = '' or ` + c + `.accused_org <> @org) and @role = any (` + c + `.allowed_roles)))))`
}

var (
	// seen is who may see document d. A person who is known from restricted
	// cases alone is there for those who may see one of them.
	seen = visible("d") + ` and (not d.guarded or @sees_all or exists (select from ` + schema + `.link l
		join ` + schema + `.document c on c.kind = 'complaint' and c.id = l.complaint_id
		where l.person_id = d.id and ` + visible("c") + `))`

	// shown is what a page shows of document d: of a person the newest cases too.
	shown = `d.kind, d.id, d.at, d.parts, d.merged_into, case when d.kind = 'person' then (
		select jsonb_agg(jsonb_build_object('id', k.id, 'no', k.no) order by k.at desc, k.id) from (
			select c.id, c.at, c.parts->0->>'t' as no from ` + schema + `.link l
			  join ` + schema + `.document c on c.kind = 'complaint' and c.id = l.complaint_id
			 where l.person_id = d.id and ` + visible("c") + ` order by c.at desc, c.id limit 5) k) end as cases`

	// rankedSQL ranks the documents that hold all terms, as far as Many and one
	// more. The keys of the index tell candidates, the text the hits; the limit
	// stands apart, so that the planner does not count on finding many soon.
	rankedSQL = `
with hit as materialized (
	select d.kind, d.id, d.at, d.titles from ` + schema + `.document d
	 where d.grams @> @grams::int4[] and ` + seen + `
	   and not exists (select from unnest(@check::text[]) t where position(t in d.folded) = 0)
), counted as materialized (
	select * from hit limit @some
), best as (
	select kind, id, (select max(case
			when position(E'\n' || t || E'\n' in titles) > 0 then 3
			when position(E'\n' || t in titles) > 0 then 2
			when position(t in titles) > 0 then 1
			else 0 end) from unnest(@terms::text[]) t) as rank
	  from counted where @kind = '' or kind = @kind
	 order by rank desc, kind = 'complaint', at desc, id limit @limit
)
select ` + shown + `, (select jsonb_object_agg(kind, n) from (select kind, count(*) as n from counted group by kind) n) as counts
  from best b join ` + schema + `.document d using (kind, id)
 order by b.rank desc, b.kind = 'complaint', d.at desc, d.id`

	// newestSQL gives the newest documents that hold all terms. There are many, so
	// the way back in time comes to them soon.
	newestSQL = `
select ` + shown + `, null::jsonb as counts
  from ` + schema + `.document d
 where (@kind = '' or d.kind = @kind) and ` + seen + `
   and not exists (select from unnest(@long::text[]) t where position(t in d.folded) = 0)
   and not exists (select from unnest(@short::text[]) t where position(t in d.titles) = 0)
 order by d.at desc limit @limit`
)

type found struct {
	Kind       Kind
	ID         uuid.UUID
	At         time.Time
	Parts      []part
	MergedInto uuid.UUID
	Cases      []Case
	Counts     map[Kind]int
}

func (q Queries) ranked(ctx context.Context, who pgx.StrictNamedArgs, terms []string) (Result, int, error) {
	var grams []int32
	check := []string{}
	for _, term := range terms {
		grams = append(grams, text.Query(term)...)
		if !text.Exact(term) {
			check = append(check, term)
		}
	}
	args := with(who, pgx.StrictNamedArgs{"grams": grams, "check": check, "terms": terms, "some": Many + 1})
	rows, err := q.ask(ctx, rankedSQL, args)
	if err != nil {
		return Result{}, 0, err
	}
	result := Result{Hits: hits(rows, terms), Counts: map[Kind]int{}}
	total := 0
	if len(rows) > 0 {
		result.Counts = rows[0].Counts
		for _, n := range result.Counts {
			total += n
		}
	}
	return result, total, nil
}

func (q Queries) newest(ctx context.Context, who pgx.StrictNamedArgs, terms []string) (Result, error) {
	long, short := []string{}, []string{}
	for _, term := range terms {
		if len([]rune(term)) > 1 {
			long = append(long, term)
		} else {
			short = append(short, term)
		}
	}
	rows, err := q.ask(ctx, newestSQL, with(who, pgx.StrictNamedArgs{"long": long, "short": short}))
	if err != nil {
		return Result{}, err
	}
	return Result{Hits: hits(rows, terms)}, nil
}

func (q Queries) ask(ctx context.Context, sql string, args pgx.StrictNamedArgs) ([]found, error) {
	rows, err := q.pool.Query(ctx, sql, args)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[found])
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return all, nil
}

func with(a, b pgx.StrictNamedArgs) pgx.StrictNamedArgs {
	all := make(pgx.StrictNamedArgs, len(a)+len(b))
	for _, args := range []pgx.StrictNamedArgs{a, b} {
		for name, value := range args {
			all[name] = value
		}
	}
	return all
}
