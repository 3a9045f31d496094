package projections_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/projections"
)

// The events of the tests: a small complaint.
type (
	registered struct {
		No       string      `json:"no"`
		Employer string      `json:"employer"`
		County   string      `json:"county"`
		Persons  int         `json:"persons"`
		Owed     domain.Fen  `json:"owed_fen"`
		Due      domain.Date `json:"due"`
		Tags     []string    `json:"tags"`
	}
	noted struct {
		Text string `json:"text"`
	}
	paid struct {
		Sum domain.Fen `json:"sum_fen"`
	}
	closed struct{}
)

func (registered) EventType() string { return "case.registered" }
func (noted) EventType() string      { return "case.noted" }
func (paid) EventType() string       { return "case.paid" }
func (closed) EventType() string     { return "case.closed" }

func registry() *eventstore.Registry {
	return eventstore.NewRegistry([]domain.EventSpec{
		domain.Spec[registered](), domain.Spec[noted](), domain.Spec[paid](), domain.Spec[closed](),
	})
}

var clerk = domain.By{
	Actor: domain.Actor{ID: "u1", Org: "jc", Role: domain.RoleOperator},
	At:    time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC),
}

// deskRow is a row as a real desk has it: 20 columns.
type deskRow struct {
	Case       uuid.UUID         `db:"case_id,key"`
	No         string            `db:"case_no"`
	State      domain.Role       `db:"state"`
	Employer   string            `db:"employer"`
	County     string            `db:"county"`
	Category   string            `db:"category"`
	Risk       string            `db:"risk"`
	OwnerOrg   string            `db:"owner_org"`
	Owner      string            `db:"owner"`
	Persons    int               `db:"persons"`
	Owed       domain.Fen        `db:"owed_fen"`
	Paid       domain.Fen        `db:"paid_fen"`
	Events     int64             `db:"events"`
	Received   time.Time         `db:"received_at"`
	Changed    time.Time         `db:"changed_at"`
	Closed     time.Time         `db:"closed_at"`
	Due        domain.Date       `db:"due"`
	Collective bool              `db:"collective"`
	Tags       []string          `db:"tags"`
	Last       map[string]string `db:"last"`
}

// noteRow is a row of a table that only grows.
type noteRow struct {
	Position eventstore.Position `db:"position,key"`
	Index    int                 `db:"index,key"`
	Case     uuid.UUID           `db:"case_id"`
	Type     string              `db:"type"`
}

type noteKey struct {
	Position eventstore.Position `db:"position"`
	Index    int                 `db:"index"`
}

const deskTables = `
create table row (
    case_id uuid primary key, case_no text not null, state text not null, employer text not null,
    county text not null, category text not null, risk text not null, owner_org text not null,
    owner text not null, persons integer not null, owed_fen bigint not null, paid_fen bigint not null,
    events bigint not null, received_at timestamptz, changed_at timestamptz, closed_at timestamptz,
    due date, collective boolean not null, tags text[] not null, last jsonb not null
) with (fillfactor = 50);
create table note (
    position bigint, index integer, case_id uuid not null, type text not null, primary key (position, index)
);`

const deskIndexes = `
create index on row (county, state);
create index on row (due) where closed_at is null;
create index on row using gin (tags);
create index on note (case_id);`

var (
	deskRows  = projections.NewTable[uuid.UUID, deskRow]("row")
	deskNotes = projections.NewTable[noteKey, noteRow]("note")
)

// desk is the model of the tests. The zero desk is version 1.
type desk struct {
	name    string
	version int
	tables  string
	// before is called in Apply, after is called at its end.
	before, after func(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error
	noNotes       bool
}

func (d desk) Name() string {
	if d.name == "" {
		return "desk"
	}
	return d.name
}
func (d desk) Version() int    { return max(d.version, 1) }
func (d desk) Tables() string  { return deskTables + d.tables }
func (d desk) Indexes() string { return deskIndexes }

func (d desk) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
	if d.before != nil {
		if err := d.before(ctx, tx, batch); err != nil {
			return err
		}
	}
	if err := deskRows.Evolve(ctx, tx, batch, deskKey, deskEvolve); err != nil {
		return err
	}
	if !d.noNotes {
		if err := deskNotes.Insert(ctx, tx, notesOf(batch)); err != nil {
			return err
		}
	}
	if d.after != nil {
		return d.after(ctx, tx, batch)
	}
	return nil
}

func notesOf(batch []eventstore.Recorded) func(yield func(*noteRow) bool) {
	return func(yield func(*noteRow) bool) {
		for _, ev := range batch {
			id, ok := deskKey(ev)
			if ok && !yield(&noteRow{Position: ev.Position, Index: ev.Index, Case: id, Type: ev.Type}) {
				return
			}
		}
	}
}

func deskKey(ev eventstore.Recorded) (uuid.UUID, bool) {
	if ev.Stream.Family != "case" {
		return uuid.Nil, false
	}
	return uuid.MustParse(ev.Stream.Case), true
}

func deskEvolve(r *deskRow, rec eventstore.Recorded) {
	r.Changed, r.Events = rec.OccurredAt, r.Events+1
	switch ev := rec.Event.(type) {
	case registered:
		r.No, r.Employer, r.County, r.Persons, r.Owed = ev.No, ev.Employer, ev.County, ev.Persons, ev.Owed
		r.Due, r.Tags, r.Received, r.Collective = ev.Due, ev.Tags, rec.OccurredAt, ev.Persons >= 10
		r.State, r.Category, r.Risk, r.OwnerOrg, r.Owner = "registered", "wages", "low", rec.Meta.By.Actor.Org, rec.Meta.By.Actor.ID
	case noted:
		r.Last = map[string]string{"text": ev.Text}
	case paid:
		r.Paid += ev.Sum
	case closed:
		r.State, r.Closed = "closed", rec.OccurredAt
	}
}

// stream is the n-th case.
func stream(n int) eventstore.StreamID {
	return eventstore.StreamID{Family: "case", Case: caseID(n).String()}
}

func caseID(n int) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, n)) }

// event is the k-th event of the n-th case.
func event(n, k int) domain.Event {
	switch {
	case k == 0:
		return registered{
			No: fmt.Sprintf("欠薪〔2026〕%06d号", n), Employer: fmt.Sprintf("第%d建筑公司", n%997),
			County: fmt.Sprintf("c%d", n%13), Persons: 1 + n%17, Owed: domain.Yuan(int64(n)),
			Due: domain.NewDate(2026, 12, 1).AddDays(n % 90), Tags: []string{"建筑", fmt.Sprint(n % 7)},
		}
	case k%4 == 3:
		return paid{Sum: domain.Fen(100 + k)}
	case k == 10:
		return closed{}
	}
	return noted{Text: fmt.Sprintf("第%d次联系,“𠮷”{}\\", k)}
}

// must fails the test.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
