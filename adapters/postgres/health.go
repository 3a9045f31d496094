package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrServer says that the database server is not one that we can work with. The
// error that wraps it says in Chinese what to do.
var ErrServer = errors.New("数据库服务器不符合要求")

// oldest is the lowest major version of PostgreSQL that we are tested with.
const oldest = 15

// Health is what doctor and the operations page tell about the server.
type Health struct {
	Version        string        // such as "15.18"
	Major          int           //
	Encoding       string        // of the database; must be UTF8
	Collation      string        // of the database
	Database       string        //
	Role           string        // of the application; should not be superuser
	Superuser      bool          //
	CanCreate      bool          // may make schemas; must be true
	Recovering     bool          // a stand-by, which cannot be written to
	Fsync          bool          // false: a power cut may damage the database
	FullPageWrites bool          // false: the same
	MaxConnections int           // of the server
	Connections    int           // now open
	Size           int64         // of the database in bytes
	ClockSkew      time.Duration // the server's clock less ours
	RoundTrip      time.Duration //
}

const healthSQL = `
select current_setting('server_version')                        as version,
       current_setting('server_version_num')::int / 10000       as major,
       pg_encoding_to_char(d.encoding)                          as encoding,
       d.datcollate                                             as collation,
       d.datname                                                as database,
       current_user                                             as role,
       (select rolsuper from pg_roles where rolname = current_user) as superuser,
       has_database_privilege(d.oid, 'create')                  as can_create,
       pg_is_in_recovery()                                      as recovering,
       current_setting('fsync')::bool                           as fsync,
       current_setting('full_page_writes')::bool                as full_page_writes,
       current_setting('max_connections')::int                  as max_connections,
       (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections,
       pg_database_size(d.oid)                                  as size,
       clock_timestamp()                                        as now
  from pg_database d where d.datname = current_database()`

// Check asks the server about itself.
func Check(ctx context.Context, pool *pgxpool.Pool) (Health, error) {
	type row struct {
		Health
		Now time.Time
	}
	start := time.Now()
	rows, err := pool.Query(ctx, healthSQL)
	if err != nil {
		return Health{}, fmt.Errorf("check database: %w", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByNameLax[row])
	if err != nil {
		return Health{}, fmt.Errorf("check database: %w", err)
	}
	r.RoundTrip = time.Since(start)
	// The server's answer was given about half a round trip ago.
	r.ClockSkew = time.Until(r.Now) + r.RoundTrip/2
	return r.Health, nil
}

// Err is nil when the server will do, else an ErrServer that says what is wrong
// and what to do. What is merely unwise (a superuser, fsync off) is for doctor.
func (h Health) Err() error {
	switch {
	case h.Major < oldest:
		return fmt.Errorf("%w:版本是 %s,需要 PostgreSQL %d 或更新,请升级后再启动", ErrServer, h.Version, oldest)
	case h.Encoding != "UTF8":
		return fmt.Errorf("%w:数据库 %s 的编码是 %s,需要 UTF8,请用 create database … encoding 'UTF8' template template0 新建一个",
			ErrServer, h.Database, h.Encoding)
	case h.Recovering:
		return fmt.Errorf("%w:这是只读的备用服务器,请改连主服务器", ErrServer)
	case !h.CanCreate:
		return fmt.Errorf("%w:用户 %s 不能在数据库 %s 中建立模式,请执行 grant create on database %s to %s",
			ErrServer, h.Role, h.Database, h.Database, h.Role)
	}
	return nil
}
