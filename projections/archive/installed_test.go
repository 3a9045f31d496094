package archive_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg"
	"hearth/adapters/postgres"
	"hearth/projections/archive"
)

// installed is a database as an installation has it, whose files can be damaged.
type installed struct {
	*bundle
	cfg     localpg.Config
	cluster *localpg.Cluster
}

func install(t *testing.T) *installed {
	t.Helper()
	dir, err := os.MkdirTemp("", "hearth-archive-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o711))
	i := &installed{bundle: setup(t), cfg: localpg.Config{
		Dir: dir, Setup: archive.SetupSQL(""), Logger: slog.New(slog.DiscardHandler),
		Params: map[string]string{"fsync": "off", "shared_buffers": "16MB"},
	}}
	t.Cleanup(i.stop)
	i.start()
	return i
}

func (i *installed) start() {
	i.t.Helper()
	var err error
	i.cluster, err = localpg.Start(i.t.Context(), i.cfg)
	must(i.t, err)
	i.pool, err = postgres.Open(i.t.Context(), i.cluster.DSN(), postgres.Options{})
	must(i.t, err)
}

func (i *installed) stop() {
	if i.cluster == nil {
		return
	}
	i.pool.Close()
	if err := i.cluster.Stop(context.WithoutCancel(i.t.Context())); err != nil {
		i.t.Errorf("stop: %v", err)
	}
	i.cluster = nil
}

// asSuperuser restarts the cluster and runs SQL as its superuser.
func (i *installed) asSuperuser(sql string) {
	i.t.Helper()
	i.stop()
	i.cfg.Setup = archive.SetupSQL("") + sql
	i.start()
}

// file is the file of a table or an index, which is given in SQL.
func (i *installed) file(relation string) string {
	i.t.Helper()
	var path string
	must(i.t, i.pool.QueryRow(i.t.Context(), "select pg_relation_filepath("+relation+"::regclass)").Scan(&path))
	return filepath.Join(i.cfg.Dir, "pgdata", path)
}

// flip changes one byte in the middle of a page.
func flip(t *testing.T, file string, page int64) {
	t.Helper()
	const pageSize = 8192
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	at := page*pageSize + pageSize - 100 // rows and entries are at the end
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x10
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

// positions are those that a query gives.
func positions(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) map[int64]bool {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql, args...)
	must(t, err)
	all := map[int64]bool{}
	for rows.Next() {
		var n int64
		must(t, rows.Scan(&n))
		all[n] = true
	}
	must(t, rows.Err())
	return all
}
