package access_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	recorder "hearth/adapters/access"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	kase   = access.Thing{Family: "complaint", ID: "c1"}
	person = uuid.MustParse("0192f000-0000-7000-8000-000000000001")
	seen   = access.Seen{Model: "complaints", Position: 7}
	zhao   = recorder.Who{Actor: domain.Actor{ID: "u1", Org: "jc-zz", Role: domain.RoleHandler}, Channel: "web"}
	qian   = recorder.Who{Actor: domain.Actor{ID: "u2", Org: "jc", Role: domain.RoleDiscipline}, Channel: "web"}
)

// broken is a store that takes appends only while it is told to.
type broken struct {
	eventstore.Store
	err     error
	persist bool   // it stores, and says that it did not
	refuse  string // a type of event that it never takes
	appends int
}

func (b *broken) Append(ctx context.Context, changes ...eventstore.Change) ([]eventstore.Head, error) {
	b.appends++
	for _, c := range changes {
		if slices.ContainsFunc(c.Drafts, func(d eventstore.Draft) bool { return d.Event.EventType() == b.refuse }) {
			return nil, eventstore.ErrInvalid
		}
	}
	if b.err == nil {
		return b.Store.Append(ctx, changes...)
	}
	if b.persist {
		if _, err := b.Store.Append(ctx, changes...); err != nil {
			return nil, err
		}
	}
	return nil, b.err
}

type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type bundle struct {
	t     *testing.T
	store *broken
	clock *clock
}

func setup(t *testing.T) bundle {
	registry := eventstore.NewRegistry(access.Specs()).Protected(vault.NewMemory())
	return bundle{t, &broken{Store: memstore.New(registry)}, &clock{now: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}}
}

func (b bundle) recorder(o recorder.Options) *recorder.Recorder {
	o.Now, o.Log = b.clock.Now, slog.New(slog.NewTextHandler(io.Discard, nil))
	return recorder.New(b.store, o)
}

// stored is every event, by who did it.
func (b bundle) stored() map[string][]domain.Event {
	b.t.Helper()
	all := map[string][]domain.Event{}
	for rec, err := range eventstore.After(b.t.Context(), b.store, 0) {
		if err != nil {
			b.t.Fatal(err)
		}
		all[rec.Meta.By.Actor.ID] = append(all[rec.Meta.By.Actor.ID], rec.Event)
	}
	return all
}

func view(at time.Time, times int) access.View {
	return access.View{On: kase, Screen: access.ScreenCase, Seen: seen, At: at, Times: times}
}

func TestViewsAreStoredTogether(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.recorder(recorder.Options{})
	at := b.clock.Now()
	r.Viewed(zhao, kase, access.ScreenCase, seen)
	r.Viewed(zhao, kase, access.ScreenCase, seen)
	r.Printed(zhao, kase, access.ScreenFile, seen)
	r.Viewed(qian, kase, access.ScreenCase, seen)
	r.Searched(qian, access.Searched{Kind: access.LookupSearch, Text: "张三", Hits: 2, Seen: seen})
	if b.store.appends != 0 || r.Waiting() != 4 {
		t.Errorf("%d appends, %d wait", b.store.appends, r.Waiting())
	}
	for range 2 { // the second time there is nothing
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string][]domain.Event{
		"u1": {access.RecordViewed{Items: []access.View{view(at, 2)}}, access.Printed{On: kase, Screen: access.ScreenFile, Seen: seen, At: at}},
		"u2": {access.RecordViewed{Items: []access.View{view(at, 1)}}, access.Searched{Kind: access.LookupSearch, Text: "张三", Hits: 2, Seen: seen, At: at}},
	}
	if diff := cmp.Diff(want, b.stored()); diff != "" || b.store.appends != 1 || r.Waiting() != 0 {
		t.Errorf("%d appends (-want +got):\n%s", b.store.appends, diff)
	}
}

// TestOneUserInTwoRoles: a user who looks in two roles on one day has one stream.
func TestOneUserInTwoRoles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.recorder(recorder.Options{})
	leader := zhao
	leader.Actor.Role = domain.RoleLeader
	r.Viewed(zhao, kase, access.ScreenCase, seen)
	r.Viewed(leader, kase, access.ScreenCase, seen)
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	roles := map[domain.Role]int{}
	for rec, err := range b.store.Stream(t.Context(), eventstore.StreamID{Family: access.Family, Case: access.StreamOf("u1", domain.NewDate(2026, 11, 23))}, eventstore.Head{}) {
		if err != nil {
			t.Fatal(err)
		}
		roles[rec.Meta.By.Actor.Role]++
	}
	if diff := cmp.Diff(map[domain.Role]int{domain.RoleHandler: 1, domain.RoleLeader: 1}, roles); diff != "" {
		t.Error(diff)
	}
}

