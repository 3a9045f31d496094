package access_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"hearth/adapters/localpg/pgtest"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/eventstore"
	looks "hearth/projections/access"
	"hearth/projections/projtest"
	"hearth/projections/text"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	morning = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	handler = domain.By{Actor: domain.Actor{ID: "u1", Org: "jc-zz", Role: domain.RoleHandler}, At: morning.Add(time.Minute)}
	auditor = domain.By{Actor: domain.Actor{ID: "u2", Org: "jc", Role: domain.RoleDiscipline}, At: morning.Add(2 * time.Minute)}
	kase    = access.Thing{Family: "complaint", ID: uuid.NewSHA1(uuid.Nil, []byte("case")).String()}
	person  = uuid.NewSHA1(uuid.Nil, []byte("person"))
	seen    = access.Seen{Model: "complaints", Position: 5}
)

func stream(by domain.By) eventstore.StreamID {
	return eventstore.StreamID{Family: access.Family, Case: access.StreamOf(by.Actor.ID, domain.DateOf(by.At))}
}

// fill adds a morning of a handler and an auditor.
func fill(log *projtest.Log) *projtest.Log {
	return log.
		AddMeta(stream(handler), eventstore.Meta{By: handler, Channel: "web"},
			access.RecordViewed{Items: []access.View{
				{On: kase, Screen: access.ScreenCase, Seen: seen, At: morning, Times: 3}, {Screen: access.ScreenList, Seen: seen, At: morning.Add(time.Second), Times: 1},
			}, Missed: 2},
			access.Searched{Kind: access.LookupSearch, Text: "张三的案子", Hits: 4, Seen: seen, At: morning.Add(2 * time.Second)}).
		AddMeta(stream(auditor), eventstore.Meta{By: auditor, Channel: "web"},
			access.RecordViewed{Items: []access.View{{On: kase, Screen: access.ScreenFile, Seen: seen, At: morning.Add(3 * time.Second), Times: 1}}},
			access.Printed{On: kase, Screen: access.ScreenFile, Seen: seen, At: morning.Add(4 * time.Second)}).
		AddMeta(stream(handler), eventstore.Meta{By: handler, Channel: "web", CorrelationID: kase.ID},
			access.SensitiveRevealed{On: kase, Person: person, Fields: []access.Field{"phone"}, Reason: "contact", Note: "张三不接电话", Seen: seen, At: handler.At}).
		AddMeta(stream(handler), eventstore.Meta{By: handler, Channel: "web", CorrelationID: kase.ID},
			access.Exported{Query: access.QueryLedger, On: kase, Rows: 7, SHA256: "00ff", Clear: true, Reason: "document", Seen: seen})
}

func newLog(t *testing.T) *projtest.Log {
	return projtest.NewLog(t, eventstore.NewRegistry(access.Specs()))
}

func kinds(t *testing.T) func([]looks.Look, error) []looks.Kind {
	return func(list []looks.Look, err error) (kinds []looks.Kind) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			kinds = append(kinds, l.Kind)
		}
		return kinds
	}
}

func TestWhoLooked(t *testing.T) {
	t.Parallel()
	log := fill(newLog(t))
	q := looks.NewQueries(projtest.Run(t, looks.New(log.Vault()), log.Events()), log.Vault())
	ctx, plain, all := t.Context(), looks.ReaderOf(domain.RoleOrgHead), looks.ReaderOf(domain.RoleHandler, domain.RoleFinanceAuditor)

	for name, tc := range map[string]struct{ got, want []looks.Kind }{
		"case, for the unit":     {kinds(t)(q.On(ctx, plain, kase.Family, kase.ID, 10)), []looks.Kind{looks.Exported, looks.Revealed, looks.Viewed}},
		"case, for auditors":     {kinds(t)(q.On(ctx, all, kase.Family, kase.ID, 10)), []looks.Kind{looks.Exported, looks.Revealed, looks.Printed, looks.Viewed, looks.Viewed}},
		"the latest":             {kinds(t)(q.On(ctx, all, kase.Family, kase.ID, 1)), []looks.Kind{looks.Exported}},
		"an enterprise":          {kinds(t)(q.On(ctx, all, "enterprise", kase.ID, 10)), nil},
		"nothing":                {kinds(t)(q.On(ctx, all, "", "", 10)), nil},
		"person":                 {kinds(t)(q.Person(ctx, plain, person, 10)), []looks.Kind{looks.Revealed}},
		"another person":         {kinds(t)(q.Person(ctx, plain, uuid.Nil, 10)), nil},
		"a user's own":           {kinds(t)(q.User(ctx, "u1", 10)), []looks.Kind{looks.Exported, looks.Revealed, looks.Missed, looks.Searched, looks.Viewed, looks.Viewed}},
		"an auditor's own":       {kinds(t)(q.User(ctx, "u2", 10)), []looks.Kind{looks.Printed, looks.Viewed}},
		"somebody who never was": {kinds(t)(q.User(ctx, "u9", 10)), nil},
	} {
		if !slices.Equal(tc.got, tc.want) {
			t.Errorf("%s: %v, want %v", name, tc.got, tc.want)
		}
	}
	for reader, want := range map[looks.Reader]int{plain: 3, all: 5} {
		if n, err := q.Count(ctx, reader, kase.Family, kase.ID); n != want || err != nil {
			t.Errorf("count for %+v: %d, %v", reader, n, err)
		}
	}
	list, err := q.Person(ctx, plain, person, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := looks.Look{
		Position: 3, Kind: looks.Revealed, Family: "complaint", ObjectID: kase.ID, Person: person, UserID: "u1", Org: "jc-zz", Role: domain.RoleHandler,
		Channel: "web", At: handler.At, Times: 1, Model: "complaints", SeenPosition: 5, Fields: []access.Field{"phone"}, Reason: "contact", Text: "张三不接电话",
	}
	if diff := cmp.Diff(want, list[0], cmpopts.IgnoreFields(looks.Look{}, "Stream", "TextSealed")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestShredded: when the keys of a day are destroyed, what was searched for and
// why is gone; who looked at what is not.
func TestShredded(t *testing.T) {
	t.Parallel()
	log := fill(newLog(t))
	model := looks.New(log.Vault())
	live, rebuilt := projtest.Shredded(t, model, log, []string{stream(handler).Case}, func() {
		log.AddMeta(stream(auditor), eventstore.Meta{By: auditor}, access.RecordViewed{Items: []access.View{{On: kase, Screen: access.ScreenCase, At: auditor.At, Times: 1}}})
	})
	for name, q := range map[string]looks.Queries{"live": looks.NewQueries(live, log.Vault()), "rebuilt": looks.NewQueries(rebuilt, log.Vault())} {
		list, err := q.Person(t.Context(), looks.ReaderOf(), person, 1)
		if err != nil || len(list) != 1 || list[0].Text != text.Shredded || list[0].UserID != "u1" {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
}
