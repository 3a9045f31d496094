package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/postgres"
	"hearth/domain"
)

func open(t *testing.T, opts postgres.Options) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), pgtest.DSN(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestTypesGoThereAndBack(t *testing.T) {
	t.Parallel()
	pool := open(t, postgres.Options{})
	type role string
	type row struct {
		Day   domain.Date
		None  domain.Date
		Days  []domain.Date
		Sum   domain.Fen
		Sums  []domain.Fen
		At    time.Time
		Never time.Time
		Ptr   *domain.Date
		Role  role
		Roles []role
	}
	day := domain.NewDate(2026, 11, 23)
	want := row{
		Day: day, Days: []domain.Date{day, {}, domain.NewDate(1961, 1, 31)},
		Sum: -12, Sums: []domain.Fen{1, domain.Yuan(3)}, At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
		Ptr: &day, Role: "handler", Roles: []role{"a", "𠮷"},
	}
	_, err := pool.Exec(t.Context(), `create table t (day date, none date, days date[], sum bigint, sums bigint[],
		at timestamptz, never timestamptz, ptr date, role text, roles text[])`)
	if err != nil {
		t.Fatal(err)
	}
	_, err = pool.Exec(t.Context(), `insert into t values
		(@day, @none, @days, @sum, @sums, @at, @never, @ptr, @role, @roles)`, pgx.StrictNamedArgs{
		"day": want.Day, "none": want.None, "days": want.Days, "sum": want.Sum, "sums": want.Sums,
		"at": want.At, "never": want.Never, "ptr": want.Ptr, "role": want.Role, "roles": want.Roles,
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := pool.Query(t.Context(), "select * from t where none is null and never is null and day = $1", want.Day)
	got, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[row])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b domain.Date) bool { return a == b })); diff != "" {
		t.Errorf("came back changed (-want +got):\n%s", diff)
	}
	if got.At.Location() != time.UTC {
		t.Errorf("times come back in %v", got.At.Location())
	}
	var text string
	err = pool.QueryRow(t.Context(), "select concat_ws(' ', day, days, sum, at) from t").Scan(&text)
	if want := "2026-11-23 {2026-11-23,NULL,1961-01-31} -12 2026-01-02 03:04:05.000006+00"; err != nil || text != want {
		t.Errorf("the server holds %q, %v; want %q", text, err, want)
	}
}

func TestInfinityIsRefused(t *testing.T) {
	t.Parallel()
	pool := open(t, postgres.Options{})
	var day domain.Date
	if err := pool.QueryRow(t.Context(), "select 'infinity'::date").Scan(&day); err == nil {
		t.Errorf("an infinite date became %v", day)
	}
	var at time.Time
	if err := pool.QueryRow(t.Context(), "select '-infinity'::timestamptz").Scan(&at); err == nil {
		t.Errorf("an infinite timestamp became %v", at)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	pool := open(t, postgres.Options{ApplicationName: "hearth import", StatementTimeout: 2 * time.Second, MaxConns: 3})
	for name, want := range map[string]string{
		"timezone": "UTC", "application_name": "hearth import", "statement_timeout": "2s",
		"idle_in_transaction_session_timeout": "1min", "client_encoding": "UTF8",
	} {
		var got string
		if err := pool.QueryRow(t.Context(), "select current_setting($1)", name).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", name, got, err, want)
		}
	}
	if got := pool.Config().MaxConns; got != 3 {
		t.Errorf("pool of %d connections; want 3", got)
	}
}

func TestMigrateTogetherAndAgain(t *testing.T) {
	t.Parallel()
	pool := open(t, postgres.Options{})
	var instances errgroup.Group
	for range 3 {
		instances.Go(func() error { return postgres.Migrate(t.Context(), pool) })
	}
	if err := instances.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	var in string
	err := pool.QueryRow(t.Context(), `select string_agg(distinct table_schema, ' ') from information_schema.tables
		where table_schema not in ('pg_catalog', 'information_schema')`).Scan(&in)
	if err != nil || in != "hearth" {
		t.Errorf("tables in %q, %v; want all in hearth", in, err)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	pool := open(t, postgres.Options{})
	h, err := postgres.Check(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	if h.Err() != nil || h.Encoding != "UTF8" || h.Major < 15 || h.Size == 0 || h.Connections == 0 || h.MaxConnections == 0 {
		t.Errorf("health of the test server: %+v, %v", h, h.Err())
	}
	if skew := h.ClockSkew.Abs(); skew > time.Second {
		t.Errorf("clock of the same machine is %v off", skew)
	}
}

func TestUnfitServer(t *testing.T) {
	t.Parallel()
	fit := postgres.Health{Major: 15, Encoding: "UTF8", CanCreate: true}
	if err := fit.Err(); err != nil {
		t.Errorf("%+v: %v", fit, err)
	}
	for _, h := range []postgres.Health{
		{Major: 14, Encoding: "UTF8", CanCreate: true},
		{Major: 15, Encoding: "EUC_CN", CanCreate: true},
		{Major: 15, Encoding: "UTF8", CanCreate: true, Recovering: true},
		{Major: 15, Encoding: "UTF8"},
	} {
		if err := h.Err(); !errors.Is(err, postgres.ErrServer) {
			t.Errorf("%+v: got %v, want ErrServer", h, err)
		}
	}
}

func TestOpenRefusesAnotherEncoding(t *testing.T) {
	t.Parallel()
	pool := open(t, postgres.Options{})
	name := pool.Config().ConnConfig.Database + "_latin"
	_, err := pool.Exec(t.Context(), fmt.Sprintf("create database %s encoding 'SQL_ASCII' locale 'C' template template0", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := pool.Exec(context.Background(), "drop database "+name); err != nil {
			t.Error(err)
		}
	})
	address, err := url.Parse(pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + name
	other, err := postgres.Open(t.Context(), address.String(), postgres.Options{})
	if !errors.Is(err, postgres.ErrServer) {
		t.Errorf("open a database in SQL_ASCII: got %v, want ErrServer", err)
	}
	if other != nil {
		other.Close()
	}
}