// TestFaults: views that could not be stored are kept, and stored once, whether
// the append arrived or not.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, persist := range map[string]bool{"FailAndPersist": true, "FailAndNotPersist": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := b.recorder(recorder.Options{})
			at := b.clock.Now()
			r.Viewed(zhao, kase, access.ScreenCase, seen)
			b.store.err, b.store.persist = eventstore.ErrReadOnly, persist // an error that ends the try at once
			if err := r.Flush(t.Context()); !errors.Is(err, eventstore.ErrReadOnly) {
				t.Fatalf("flush: %v", err)
			}
			b.clock.pass(time.Minute)
			r.Viewed(zhao, kase, access.ScreenCase, seen)
			b.store.err = nil
			if err := r.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := []domain.Event{
				access.RecordViewed{Items: []access.View{view(at, 1)}}, access.RecordViewed{Items: []access.View{view(at.Add(time.Minute), 1)}},
			}
			if diff := cmp.Diff(want, b.stored()["u1"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOneIsRefused: entries that no store takes keep nobody else's back, and are
// counted.
func TestOneIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.refuse = access.Searched{}.EventType()
	r := b.recorder(recorder.Options{})
	at := b.clock.Now()
	r.Viewed(zhao, kase, access.ScreenCase, seen)
	r.Viewed(qian, kase, access.ScreenCase, seen)
	r.Searched(qian, access.Searched{Kind: access.LookupSearch, Text: "张三", Seen: seen})
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string][]domain.Event{
		"u1": {access.RecordViewed{Items: []access.View{view(at, 1)}}}, "u2": {access.RecordViewed{Missed: 2}},
	}
	if diff := cmp.Diff(want, b.stored()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMany: what is above the bounds is counted, and large batches are cut.
func TestMany(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.recorder(recorder.Options{Most: 1200})
	for i := range 1300 {
		r.Viewed(zhao, kase, access.ScreenCase, access.Seen{Model: "complaints", Position: uint64(i)})
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	views, missed := 0, 0
	for _, ev := range b.stored()["u1"] {
		batch := ev.(access.RecordViewed)
		if len(batch.Items) > 500 {
			t.Errorf("%d in one event", len(batch.Items))
		}
		views += len(batch.Items)
		missed += batch.Missed
	}
	if views != 1200 || missed != 100 || b.store.appends != 3 {
		t.Errorf("%d views, %d missed, %d appends", views, missed, b.store.appends)
	}
}

// TestRun writes when enough waits, without a tick of the clock.
func TestRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.recorder(recorder.Options{Every: time.Hour, Soon: 2})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { r.Run(ctx) })
	feed, err := b.store.Follow(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	r.Viewed(zhao, kase, access.ScreenCase, seen)
	r.Viewed(zhao, kase, access.ScreenFile, seen)
	if commits, err := feed.Next(t.Context(), 10); err != nil || len(commits) != 1 {
		t.Errorf("%d commits, %v", len(commits), err)
	}
	cancel()
	wg.Wait()
}

func reveal() access.Reveal {
	return access.Reveal{On: kase, Person: person, Fields: []access.Field{access.FieldPhone}, Reason: "contact", Note: "回电话", Seen: seen}
}

func request(who recorder.Who) recorder.Request {
	return recorder.Request{Who: who, CommandID: uuid.New(), Case: "c1", Digest: "abc"}
}

func code(err error) string {
	if no, ok := errors.AsType[*domain.Rejection](err); ok {
		return no.Code
	}
	return ""
}

// TestRevealIsStoredFirst: without an event nothing may be shown.
func TestRevealIsStoredFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.recorder(recorder.Options{})
	q := request(zhao)
	for range 2 { // the same form twice
		if err := r.Reveal(t.Context(), q, reveal()); err != nil {
			t.Fatal(err)
		}
	}
	want := access.SensitiveRevealed{
		On: kase, Person: person, Fields: []access.Field{access.FieldPhone}, Reason: "contact", Note: "回电话", Seen: seen, At: b.clock.Now(),
	}
	if diff := cmp.Diff([]domain.Event{want}, b.stored()["u1"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := r.Export(t.Context(), request(zhao), access.Exported{Query: access.QueryLedger, On: kase, Rows: 3, SHA256: "00"}); err != nil {
		t.Error(err)
	}
	b.store.err = eventstore.ErrReadOnly
	if err := r.Reveal(t.Context(), request(zhao), reveal()); code(err) != "not_recorded" || !strings.Contains(err.Error(), "没有显示") {
		t.Errorf("a closed log: %v", err)
	}
	if err := r.Export(t.Context(), request(zhao), access.Exported{Query: access.QueryList}); code(err) != "not_recorded" {
		t.Errorf("export with a closed log: %v", err)
	}
}

// TestLimits: the limits hold over a restart, and over midnight in Shanghai.
func TestLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.clock.now = time.Date(2026, 11, 23, 15, 50, 0, 0, time.UTC) // 23:50 in Shanghai
	limits := access.Limits{Hour: 3, Day: 100}
	one := b.recorder(recorder.Options{Limits: limits})
	for range 3 {
		if err := one.Reveal(t.Context(), request(zhao), reveal()); err != nil {
			t.Fatal(err)
		}
	}
	two := b.recorder(recorder.Options{Limits: limits}) // after a restart
	if err := two.Reveal(t.Context(), request(zhao), reveal()); code(err) != "reveal_limit" || !strings.Contains(err.Error(), "00:50") {
		t.Errorf("the fourth: %v", err)
	}
	if err := two.Reveal(t.Context(), request(qian), reveal()); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	b.clock.pass(20 * time.Minute) // the next day
	if err := two.Reveal(t.Context(), request(zhao), reveal()); code(err) != "reveal_limit" {
		t.Errorf("past midnight, within the hour: %v", err)
	}
	b.clock.pass(40 * time.Minute)
	if err := two.Reveal(t.Context(), request(zhao), reveal()); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}
