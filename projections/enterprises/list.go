package enterprises

import (
	"context"

	"github.com/google/uuid"

	"hearth/domain"
)

// Listed is an enterprise in a list, with its figures.
type Listed struct {
	Enterprise
	Figures
}

// List is a page of the enterprises of a county, or of all when it is empty, in
// the order of their names in pinyin, after the one named; uuid.Nil begins. More
// says that others follow. Files that were merged are not listed.
func (q Queries) List(ctx context.Context, who domain.Actor, county string, after uuid.UUID, limit int) (list []Listed, more bool, err error) {
	args := arguments(who)
	args["county"], args["after"], args["limit"] = county, after, limit+1
	list, err = collect[Listed](ctx, q, `
		with page as materialized (
			select e.id from `+schema+`.enterprise e
			 where e.root = e.id and (@county = '' or e.county = @county)
			   and (@after::uuid = '00000000-0000-0000-0000-000000000000'
			        or (e.name_pinyin, e.id) > (select o.name_pinyin, o.id from `+schema+`.enterprise o where o.id = @after))
			 order by e.name_pinyin, e.id limit @limit
		)
		select `+columns+`, f.* from page join `+schema+`.enterprise e using (id) cross join `+figures+`
		 order by e.name_pinyin, e.id`, args)
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// Cases are the complaints behind the figures of a card that the viewer may see,
// open ones first, then the newest.
func (q Queries) Cases(ctx context.Context, who domain.Actor, id uuid.UUID, limit int) ([]uuid.UUID, error) {
	args := arguments(who)
	args["id"], args["limit"] = id, limit
	type named struct{ ComplaintID uuid.UUID }
	found, err := collect[named](ctx, q, `
		with file as (select x.id, x.keys from `+schema+`.enterprise x where x.root = @id)
		select m.complaint_id from `+schema+`.matter m
		 where (m.enterprise_id = any (array(select id from file))
		        or m.employer_key <> '' and m.enterprise_id = '00000000-0000-0000-0000-000000000000'
		           and m.employer_key = any (array(select unnest(keys) from file)))
		   and not m.merged
		   and (not m.restricted or @sees_all or ((m.accused_org = '' or m.accused_org <> @org) and @role = any (m.allowed_roles)))
		 order by m.open desc, m.registered_at desc, m.complaint_id limit @limit`, args)
	ids := make([]uuid.UUID, len(found))
	for i, f := range found {
		ids[i] = f.ComplaintID
	}
	return ids, err
}
