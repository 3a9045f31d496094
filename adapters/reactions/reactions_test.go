package reactions_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/reactions"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/storetest"
)

func TestInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add("a", "b")
	b.add(".")
	end := b.add("c")
	r := b.runner(b.reaction("echo"))
	stop := start(t, r)
	b.reaches("echo", end)
	b.reaches("echo", b.add("d"))
	if got, want := b.did(), "a after 0, b after 1, c after 3, d after 4"; got != want {
		t.Errorf("did %s, want %s", got, want)
	}
	s := b.status(r, "echo")
	if s.State != reactions.StateRunning || s.Position != 4 || s.Behind != 0 || s.Handled != 5 || s.Failed != 0 || s.Parked != 0 {
		t.Errorf("status %+v", s)
	}
	must(t, r.Check(t.Context()))
	stop()

	// What is dealt with does not come again.
	start(t, b.runner(b.reaction("echo")))
	b.reaches("echo", b.add("e"))
	if got := b.did(); !strings.HasSuffix(got, "d after 4, e after 5") {
		t.Errorf("did %s", got)
	}
}

// TestNewReaction: it does not answer to the past unless it says so.
func TestNewReaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add("past")
	end := b.add("past")
	present := b.reaction("present")
	present.FromStart = false
	start(t, b.runner(present))
	b.reaches("present", end)
	b.reaches("present", b.add("now"))
	if got := b.did(); got != "now after 2" {
		t.Errorf("did %s", got)
	}
}

// TestKilledBeforeTheCheckpoint: the commands are stored, then the checkpoint
// cannot be moved. The events come again.
func TestKilledBeforeTheCheckpoint(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(`
create function hearth.refuse() returns trigger language plpgsql as $$ begin raise 'killed'; end $$;
create trigger refuse before update of position on hearth.reaction for each row execute function hearth.refuse();`)
	end := b.add("a", "b")
	stop := start(t, b.runner(b.reaction("echo")))
	until(t, "the events come twice", func() bool { return strings.Count(b.did(), "a after 0, b after 1") >= 2 })
	stop()
	b.exec("drop trigger refuse on hearth.reaction")
	start(t, b.runner(b.reaction("echo")))
	b.reaches("echo", end)
	if got := b.did(); strings.ReplaceAll(got+", ", "a after 0, b after 1, ", "") != "" {
		t.Errorf("not always both in order: %s", got)
	}
}

func TestCommandID(t *testing.T) {
	t.Parallel()
	event := uuid.UUID{1}
	one := reactions.CommandID(event, "credit", 0)
	if one != reactions.CommandID(event, "credit", 0) || one.String() != "6427dbfd-8411-5897-9078-d61849973329" {
		t.Errorf("the id of a command changed to %s: what was sent before would be sent again", one)
	}
	for _, other := range []uuid.UUID{
		reactions.CommandID(event, "credit", 1), reactions.CommandID(event, "other", 0), reactions.CommandID(uuid.UUID{2}, "credit", 0),
	} {
		if other == one {
			t.Error("two commands have one id")
		}
	}
}

