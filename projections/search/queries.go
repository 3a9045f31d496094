package search

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/projections"
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

const (
	defaultLimit = 20
	mostPages    = 20 // that are looked through for the newest hits
)

// Queries reads the model.
type Queries struct {
	pool  *pgxpool.Pool
	vault Vault
}

// NewQueries reads through pool and opens texts with v.
func NewQueries(pool *pgxpool.Pool, v Vault) Queries { return Queries{pool, v} }

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
	f := finder{Queries: q, terms: terms, ask: ask, who: pgx.StrictNamedArgs{
		"sees_all": sight.All, "everywhere": sight.Everywhere, "units": sight.Units, "own": sight.Own,
		"viewer": viewer.ID, "org": viewer.Org, "role": string(viewer.Role),
	}}
	result, err := f.find(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("search: %w", err)
	}
	return result, nil
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

	// candidatesSQL gives the documents that have the keys of all terms, as far as
	// Many and one more.
	candidatesSQL = `
select d.kind, d.id from ` + schema + `.document d where d.grams_blind @> @grams::int4[] and ` + seen + ` limit @some`

	shown = `select d.kind, d.id, d.at, d.parts, d.texts_sealed, d.merged_into from ` + schema + `.document d `

	byKeysSQL = shown + `where (d.kind, d.id) in (select * from unnest(@kinds::text[], @ids::uuid[]))`

	// newestSQL goes back in time. There are many with all keys; the statistics of
	// the keys tell whether to collect them or to come to them on the way.
	newestSQL = shown + `where (@kind = '' or d.kind = @kind) and d.grams_blind @> @grams::int4[] and ` + seen + `
 order by d.at desc, d.id limit @limit offset @offset`

	// casesSQL gives the newest cases of persons.
	casesSQL = `
select p.id as person, k.id, k.no from unnest(@ids::uuid[]) as p(id) cross join lateral (
	select c.id, c.at, c.parts->0->>'t' as no from ` + schema + `.link l
	  join ` + schema + `.document c on c.kind = 'complaint' and c.id = l.complaint_id
	 where l.person_id = p.id and ` + visible("c") + ` order by c.at desc, c.id limit 5) k
 order by k.at desc, k.id`
)

// found is a document that may be a hit.
type found struct {
	document
	rank  int
	Cases []Case
}

// finder answers one question.
type finder struct {
	Queries
	terms []string
	ask   Question
	who   pgx.StrictNamedArgs
}

// find ranks and counts the hits, or gives the newest when there are too many.
func (f finder) find(ctx context.Context) (Result, error) {
	grams := []int32{}
	for _, term := range f.terms {
		grams = append(grams, text.Query(term)...)
	}
	grams = hashed(f.vault, grams)
	rows, _ := f.pool.Query(ctx, candidatesSQL, f.with(pgx.StrictNamedArgs{"grams": grams, "some": Many + 1})) // CollectRows returns the error
	candidates, err := pgx.CollectRows(rows, pgx.RowToStructByPos[documentKey])
	if err != nil {
		return Result{}, err
	}
	if len(candidates) > Many {
		best, err := f.newest(ctx, grams)
		return Result{Hits: hits(best, f.terms)}, err
	}
	best, counts, err := f.ranked(ctx, candidates)
	return Result{Hits: hits(best, f.terms), Counts: counts}, err
}

// ranked opens candidates and gives the best of those that are hits.
func (f finder) ranked(ctx context.Context, candidates []documentKey) ([]*found, map[Kind]int, error) {
	counts := map[Kind]int{}
	kinds, ids := make([]Kind, len(candidates)), make([]uuid.UUID, len(candidates))
	for i, c := range candidates {
		kinds[i], ids[i] = c.Kind, c.ID
	}
	all, err := f.documents(ctx, byKeysSQL, pgx.StrictNamedArgs{"kinds": kinds, "ids": ids})
	if err != nil {
		return nil, nil, err
	}
	var best []*found
	for _, d := range all {
		counts[d.Kind]++
		if f.ask.Kind == "" || d.Kind == f.ask.Kind {
			best = append(best, d)
		}
	}
	slices.SortFunc(best, func(a, b *found) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(last(a.Kind), last(b.Kind)), b.At.Compare(a.At), slices.Compare(a.ID[:], b.ID[:]))
	})
	best = best[:min(len(best), f.ask.Limit)]
	return best, counts, f.cases(ctx, best)
}

