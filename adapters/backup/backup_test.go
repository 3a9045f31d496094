package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/backup"
	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/natsserver/natstest"
	"hearth/adapters/postgres"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// system is a log and a database of a test's own.
type system struct {
	t     testing.TB
	store *natsstore.Store
	db    *pgxpool.Pool
	dir   string // of its backup
}

// setup makes a system; id is that of its log, drawn when empty.
func setup(t testing.TB, id eventstore.Identity, opts ...natstest.Option) *system {
	t.Helper()
	return setupOn(t, natstest.Start(t, opts...), id)
}

func setupOn(t testing.TB, nc *nats.Conn, id eventstore.Identity) *system {
	t.Helper()
	js, err := jetstream.New(nc)
	must(t, err)
	must(t, natsstore.Provision(t.Context(), js, natsstore.Config{Log: string(id)}))
	store, err := natsstore.Open(t.Context(), nc, storetest.Registry())
	must(t, err)
	t.Cleanup(store.Close)
	return &system{t, store, pgtest.Pool(t, pgtest.Installed()), filepath.Join(t.TempDir(), "backup")}
}

// migrated makes the tables, with some rows.
func (s *system) migrated() *system {
	s.t.Helper()
	must(s.t, postgres.Migrate(s.t.Context(), s.db))
	_, err := s.db.Exec(s.t.Context(), `
insert into hearth.account (id, login, state, sealed, version, position, since, created_at) values
 ('0197a3c1-0000-7000-8000-000000000001', 'wang', '{"name": "王\t小\n二\\\\"}', '{}', 9, 1000000, 1, '2026-11-23 01:02:03.456789+00'),
 ('0197a3c1-0000-7000-8000-000000000011', 'late', '{}', '{}', 9, 1000000, 1000000, now());
insert into hearth.credential (id, account, kind, value, created_at) values
 ('0197a3c1-0000-7000-8000-000000000005', '0197a3c1-0000-7000-8000-000000000001', 'password', 'x', now()),
 ('0197a3c1-0000-7000-8000-000000000006', '0197a3c1-0000-7000-8000-000000000011', 'password', 'x', now());
insert into hearth.api_token (id, hash, account, created_at) values
 ('0197a3c1-0000-7000-8000-000000000002', '\xff00', '0197a3c1-0000-7000-8000-000000000001', now()),
 ('0197a3c1-0000-7000-8000-000000000012', '\xff01', '0197a3c1-0000-7000-8000-000000000011', now());
insert into hearth.session (ref, data, expires) values ('secret session', '', now());
insert into hearth.reaction (name, log, position, problem) values ('credit', 'x', 1000000, 'stopped');
insert into hearth.parked (reaction, event_id, position, type, stream, tries, error) values
 ('credit', '0197a3c1-0000-7000-8000-000000000003', 1, 'a', 'b/c', 1, 'e'),
 ('credit', '0197a3c1-0000-7000-8000-000000000004', 1000000, 'a', 'b/c', 1, 'e');
insert into vault.epoch values (1, null, now(), now()), (2, '\xff00', now(), null);
insert into vault.data_key (key_id, subject, class, epoch, wrapped, destroyed_at) values
 ('\x00112233445566778899aabbccddeeff', 'case-1', 'narrative', 2, '\x01', null), ('\xff112233445566778899aabbccddeeff', 'case-2', 'bank', 1, null, now());
insert into vault.subject (subject, state, position) values ('case-2', 'shredded', 0);`)
	must(s.t, err)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// add appends n messages.
func (s *system) add(n int) {
	s.t.Helper()
	for n > 0 {
		changes := make([]eventstore.Change, min(n, eventstore.MaxChanges))
		for i := range changes {
			changes[i] = storetest.Change(storetest.Stream(), eventstore.Head{}, fmt.Sprint("第", n-i))
		}
		_, err := s.store.Append(s.t.Context(), changes...)
		must(s.t, err)
		n -= len(changes)
	}
}

// messages is all that the log holds.
func (s *system) messages() []eventstore.Message {
	s.t.Helper()
	end, err := s.store.End(s.t.Context())
	must(s.t, err)
	var all []eventstore.Message
	must(s.t, eventstore.ReadMessages(s.t.Context(), s.store, 0, end, func(page []eventstore.Message) error {
		all = append(all, page...)
		return nil
	}))
	return all
}

func (s *system) source() backup.Source {
	return backup.Source{Log: s.store, DB: s.db, Version: "test"}
}

func (s *system) backup(opts backup.Options) backup.Report {
	s.t.Helper()
	r, err := backup.Run(s.t.Context(), s.dir, s.source(), opts.WithSegments(100))
	must(s.t, err)
	return r
}

func (s *system) target() backup.Target {
	return backup.Target{Log: s.store, DB: s.db, KeyFile: filepath.Join(s.dir, "key"), Refill: func(ctx context.Context, msgs iter.Seq2[eventstore.Message, error]) error {
		_, err := s.store.Refill(ctx, msgs)
		return err
	}}
}

func verify(t testing.TB, dir string) backup.Checked {
	t.Helper()
	c, err := backup.Verify(t.Context(), dir, nil)
	must(t, err)
	return c
}

// refused demands a refusal with a code, that names a file if given.
func refused(t testing.TB, what string, err error, code, name string) {
	t.Helper()
	var no *domain.Rejection
	if !errors.As(err, &no) || no.Code != code || !strings.Contains(no.Text, name) {
		t.Errorf("%s: got %v, want %s and %q", what, err, code, name)
	}
}

// tree is every file of a folder with its content.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var text []byte
			text, err = os.ReadFile(path)
			files[strings.TrimPrefix(path, dir+"/")] = string(text)
		}
		return err
	}))
	return files
}