func TestParkAndRetry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.failing("bad", errors.New("no route"))
	b.failing("refused", domain.Reject("enterprise_missing", "没有这个单位,请先建档。"))
	r := b.runner(b.reaction("echo"))
	start(t, r)
	b.reaches("echo", b.add("bad", "refused", "!", "good"))
	if got, want := b.did(), "bad after 0, bad after 0, bad after 0, refused after 1, good after 3"; got != want {
		t.Errorf("did %s, want %s", got, want)
	}
	list, err := r.Parked(t.Context(), 10)
	must(t, err)
	wants := []struct {
		tries int
		text  string
	}{{3, "wish 0 of echo: no route"}, {1, "enterprise_missing: 没有这个单位,请先建档。"}, {3, "panic: *errors.errorString"}}
	if len(list) != len(wants) {
		t.Fatalf("parked %+v", list)
	}
	for i, want := range wants {
		p := list[i]
		if p.Tries != want.tries || p.Error != want.text || p.Position != 1 || p.Type != "test.noted" || p.Stream != "test/one" {
			t.Errorf("parked %+v, want %+v", p, want)
		}
	}
	if s := b.status(r, "echo"); s.Parked != 3 || s.Handled != 1 || s.Failed != 7 || s.GaveUp != 3 {
		t.Errorf("status %+v", s)
	}
	if strings.Contains(b.log.String(), "Zhang") {
		t.Errorf("the log tells what a panic was about:\n%s", b.log)
	}

	bad := list[0]
	rejected(t, r.Retry(t.Context(), "echo", bad.EventID, "u1"), "still_fails")
	if again, err := r.Parked(t.Context(), 1); err != nil || again[0].Tries != 4 || !again[0].TriedAt.After(bad.TriedAt) {
		t.Errorf("after a retry that failed: %+v, %v", again, err)
	}
	b.failing("bad", nil)
	must(t, r.Retry(t.Context(), "echo", bad.EventID, "u1"))
	if got := b.did(); !strings.HasSuffix(got, "good after 3, bad after 0, bad after 0") {
		t.Errorf("did %s", got)
	}
	rejected(t, r.Retry(t.Context(), "echo", bad.EventID, "u1"), "parked_settled")

	rejected(t, r.Dismiss(t.Context(), "echo", list[1].EventID, "u1", " "), "reason_missing")
	must(t, r.Dismiss(t.Context(), "echo", list[1].EventID, "u1", "单位已注销"))
	rejected(t, r.Dismiss(t.Context(), "echo", list[1].EventID, "u1", "单位已注销"), "parked_settled")
	if n := b.number(`select count(*) from hearth.parked where settled_by = 'u1' and settled_at is not null
		and (outcome, coalesce(reason, '')) in (('retried', ''), ('dismissed', '单位已注销'))`); n != 2 {
		t.Errorf("%d are settled with who did so, want 2", n)
	}
}

// TestParkedOfAnotherLog: the position holds another event now.
func TestParkedOfAnotherLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.failing("bad", domain.Reject("no", "不行。"))
	r := b.runner(b.reaction("echo"))
	stop := start(t, r)
	b.reaches("echo", b.add("bad"))
	stop()
	list, err := r.Parked(t.Context(), 10)
	must(t, err)
	b.store = memstore.New(storetest.Registry())
	rejected(t, b.runner(b.reaction("echo")).Retry(t.Context(), "echo", list[0].EventID, "u1"), "parked_missing")
	b.head = eventstore.Head{}
	b.add("other")
	rejected(t, b.runner(b.reaction("echo")).Retry(t.Context(), "echo", list[0].EventID, "u1"), "parked_missing")
	rejected(t, b.runner().Retry(t.Context(), "echo", list[0].EventID, "u1"), "reaction_unknown")
}

func rejected(t *testing.T, err error, code string) {
	t.Helper()
	if no, ok := errors.AsType[*domain.Rejection](err); !ok || no.Code != code {
		t.Errorf("got %v, want the rejection %s", err, code)
	}
}

// TestNothingIsParkedWhileTheStoreIsAway: the event is tried until the store is
// back.
func TestNothingIsParkedWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	outage := &away{Store: b.store}
	b.store = outage
	b.failing("a", errors.New("no connection"))
	r := b.runner(b.reaction("echo"))
	start(t, r)
	until(t, "it runs", func() bool { return b.status(r, "echo").State == reactions.StateRunning })
	outage.set(errors.New("no connection"))
	end := b.add("a")
	until(t, "it was tried and refused", func() bool { return strings.Contains(b.log.String(), "reaction retries") })
	if n := b.number("select count(*) from hearth.parked"); n != 0 {
		t.Errorf("%d parked while the store is away", n)
	}
	b.failing("a", nil)
	outage.set(nil)
	b.reaches("echo", end)
	if n := b.number("select count(*) from hearth.parked"); n != 0 {
		t.Errorf("%d parked", n)
	}
}

