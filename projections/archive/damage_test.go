package archive_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/notary"
	"hearth/eventstore/storetest"
	"hearth/projections/archive"
)

// sealed is what the tree holds of a log.
type sealed []tlog.Hash

func sealedOf(t *testing.T, log eventstore.Log) sealed {
	t.Helper()
	var all sealed
	for _, m := range stored(t, log) {
		all = append(all, notary.HashOf(m))
	}
	return all
}

func (s sealed) leaf(pos eventstore.Position) (tlog.Hash, error) { return s[pos-1], nil }

// differ are the positions at which the archive has something else.
func (s sealed) differ(t *testing.T, r *archive.Reader) (differ []eventstore.Position) {
	t.Helper()
	next := int64(1)
	must(t, r.Leaves(t.Context(), 0, int64(len(s)), func(first int64, leaves []tlog.Hash) error {
		if first != next {
			return fmt.Errorf("leaves from %d, want from %d", first, next)
		}
		for i, h := range leaves {
			if h != (tlog.Hash{}) && h != s[first-1+int64(i)] {
				t.Errorf("position %d: a leaf that is neither zero nor right", first+int64(i))
			}
			if h != s[first-1+int64(i)] {
				differ = append(differ, eventstore.Position(first+int64(i)))
			}
		}
		next = first + int64(len(leaves))
		return nil
	}))
	if next != int64(len(s))+1 {
		t.Fatalf("leaves up to %d, want %d", next-1, len(s))
	}
	return differ
}

func list(from, to int64) (all []eventstore.Position) {
	for pos := from; pos <= to; pos++ {
		all = append(all, eventstore.Position(pos))
	}
	return all
}

// aside counts the tables that were set aside.
func (b *bundle) aside() int {
	b.t.Helper()
	return b.number("select count(*) from pg_class where relnamespace = 'archive'::regnamespace and relkind = 'r' and relname like 'damaged%'")
}

// Bytes are flipped on disk in rows, in a long body, in the primary key and in
// the index of subjects. Each is named and mended, and what was damaged stays.
func TestBytesFlippedOnDisk(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.fill(29)
	_, err := i.log.Append(t.Context(), storetest.Change(storetest.Stream(), eventstore.Head{}, strings.Repeat("长", 10_000)))
	must(t, err) // position 30 does not fit a page
	i.fill(300)
	i.archived()
	leaves := sealedOf(t, i.log)
	if differ := leaves.differ(t, archive.NewReader(i.pool)); differ != nil {
		t.Fatalf("undamaged, but %v differ", differ)
	}
	onPage := positions(t, i.pool, "select position from archive.message_1 where (ctid::text::point)[0] = 1")
	rows := i.file("'archive.message_1'")
	key, subjects := i.file("'archive.message_2_pkey'"), i.file("'archive.message_3_subject_position_idx'")
	long := i.file("(select reltoastrelid from pg_class where oid = 'archive.message_0'::regclass)")
	i.stop()
	flip(t, rows, 1)
	flip(t, long, 0)
	flip(t, key, 1)
	flip(t, subjects, 1)
	i.start()

	want := []eventstore.Position{30}
	for pos := range onPage {
		want = append(want, eventstore.Position(pos))
	}
	want = append(append(want, list(128, 191)...), 192)
	slices.Sort(want)
	r := archive.NewReader(i.pool)
	if differ := leaves.differ(t, r); len(onPage) == 0 || !slices.Equal(differ, want) {
		t.Fatalf("named %v, damaged %v", differ, want)
	}
	if err := r.Messages(t.Context(), 0, 300, func([]eventstore.Message) error { return nil }); !errors.Is(err, archive.ErrDamaged) {
		t.Errorf("reading damaged pages: %v", err)
	}
	// The log has nothing of the partitions of which only an index is damaged.
	done, err := r.Mend(t.Context(), hole{i.log, 128, 255}, want, leaves.leaf)
	must(t, err)
	got := fmt.Sprint(len(done))
	for _, m := range done {
		got += fmt.Sprintf(" %d-%d:%d+%d", m.First, m.Last, m.Kept, m.Mended)
	}
	if want := fmt.Sprintf("4 1-63:62+1 64-127:%d+%d 128-191:64+0 192-255:64+0", 64-len(onPage), len(onPage)); got != want {
		t.Errorf("mended %s, want %s", got, want)
	}
	if differ := leaves.differ(t, r); differ != nil {
		t.Errorf("mended, but %v differ", differ)
	}
	same(t, r, i.log)
	if i.aside() != 4 {
		t.Errorf("%d tables set aside", i.aside())
	}
	if found, err := archive.Weaknesses(t.Context(), i.pool); err != nil || len(found) > 0 {
		t.Errorf("weaknesses after mending: %v, %v", found, err)
	}
	i.fill(100)
	i.archived()
	same(t, r, i.log)
}

// hole is a log of which some positions are lost.
type hole struct {
	*memstore.Store
	from, to eventstore.Position
}

func (h hole) Messages(ctx context.Context, after eventstore.Position) (eventstore.MessageFeed, error) {
	feed, err := h.Store.Messages(ctx, after)
	return &holeFeed{feed, h, after}, err
}