func sameMessages(t testing.TB, want, got []eventstore.Message) {
	t.Helper()
	equal := slices.EqualFunc(want, got, func(a, b eventstore.Message) bool {
		return a.Position == b.Position && a.Subject == b.Subject && bytes.Equal(a.Body, b.Body)
	})
	if !equal {
		t.Errorf("%d messages came back of %d, or others", len(got), len(want))
	}
}

// dump is what a query gives, as text.
func (s *system) dump(query string) string {
	s.t.Helper()
	var text string
	must(s.t, s.db.QueryRow(s.t.Context(), "select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from ("+query+") t").Scan(&text))
	return text
}

func TestThereAndBack(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	s.add(250)
	first := s.backup(backup.Options{})
	if first.Messages != 250 || first.Size != 250 || len(first.Segments) != 3 || first.Run != 1 || first.Compared != 0 {
		t.Errorf("first backup: %+v", first)
	}
	before := tree(t, s.dir)
	s.add(70)
	second := s.backup(backup.Options{})
	if second.Messages != 70 || second.Size != 320 || len(second.Segments) != 4 || second.Run != 2 || second.Compared != 50 {
		t.Errorf("second backup: %+v", second)
	}
	after := tree(t, s.dir)
	for name, text := range before {
		if strings.HasPrefix(name, "segments/") && after[name] != text {
			t.Errorf("the second backup changed %s", name)
		}
	}
	third := s.backup(backup.Options{Full: true})
	if third.Messages != 0 || third.Compared != 320 || third.Root != second.Root {
		t.Errorf("third backup, of nothing new: %+v", third)
	}
	if c := verify(t, s.dir); c.Root != second.Root || c.Unfinished || c.Sealed.Size != 0 {
		t.Errorf("verified: %+v", c)
	}
	for name := range tree(t, s.dir) {
		if info, err := os.Stat(filepath.Join(s.dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want permissions 0600", name, info.Mode(), err)
		}
		if strings.HasPrefix(name, "tables/") && !strings.HasPrefix(name, "tables/3/") || name == "UNFINISHED" {
			t.Errorf("%s is left over", name)
		}
	}

	to := setup(t, third.Log)
	must(t, backup.Restore(t.Context(), s.dir, third.Manifest, to.target()))
	sameMessages(t, s.messages(), to.messages())
	for _, kept := range []string{
		"select id, login, state, sealed, since, created_at from hearth.account where since <= 320",
		"select * from hearth.credential where account = '0197a3c1-0000-7000-8000-000000000001'",
		"select * from hearth.api_token where account = '0197a3c1-0000-7000-8000-000000000001'", "select * from hearth.parked where position <= 320",
		"select * from vault.epoch", "select * from vault.data_key", "select * from vault.subject",
	} {
		if diff := cmp.Diff(s.dump(kept), to.dump(kept)); diff != "" {
			t.Errorf("%s (-backed up +restored):\n%s", kept, diff)
		}
	}
	if got := to.dump("select name, position, problem from hearth.reaction"); got != "(credit,320,)" {
		t.Errorf("the reaction stands at %s, behind the end of the log or stopped", got)
	}
	if got := to.dump("select login, version, position from hearth.account"); got != "(wang,0,0)" {
		t.Errorf("accounts %s, to be read from the log anew, and none that it does not know", got)
	}
	if got := to.dump("select position from hearth.parked where position > 320 union all select 1 from hearth.session"); got != "" {
		t.Errorf("restored what is not to be: %s", got)
	}
	// The restored log goes on, and so does its backup.
	to.dir = s.dir
	to.add(1)
	if r := to.backup(backup.Options{}); r.Size != 321 {
		t.Errorf("backup of the restored system: %+v", r)
	}
}

func TestEmptyLog(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	m := s.backup(backup.Options{}).Manifest
	verify(t, s.dir)
	to := setup(t, m.Log)
	must(t, backup.Restore(t.Context(), s.dir, m, to.target()))
	s.add(1)
	if r := s.backup(backup.Options{}); r.Messages != 1 {
		t.Errorf("the first message after an empty backup: %+v", r)
	}
	verify(t, s.dir)
}

// TestOnline backs up while 4 writers append.
func TestOnline(t *testing.T) {
	t.Parallel()
	const writers, appends = 4, 300
	s := setup(t, "").migrated()
	done := make(chan error, writers)
	for range writers {
		go func() {
			var err error
			for n := 0; n < appends && err == nil; n++ {
				_, err = s.store.Append(t.Context(), storetest.Change(storetest.Stream(), eventstore.Head{}, "x"))
			}
			done <- err
		}()
	}
	var sizes []int64
	for ended := 0; ended < writers; {
		select {
		case err := <-done:
			must(t, err)
			ended++
		default:
			sizes = append(sizes, s.backup(backup.Options{}).Size)
			if c := verify(t, s.dir); c.Size != sizes[len(sizes)-1] {
				t.Errorf("verified %d, backed up %d", c.Size, sizes[len(sizes)-1])
			}
		}
	}
	if !slices.IsSorted(sizes) {
		t.Errorf("sizes %v do not grow", sizes)
	}
	last := s.backup(backup.Options{Full: true})
	if last.Size != writers*appends {
		t.Errorf("%d messages at the end, want %d", last.Size, writers*appends)
	}
	to := setup(t, last.Log)
	must(t, backup.Restore(t.Context(), s.dir, last.Manifest, to.target()))
	sameMessages(t, s.messages(), to.messages())
}

// TestEndedAtEachStep ends a backup at every point of no return. What was backed
// up before stays valid, and the next backup completes the work.
func TestEndedAtEachStep(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	s.add(150)
	var steps []string
	count := backup.Options{}.WithStep(func(what string) error { steps = append(steps, what); return nil })
	held := s.backup(count).Manifest
	dead := errors.New("dead")
	for at := 0; ; at++ {
		s.add(150)
		n, where := 0, ""
		opts := backup.Options{}.WithSegments(100).WithStep(func(what string) error {
			if n++; n > at {
				if where == "" {
					where = what
				}
				return dead
			}
			return nil
		})
		_, err := backup.Run(t.Context(), s.dir, s.source(), opts)
		if where == "" {
			must(t, err)
			break
		}
		if !errors.Is(err, dead) {
			t.Fatalf("ended at %s: %v", where, err)
		}
		c := verify(t, s.dir)
		if c.Size != held.Size && where != "tidy" {
			t.Errorf("ended at %s: the backup has %d messages, before it had %d", where, c.Size, held.Size)
		}
		if c.Unfinished != (where != "begin") {
			t.Errorf("ended at %s: unfinished is %t", where, c.Unfinished)
		}
		held = s.backup(backup.Options{}).Manifest
		if c := verify(t, s.dir); c.Unfinished || c.Size != held.Size {
			t.Errorf("after the one that ended at %s: %+v", where, c)
		}
	}
	if len(steps) < 8 {
		t.Errorf("only these steps: %v", steps)
	}
}

// TestFirstIsEnded: a folder without a manifest, in which a first backup ended.
func TestFirstIsEnded(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	s.add(10)
	dead := errors.New("dead")
	_, err := backup.Run(t.Context(), s.dir, s.source(), backup.Options{}.WithStep(func(what string) error {
		if what == "write the manifest" {
			return dead
		}
		return nil
	}))
	if !errors.Is(err, dead) {
		t.Fatal(err)
	}
	_, err = backup.Verify(t.Context(), s.dir, nil)
	refused(t, "verify a backup that did not finish", err, backup.CodeNone, s.dir)
	if r := s.backup(backup.Options{}); r.Size != 10 || r.Cleaned == 0 {
		t.Errorf("the next one: %+v", r)
	}
	verify(t, s.dir)
}

// TestTablesAreDecided fails when a migration adds a table that nobody decided
// about in the list of tables.go, or a sequence, whose state a backup leaves out.
func TestTablesAreDecided(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	decided := backup.Decided()
	names := slices.Sorted(maps.Keys(decided))
	var got []string
	rows, err := s.db.Query(t.Context(), `select case table_schema when 'hearth' then '' else table_schema || '.' end || table_name
		from information_schema.tables where table_schema in ('hearth', 'vault')`)
	must(t, err)
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		got = append(got, name)
	}
	must(t, rows.Err())
	slices.Sort(got)
	if diff := cmp.Diff(names, got); diff != "" {
		t.Errorf("decided about, and there (-decided +there):\n%s", diff)
	}
	for name, why := range decided {
		if why == "" {
			t.Errorf("no reason for %s", name)
		}
	}
	if seqs := s.dump("select relname from pg_class where relkind = 'S' and relnamespace in ('hearth'::regnamespace, 'vault'::regnamespace)"); seqs != "(migration_id_seq)" {
		t.Errorf("sequences %s", seqs)
	}
}
