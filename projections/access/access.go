// Package access is the read model of who looked at what (查阅记录): one row per
// view, reveal, export, print and search, by case, by person and by user, with the
// read model and the position at which the screen showed it.
//
// Who audits is not seen by those who are audited: rows of auditors' roles are
// given to auditors alone (Reader). Whether somebody may ask about a case at all
// is for the policies to say, before anything is asked here.
package access

import (
	"context"
	_ "embed"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/access"
	"hearth/eventstore"
	"hearth/projections"
)

//go:embed schema.sql
var tables string

// schema is where the queries find the tables.
const schema = "access_v1"

// Kind is what somebody did.
type Kind string

// The kinds.
const (
	Viewed   Kind = "viewed"
	Revealed Kind = "revealed"
	Exported Kind = "exported"
	Printed  Kind = "printed"
	Searched Kind = "searched"
	Missed   Kind = "missed" // views that could not be kept
)

var kinds = domain.NewCodes[Kind]("查阅方式", "viewed", "查看", "revealed", "显示个人信息", "exported", "导出", "printed", "打印", "searched", "搜索", "missed", "未能记下的查看")

// Kinds is the list of kinds.
func Kinds() domain.Codes[Kind] { return kinds }

// Label is the Chinese name of the kind.
func (k Kind) Label() string { return kinds.Label(k) }

// Look is one row. Empty fields do not apply.
type Look struct {
	Position     eventstore.Position `db:"position,key" json:"position"`
	Index        int                 `db:"idx,key" json:"index"`
	Item         int                 `db:"item,key" json:"item"`
	Stream       uuid.UUID           `db:"stream" json:"-"`
	Kind         Kind                `db:"kind" json:"kind"`
	Family       string              `db:"family" json:"family,omitempty"`
	ObjectID     string              `db:"object_id" json:"object_id,omitempty"`
	Person       uuid.UUID           `db:"person" json:"person,omitzero"`
	UserID       string              `db:"user_id" json:"user_id"`
	Org          string              `db:"org" json:"org"`
	Role         domain.Role         `db:"role" json:"role"`
	Channel      string              `db:"channel" json:"channel"`
	Screen       access.Screen       `db:"screen" json:"screen,omitempty"`
	At           time.Time           `db:"at" json:"at"`
	Times        int                 `db:"times" json:"times"`
	Model        string              `db:"model" json:"model,omitempty"`
	SeenPosition int64               `db:"seen_position" json:"seen_position,omitempty"`
	Fields       []access.Field      `db:"fields" json:"fields,omitempty"`
	Reason       access.Reason       `db:"reason" json:"reason,omitempty"`
	Query        access.Query        `db:"query" json:"query,omitempty"`
	Rows         int                 `db:"rows" json:"rows,omitempty"`
	SHA256       string              `db:"sha256" json:"sha256,omitempty"`
	Clear        bool                `db:"clear" json:"clear,omitempty"`
	Lookup       access.Lookup       `db:"lookup" json:"lookup,omitempty"`
	Hits         int                 `db:"hits" json:"hits,omitempty"`
	Text         string              `db:"-" json:"text,omitempty"`
	TextSealed   string              `db:"text_sealed" json:"-"`
}

// key is the primary key of a row.
type key struct {
	Position eventstore.Position `db:"position"`
	Index    int                 `db:"idx"`
	Item     int                 `db:"item"`
}

// text is the one personal column.
func (l *Look) text() projections.Cell {
	return projections.Cell{
		Column: "access.look.text", Row: projections.Key(l.Position, l.Index, l.Item), Subject: l.Stream.String(), Class: domain.SealNarrative,
		Plain: &l.Text, Sealed: &l.TextSealed,
	}
}

// Model is the read model as the runner sees it.
type Model struct {
	looks *projections.Table[key, Look]
	vault projections.Sealer
}

// New makes the model. What was searched for is sealed by v.
func New(v projections.Sealer) *Model {
	return &Model{looks: projections.NewTable[key, Look]("look"), vault: v}
}

// Name is the model's name.
func (*Model) Name() string { return "access" }

// Version is that of the tables and of what the rows mean.
func (*Model) Version() int { return 1 }

// Tables makes the tables.
func (*Model) Tables() string { return tables }

// Indexes makes what only readers need.
func (*Model) Indexes() string {
	return `create index on look (object_id, at desc) where object_id <> '';
create index on look (person, at desc) where kind = 'revealed';
create index on look (user_id, at desc);`
}

// Apply adds the rows of a batch.
func (m *Model) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
	var all []*Look
	for _, r := range batch {
		if ev, ours := r.Event.(access.Event); ours {
			all = append(all, looks(r, ev)...)
		}
	}
	if len(all) == 0 {
		return nil
	}
	cells := make([]projections.Cell, len(all))
	for i, l := range all {
		cells[i] = l.text()
	}
	if err := projections.Seal(ctx, m.vault, cells); err != nil {
		return err
	}
	return m.looks.Insert(ctx, tx, slices.Values(all))
}

// looks are the rows of an event.
func looks(r eventstore.Recorded, ev access.Event) []*Look {
	by := r.Meta.By
	base := Look{
		Position: r.Position, Index: r.Index, UserID: by.Actor.ID, Org: by.Actor.Org, Role: by.Actor.Role, Channel: r.Meta.Channel,
		At: by.At, Times: 1, TextSealed: projections.Withheld(r, domain.SealNarrative),
	}
	base.Stream, _ = uuid.Parse(r.Stream.Case)
	switch ev := ev.(type) {
	case access.RecordViewed:
		return viewed(base, ev)
	case access.SensitiveRevealed:
		base.Kind, base.Person, base.Fields, base.Reason, base.Text = Revealed, ev.Person, ev.Fields, ev.Reason, ev.Note
		base.on(ev.On, ev.Seen)
	case access.Exported:
		base.Kind, base.Query, base.Rows, base.SHA256, base.Clear, base.Reason, base.Text = Exported, ev.Query, ev.Rows, ev.SHA256, ev.Clear, ev.Reason, ev.Note
		base.on(ev.On, ev.Seen)
	case access.Printed:
		base.Kind, base.Screen, base.At = Printed, ev.Screen, ev.At
		base.on(ev.On, ev.Seen)
	case access.Searched:
		base.Kind, base.Lookup, base.Hits, base.At, base.Text = Searched, ev.Kind, ev.Hits, ev.At, ev.Text
		base.on(access.Thing{}, ev.Seen)
	}
	return []*Look{&base}
}

func viewed(base Look, ev access.RecordViewed) []*Look {
	all := make([]*Look, 0, len(ev.Items)+1)
	for i, item := range ev.Items {
		l := base
		l.Item, l.Kind, l.Screen, l.At, l.Times = i, Viewed, item.Screen, item.At, item.Times
		l.on(item.On, item.Seen)
		all = append(all, &l)
	}
	if ev.Missed > 0 {
		l := base
		l.Item, l.Kind, l.Times = len(ev.Items), Missed, ev.Missed
		all = append(all, &l)
	}
	return all
}

func (l *Look) on(t access.Thing, s access.Seen) {
	l.Family, l.ObjectID, l.Model, l.SeenPosition = t.Family, t.ID, s.Model, int64(s.Position)
}