type holeFeed struct {
	eventstore.MessageFeed
	hole
	last eventstore.Position
}

// Next ends before the hole.
func (h *holeFeed) Next(ctx context.Context, limit int) ([]eventstore.Message, error) {
	if h.last+1 >= h.from && h.last < h.to {
		return nil, &eventstore.Missing{From: h.last + 1, To: h.to}
	}
	if h.last < h.from {
		limit = min(limit, int(h.from-h.last-1))
	}
	page, err := h.MessageFeed.Next(ctx, limit)
	h.last += eventstore.Position(len(page))
	return page, err
}

// Close implements eventstore.MessageFeed.
func (h *holeFeed) Close() { h.MessageFeed.Close() }

// What a database administrator changes behind our back is named, also when the
// stored leaf was changed with it, and mended.
func TestRowsChanged(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.fill(200)
	i.archived()
	leaves := sealedOf(t, i.log)
	i.asSuperuser(`
update archive.message set body = body || 'x' where position = 70;
update archive.message set leaf = (select leaf from archive.message where position = 1) where position = 71;
update archive.message m set (subject, body, leaf) = (select subject, body, leaf from archive.message where position = 1) where position = 72;
delete from archive.message where position in (63, 73, 200);
`)
	r := archive.NewReader(i.pool)
	want := []eventstore.Position{63, 70, 71, 72, 73, 200}
	named := leaves.differ(t, r)
	if !slices.Equal(named, want) {
		t.Fatalf("named %v, changed %v", named, want)
	}
	var missing *eventstore.Missing
	if err := r.Messages(t.Context(), 0, 200, func([]eventstore.Message) error { return nil }); !errors.As(err, &missing) || missing.From != 63 || missing.To != 63 {
		t.Errorf("reading over a hole: %v", err)
	}
	// Position 72 is consistent in itself. Only the leaf can tell, or the caller.
	unknown := func(pos eventstore.Position) (tlog.Hash, error) {
		if pos > 66 {
			return tlog.Hash{}, nil
		}
		return leaves.leaf(pos)
	}
	_, err := r.Mend(t.Context(), i.log, want, unknown)
	must(t, err)
	if differ := leaves.differ(t, r); differ != nil {
		t.Errorf("mended, but %v differ", differ)
	}
	same(t, r, i.log)
}

// A mending that ends in the middle changes nothing.
func TestMendingBrokenOff(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.fill(200)
	i.archived()
	leaves := sealedOf(t, i.log)
	i.asSuperuser("delete from archive.message where position in (70, 71);\n")
	r := archive.NewReader(i.pool)
	want := []eventstore.Position{70, 71}
	unchanged := func(after string) {
		t.Helper()
		if differ := leaves.differ(t, r); !slices.Equal(differ, want) || i.aside() != 0 {
			t.Errorf("after %s: %v differ, %d tables set aside", after, differ, i.aside())
		}
	}
	for name, at := range map[string]eventstore.Position{"a cut among the rows": 100, "a cut among what is filled in": 71} {
		_, err := r.Mend(t.Context(), i.log, want, func(pos eventstore.Position) (tlog.Hash, error) {
			if pos == at {
				i.number(`select count(pg_terminate_backend(pid)) from pg_stat_activity
					where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`)
			}
			return leaves.leaf(pos)
		})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		unchanged(name)
	}
	_, err := r.Mend(t.Context(), hole{i.log, 71, 71}, want, leaves.leaf)
	if !errors.Is(err, archive.ErrUnmendable) || !strings.Contains(err.Error(), "71") {
		t.Errorf("the log has lost it too: %v", err)
	}
	unchanged("a log with a hole")
	_, err = r.Mend(t.Context(), i.log, want, func(eventstore.Position) (tlog.Hash, error) { return tlog.Hash{1}, nil })
	if !errors.Is(err, archive.ErrUnmendable) {
		t.Errorf("no copy is as sealed: %v", err)
	}
	unchanged("leaves that nothing has")
	other := memstore.New(storetest.Registry())
	if _, err = r.Mend(t.Context(), other, want, leaves.leaf); !errors.Is(err, archive.ErrOtherLog) {
		t.Errorf("with another log: %v", err)
	}
	_, err = r.Mend(t.Context(), i.log, want, leaves.leaf)
	must(t, err)
	if differ := leaves.differ(t, r); differ != nil {
		t.Errorf("mended, but %v differ", differ)
	}
}

// The archive grows while it is mended and read.
func TestMendWhileItGrows(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.fill(100)
	i.archived()
	i.asSuperuser("delete from archive.message where position in (70, 71);\n")
	leaves := sealedOf(t, i.log)
	a := archive.New(i.pool, i.log, i.options())
	start(t, a)
	_, err := a.Mend(t.Context(), i.log, list(70, 71), func(pos eventstore.Position) (tlog.Hash, error) {
		if pos == 100 {
			i.fill(50)
			if n := i.number("select count(*) from archive.message"); n != 98 {
				t.Errorf("%d rows can be read while it is mended", n)
			}
		}
		return leaves.leaf(pos)
	})
	must(t, err)
	caughtUp(t, a)
	same(t, a.Reader, i.log)
}