// TestTwoInstances: one works, and another takes over when it ends or loses its
// connection.
func TestTwoInstances(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.runner(b.reaction("echo")), b.runner(b.reaction("echo"))
	stop := start(t, first)
	b.reaches("echo", b.add("a"))
	start(t, second)
	b.reaches("echo", b.add("b"))
	if s := b.status(second, "echo"); s.State != reactions.StateWaiting || s.Handled != 0 || s.Position != 2 {
		t.Errorf("the second instance: %+v", s)
	}
	stop()
	b.reaches("echo", b.add("c"))
	if s := b.status(second, "echo"); s.State != reactions.StateRunning || s.Handled != 1 {
		t.Errorf("the second instance after the first has ended: %+v", s)
	}
	if n := b.number(`select count(pg_terminate_backend(pid)) from pg_stat_activity
		where datname = current_database() and application_name = 'hearth reaction echo'`); n != 1 {
		t.Fatalf("%d connections hold or want the lock, want 1", n)
	}
	until(t, "the loss is noticed", func() bool { return strings.Contains(b.log.String(), "lost the connection") })
	b.reaches("echo", b.add("d"))
	if got, want := b.did(), "a after 0, b after 1, c after 2, d after 3"; got != want {
		t.Errorf("did %s, want %s", got, want)
	}
}

// TestMovedByAnother: who has lost the lock without noticing finds the
// checkpoint elsewhere and begins anew.
func TestMovedByAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := make(chan error)
	b.hold["a"] = hold
	r := b.runner(b.reaction("echo"))
	start(t, r)
	// It has read its checkpoint before anybody moves it.
	until(t, "it runs", func() bool { return b.status(r, "echo").State == reactions.StateRunning })
	b.add("a")
	b.add("b")
	end := b.add("c")
	b.exec("update hearth.reaction set position = 2")
	select {
	case hold <- nil:
	case <-time.After(30 * time.Second):
		t.Fatal("nobody dealt with the first event")
	}
	b.reaches("echo", end)
	if got := b.did(); !strings.HasSuffix(got, "c after 2") || !strings.Contains(b.log.String(), "moved by another instance") {
		t.Errorf("did %s\n%s", got, b.log)
	}
}

func TestOtherLogIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stop := start(t, b.runner(b.reaction("echo")))
	b.reaches("echo", b.add("a"))
	stop()
	original, head := b.store, b.head
	b.store, b.head = memstore.New(storetest.Registry()), eventstore.Head{}
	b.add("x")
	b.add("y")
	r := b.runner(b.reaction("echo"))
	stop = start(t, r)
	until(t, "it stops", func() bool { return b.status(r, "echo").State == reactions.StateStopped })
	if err := r.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "不相配") {
		t.Errorf("check: %v", err)
	}
	// Another instance that only looks sees it too.
	until(t, "it is stored", func() bool { return b.status(b.runner(b.reaction("echo")), "echo").State == reactions.StateStopped })
	stop()
	if got := b.did(); got != "a after 0" {
		t.Errorf("did %s", got)
	}

	// With its own log back it goes on.
	b.store, b.head = original, head
	r = b.runner(b.reaction("echo"))
	start(t, r)
	b.reaches("echo", b.add("b"))
	must(t, r.Check(t.Context()))
}

// TestStopsInTheMiddle: Run returns while an event is being dealt with, and the
// event comes again.
func TestStopsInTheMiddle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := make(chan error)
	b.hold["a"] = hold
	r := b.runner(b.reaction("echo"))
	stop := start(t, r)
	end := b.add("a")
	until(t, "it runs", func() bool { return b.status(r, "echo").State == reactions.StateRunning })
	stop()
	if n := b.number("select count(*) from hearth.parked"); n != 0 || b.did() != "" {
		t.Errorf("%d parked, did %q", n, b.did())
	}
	delete(b.hold, "a")
	start(t, b.runner(b.reaction("echo")))
	b.reaches("echo", end)
	if b.did() != "a after 0" {
		t.Errorf("did %q", b.did())
	}
}

// away is a store that can be made to fail.
type away struct {
	eventstore.Store
	err atomicError
}

func (a *away) set(err error) { a.err.store(err) }

func (a *away) End(ctx context.Context) (eventstore.Position, error) {
	if err := a.err.load(); err != nil {
		return 0, err
	}
	return a.Store.End(ctx)
}
