package complaints

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// What hides a restricted case in lists is not all: its number may stand in the
// story of another case, and somebody may be on file because of it alone.

// hiddenFrom is the predicate on complaint c that it is restricted, and not for
// the viewer (C10 as complaint.Restriction.Hides has it). Other units' cases are
// not hidden: that there are some is no secret.
const hiddenFrom = `(c.restricted and not (@sees_all or ((c.accused_org = '' or c.accused_org <> @org) and @role = any (c.allowed_roles))))`

// who are the arguments of hiddenFrom.
func (v Viewer) who(more pgx.StrictNamedArgs) pgx.StrictNamedArgs {
	more["sees_all"], more["org"], more["role"] = v.Sight.All, v.Org, string(v.Role)
	return more
}

// Another stands in texts for the number of a case that is hidden.
const Another = "另一案件"

// tail is the end of a number of a case or a document: before it stands the name of
// the series, which cannot be told from the words of a sentence.
var tail = regexp.MustCompile(`〔\d{4}〕\d+号`)

// Redact replaces the numbers of cases that are hidden from the viewer in texts.
func (q Queries) Redact(ctx context.Context, v Viewer, texts ...*string) error {
	found := map[string]bool{}
	for _, t := range texts {
		for _, end := range tail.FindAllString(*t, -1) {
			found[end] = true
		}
	}
	if len(found) == 0 || v.Sight.All {
		return nil
	}
	ends := make([]string, 0, len(found))
	for end := range found {
		ends = append(ends, end)
	}
	rows, _ := q.DB.Query(ctx, `select c.no from complaints_v3.complaint c
		 where `+hiddenFrom+` and substring(c.no from '〔[0-9]{4}〕[0-9]+号$') = any (@ends::text[])`, v.who(pgx.StrictNamedArgs{"ends": ends})) // CollectRows returns the error
	hidden, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("hidden numbers: %w", err)
	}
	for _, no := range hidden {
		for _, t := range texts {
			*t = strings.ReplaceAll(*t, no, Another)
		}
	}
	return nil
}

// Unseen are those persons who are known from cases alone that are hidden from the
// viewer: for the viewer they are not on file.
func (q Queries) Unseen(ctx context.Context, v Viewer, persons ...uuid.UUID) (map[uuid.UUID]bool, error) {
	unseen := map[uuid.UUID]bool{}
	if len(persons) == 0 || v.Sight.All {
		return unseen, nil
	}
	rows, _ := q.DB.Query(ctx, `
		select p.id from unnest(@persons::uuid[]) as p(id) cross join lateral (
			select count(*) filter (where `+hiddenFrom+`) as hidden, count(*) as n from complaints_v3.complaint c
			 where c.id in (select r.id from complaints_v3.complaint r where r.reporter = p.id and r.reporter <> `+nobody+`
			                union all select l.complaint_id from complaints_v3.claimant l where l.person_id = p.id and not l.removed)
		) k where k.hidden > 0 and k.hidden = k.n`, v.who(pgx.StrictNamedArgs{"persons": persons})) // CollectRows returns the error
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("persons of hidden cases: %w", err)
	}
	for _, id := range ids {
		unseen[id] = true
	}
	return unseen, nil
}
