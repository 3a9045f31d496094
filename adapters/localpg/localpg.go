package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"hearth/adapters/dirlock"
)

// ErrNotInstalled says that the programs of PostgreSQL are not on this machine.
var ErrNotInstalled = errors.New("本机没有安装 PostgreSQL。请运行 scripts/setup.sh run,或安装:apt-get install -y --no-install-recommends postgresql")

// ErrInUse says that another process uses the state folder.
var ErrInUse = errors.New("数据库文件夹正由另一个 hearth 使用,请先停止它,或换一个状态文件夹")

// ErrVersion says that the folder was made by a major version that is not
// installed. Nothing in it has been changed.
var ErrVersion = errors.New("数据库文件夹由另一个 PostgreSQL 大版本建立,未作任何改动")

// ErrPermission says that this user may not use the state folder, or that
// postgres may not run here.
var ErrPermission = errors.New("没有权限运行本地数据库")

const (
	role     = "hearth"
	port     = "5432" // only a part of the socket's name
	lockFile = "postgres.lock"
	logFile  = "postgres.log"
)

// Config says where the cluster is and how it runs.
type Config struct {
	// Dir is the state folder. It is made when missing.
	Dir string
	// Database is the name of the database to open; empty means "hearth".
	Database string
	// BinDir has the programs initdb and postgres. Empty means: look where
	// Debian and others install them, then in PATH, and take the version that
	// made the folder, or the newest.
	BinDir string
	// Params are settings of postgres that replace or add to our own.
	Params map[string]string
	// AllowCreateDB lets the role create databases, for tests.
	AllowCreateDB bool
	// Setup is SQL that the superuser runs in the database before the application
	// gets in, and again whenever the text has changed. It can be repeated, ends
	// with a semicolon, and is done as a whole or not at all.
	Setup string
	// Logger is told what happens to the cluster; nil means slog.Default.
	Logger *slog.Logger
}

var databaseName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Cluster is a running PostgreSQL that belongs to this process.
type Cluster struct {
	cfg     Config
	log     *slog.Logger
	lock    *dirlock.Lock
	install installation
	user    identity
	account account
	socket  string // folder of the socket

	stop  context.CancelFunc // asks the supervisor for a clean end
	force func()             // asks it not to wait any longer
	done  chan struct{}      // closed when the supervisor has ended
	ended error              // of the end; to be read after done
}

// Start brings up the cluster in cfg.Dir. Ending ctx gives up the start; later
// it has no influence. Errors a person can do something about wrap one of the
// package's sentinels.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	lock, err := dirlock.Acquire(ctx, cfg.Dir, lockFile)
	switch {
	case errors.Is(err, dirlock.ErrHeld):
		return nil, fmt.Errorf("%w(%w)", ErrInUse, err)
	case errors.Is(err, dirlock.ErrDenied):
		return nil, fmt.Errorf("%w:%w", ErrPermission, err)
	case err != nil:
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	c := &Cluster{cfg: cfg, log: cfg.Logger, lock: lock, done: make(chan struct{})}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start postgres: %w", err), lock.Release())
	}
	return c, nil
}

// start does the work of Start on a folder that is locked for us.
func (c *Cluster) start(ctx context.Context) (err error) {
	if c.install, err = findInstallation(ctx, c.cfg.BinDir, c.data()); err != nil {
		return err
	}
	if c.user, err = chooseIdentity(ctx, c.install.bin, c.cfg.Dir); err != nil {
		return err
	}
	if c.socket, err = c.user.socketFolder(c.cfg.Dir); err != nil {
		return err
	}
	if err := c.clearLeftovers(ctx); err != nil {
		return err
	}
	if err := c.ensureData(ctx); err != nil {
		return err
	}
	if err := c.user.own(c.data(), c.socket); err != nil {
		return err
	}
	if err := c.ensureAccount(ctx); err != nil {
		return err
	}
	p, err := c.launch(ctx)
	if err != nil {
		return err
	}
	var life context.Context
	life, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	forced := make(chan struct{})
	c.force = sync.OnceFunc(func() { close(forced) })
	go c.supervise(life, forced, p)
	return nil
}

// complete fills in what was left empty and refuses what cannot work.
func (cfg Config) complete() (Config, error) {
	if cfg.Dir == "" {
		return cfg, errors.New("no state folder given")
	}
	if cfg.Database == "" {
		cfg.Database = "hearth"
	}
	if !databaseName.MatchString(cfg.Database) {
		return cfg, fmt.Errorf("database name %q: only a-z, 0-9 and _", cfg.Database)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	cfg.Logger = cfg.Logger.With("component", "postgres")
	err := os.MkdirAll(cfg.Dir, 0o700)
	if errors.Is(err, fs.ErrPermission) {
		return cfg, fmt.Errorf("%w:%w(%w)", ErrPermission, dirlock.ErrDenied, err)
	}
	if err != nil {
		return cfg, fmt.Errorf("make the state folder: %w", err)
	}
	// Processes are recognised by their working folder, which the kernel tells
	// without symbolic links.
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return cfg, fmt.Errorf("state folder: %w", err)
	}
	if cfg.Dir, err = filepath.EvalSymlinks(dir); err != nil {
		return cfg, fmt.Errorf("state folder: %w", err)
	}
	return cfg, nil
}

func (c *Cluster) data() string { return filepath.Join(c.cfg.Dir, "pgdata") }

// DSN is the address of the database for the role of the application, with its
// password: not for logs.
func (c *Cluster) DSN() string { return c.account.dsn(c.socket) }

// Version is the version of the running PostgreSQL, such as "15.18".
func (c *Cluster) Version() string { return c.install.version }

// Done is closed when the cluster has ended for good: after Stop. A postgres
// that dies by itself is started again and does not close it.
func (c *Cluster) Done() <-chan struct{} { return c.done }

// Stop ends postgres cleanly and gives the folder back. Open connections are
// cut. When ctx ends first, postgres is ended by force and recovers at its next
// start; nothing committed is lost. Stop may be called again.
func (c *Cluster) Stop(ctx context.Context) error {
	c.stop()
	select {
	case <-c.done:
		return c.ended
	case <-ctx.Done():
		c.force()
		<-c.done
		return errors.Join(fmt.Errorf("postgres was stopped by force: %w", context.Cause(ctx)), c.ended)
	}
}