// last puts cases behind those whom they name.
func last(k Kind) int {
	if k == Complaint {
		return 1
	}
	return 0
}

// newest gives the newest hits.
func (f finder) newest(ctx context.Context, grams []int32) ([]*found, error) {
	var best []*found
	page := 2 * f.ask.Limit
	for offset := 0; len(best) < f.ask.Limit && offset < mostPages*page; offset += page {
		args := pgx.StrictNamedArgs{"grams": grams, "kind": string(f.ask.Kind), "limit": page, "offset": offset}
		all, more, err := f.page(ctx, newestSQL, f.with(args))
		if err != nil {
			return nil, err
		}
		if best = append(best, all...); more < page {
			break
		}
	}
	best = best[:min(len(best), f.ask.Limit)]
	return best, f.cases(ctx, best)
}

// documents are the rows that are hits, opened.
func (f finder) documents(ctx context.Context, sql string, args pgx.StrictNamedArgs) ([]*found, error) {
	all, _, err := f.page(ctx, sql, args)
	return all, err
}

// page is documents with how many rows there were.
func (f finder) page(ctx context.Context, sql string, args pgx.StrictNamedArgs) ([]*found, int, error) {
	type row struct {
		Kind        Kind
		ID          uuid.UUID
		At          time.Time
		Parts       []part
		TextsSealed []string
		MergedInto  uuid.UUID
	}
	rows, _ := f.pool.Query(ctx, sql, args) // CollectRows returns the error
	read, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return nil, 0, err
	}
	all := make([]*found, len(read))
	var cells []projections.Cell
	for i, r := range read {
		all[i] = &found{document: document{Kind: r.Kind, ID: r.ID, At: r.At, Parts: r.Parts, Texts: r.TextsSealed, MergedInto: r.MergedInto}}
		cells = append(cells, all[i].unpack()...)
	}
	if err := projections.Open(ctx, f.vault, cells); err != nil {
		return nil, 0, err
	}
	return slices.DeleteFunc(all, func(d *found) bool { return !d.holds(f.terms) }), len(read), nil
}

// holds reports whether a document has all terms, and ranks it by the best: what
// is a term, what begins with one, what holds one, and running text.
func (d *found) holds(terms []string) bool {
	titles, all := d.folded()
	for _, t := range terms {
		switch {
		case strings.Contains(titles, "\n"+t+"\n"):
			d.rank = max(d.rank, 3)
		case strings.Contains(titles, "\n"+t):
			d.rank = max(d.rank, 2)
		case strings.Contains(titles, t):
			d.rank = max(d.rank, 1)
		case utf8.RuneCountInString(t) == 1 || !strings.Contains(all, t):
			return false
		}
	}
	return true
}

// cases fills in the cases of the persons among hits.
func (f finder) cases(ctx context.Context, best []*found) error {
	persons := map[uuid.UUID]*found{}
	for _, d := range best {
		if d.Kind == Person {
			persons[d.ID] = d
		}
	}
	if len(persons) == 0 {
		return nil
	}
	type named struct {
		Person uuid.UUID
		ID     uuid.UUID
		No     string
	}
	ids := slices.Collect(maps.Keys(persons))
	rows, _ := f.pool.Query(ctx, casesSQL, f.with(pgx.StrictNamedArgs{"ids": ids})) // CollectRows returns the error
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[named])
	for _, n := range all {
		persons[n.Person].Cases = append(persons[n.Person].Cases, Case{ID: n.ID, No: n.No})
	}
	return err
}

func (f finder) with(more pgx.StrictNamedArgs) pgx.StrictNamedArgs {
	args := maps.Clone(f.who)
	maps.Copy(args, more)
	return args
}
