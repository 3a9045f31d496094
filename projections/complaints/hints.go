package complaints

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
)

// HintQuery is what is known of a complaint that is being taken down. Whatever is
// empty is not looked for.
type HintQuery struct {
	Reporter       uuid.UUID // person
	EnterpriseID   uuid.UUID
	Employer       string // name, or the beginning of it
	From, To       domain.Date
	ExternalSystem string
	ExternalNo     string
	At             time.Time // now
	Except         uuid.UUID // the case itself, when it is registered already
}

// Duplicate is a case that may be the same as the one asked about. Hard means
// that it is the same: another system's number is never given twice.
type Duplicate struct {
	Row
	Keys  []complaint.DuplicateKey `db:"keys" json:"keys"`
	Score int                      `db:"-" json:"score_percent"`
	Hard  bool                     `db:"-" json:"hard,omitempty"`
}

// Hint is the duplicate as Register takes it.
func (d Duplicate) Hint() complaint.Hint {
	return complaint.Hint{OtherID: d.ID, OtherNo: d.No, ScorePercent: d.Score, Keys: d.Keys}
}

const (
	reporterDays = 90 // how long the same reporter is a hint
	shortestName = 2  // characters of an employer's name that are worth looking for
	mostHints    = 20
)

// Hints are the cases that may be the same, the likeliest first. It is quick
// enough to be asked while somebody types.
func (q Queries) Hints(ctx context.Context, v Viewer, h HintQuery) ([]Duplicate, error) {
	name := enterprise.NormalName(h.Employer)
	if len([]rune(name)) < shortestName {
		name = ""
	}
	found, err := collect[Duplicate](ctx, q, `
		with hit as (
			select id, 'external_no' as key from complaints_v3.complaint
			 where @external_no <> '' and external_no = @external_no and external_system = @external_system
			union all
			select id, 'reporter' from complaints_v3.complaint
			 where @reporter::uuid <> `+nobody+` and reporter = @reporter and reporter <> `+nobody+`
			   and registered_at >= @since
			union all
			(select id, 'employer_months' from complaints_v3.complaint
			  where @enterprise::uuid <> `+nobody+` and enterprise_id = @enterprise and enterprise_id <> `+nobody+`
			    and coalesce(owed_from, '-infinity') <= coalesce(@to, date 'infinity')
			    and coalesce(@from, date '-infinity') <= coalesce(owed_to, 'infinity')
			  order by registered_at desc limit 200)
			union all
			(select id, 'employer_months' from complaints_v3.complaint
			  where @name <> '' and employer_key <> '' and employer_key like @name || '%'
			    and coalesce(owed_from, '-infinity') <= coalesce(@to, date 'infinity')
			    and coalesce(@from, date '-infinity') <= coalesce(owed_to, 'infinity')
			  order by registered_at desc limit 200)
		)
		select c.*, h.keys
		  from (select id, array_agg(distinct key order by key) as keys from hit group by id) h
		  join complaints_v3.complaint c on c.id = h.id
		 where c.id <> @except and c.phase <> 'merged' and `+visible+`
		 order by c.registered_at desc, c.id`,
		v.args(pgx.StrictNamedArgs{
			"external_no": h.ExternalNo, "external_system": h.ExternalSystem, "reporter": h.Reporter,
			"since": h.At.AddDate(0, 0, -reporterDays), "enterprise": h.EnterpriseID, "name": name,
			"from": h.From, "to": h.To, "except": h.Except,
		}))
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].weigh(h)
	}
	slices.SortStableFunc(found, func(a, b Duplicate) int { return b.Score - a.Score })
	return found[:min(len(found), mostHints)], nil
}

// weigh scores what two complaints have in common. The same months said by both
// weigh more than months that one of them left open.
func (d *Duplicate) weigh(h HintQuery) {
	has := func(k complaint.DuplicateKey) bool { return slices.Contains(d.Keys, k) }
	d.Hard = has(complaint.KeyExternalNo)
	if has(complaint.KeyReporter) {
		d.Score += 50
	}
	if has(complaint.KeyEmployer) {
		d.Score += 30
		if !h.From.IsZero() && !h.To.IsZero() && !d.OwedFrom.IsZero() && !d.OwedTo.IsZero() {
			d.Score += 15
		}
	}
	if d.Hard {
		d.Score = 100
	}
}
