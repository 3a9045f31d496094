package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"

	"hearth/adapters/access"
	"hearth/adapters/accounts"
	"hearth/adapters/calls"
	"hearth/adapters/casework"
	"hearth/adapters/localpg"
	"hearth/adapters/natsserver"
	"hearth/adapters/natsserver/rights"
	"hearth/adapters/postgres"
	"hearth/adapters/reactions"
	"hearth/adapters/sealing"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/vault"
	"hearth/projections/archive"
)

// App is what a process needs to touch data: the event store, the database, and
// what is built on them. serve adds the runners, the pages and the ticker.
type App struct {
	cfg       config
	nc        *nats.Conn
	pool      *pgxpool.Pool
	postgres  *localpg.Cluster  // nil when external
	root      *vault.Passphrase // the root key of the vault
	vault     *vault.Vault
	registry  *eventstore.Registry
	store     *natsstore.Store
	keeper    *sealing.Keeper
	damage    *damage // of the embedded stream's files, nil when there is none
	accounts  *accounts.Accounts
	calls     *calls.Calls
	models    models
	casework  *casework.Service
	access    *access.Recorder
	reactions *reactions.Runner
	archive   *archive.Archive

	identities identities // set by serve

	closers []func(context.Context) error // in the order of opening
}

// engineStates is how many folded streams are kept in memory: the open cases of
// a city and its number series, some 10 KB each at most.
const engineStates = 4096

// openApp opens the data of cfg. Whoever is second on a state folder is refused.
func openApp(ctx context.Context, cfg config) (*App, error) {
	app := &App{cfg: cfg}
	if err := app.open(ctx); err != nil {
		app.Close()
		return nil, err
	}
	return app, nil
}

func (a *App) open(ctx context.Context) error {
	if err := a.cfg.checkKeyFiles(); err != nil {
		return err
	}
	// The database comes first: it knows how far the event log must reach.
	if err := a.openDatabase(ctx); err != nil {
		return err
	}
	// Then the keys: nothing can be read or written without them.
	if err := a.vault.Open(ctx); err != nil {
		return err
	}
	if err := a.openNATS(ctx); err != nil {
		return err
	}
	if err := a.openKeeper(ctx); err != nil {
		return err
	}
	if !a.cfg.SecondFactor.Valid() {
		return domain.Reject("bad_second_factor", "HEARTH_SECOND_FACTOR 写成了“%s”,请改为 off(都不要求)、admins(管理员须有)或 all(人人须有)。", a.cfg.SecondFactor)
	}
	a.archive = archive.New(a.pool, a.store, archive.Options{})
	a.calls = calls.New(a.pool, time.Now)
	a.models = newModels(a.pool, a.vault)
	guarded := a.keeper.Guard(a.store)
	engine := eventstore.NewEngine(guarded, engineStates)
	a.access = access.New(guarded, access.Options{Now: time.Now, Log: slog.Default()})
	a.casework = casework.New(engine, casework.Options{Now: time.Now, Prefix: a.cfg.Prefix})
	a.accounts = accounts.New(accounts.Config{
		Pool: a.pool, Engine: engine, Vault: a.vault, Units: a.casework.Units, Now: time.Now, SecondFactor: a.cfg.SecondFactor,
	})
	a.reactions = a.newReactions()
	a.vault.OnChange(engine.Forget)
	a.runVault(ctx)
	return nil
}

func (a *App) onClose(f func(context.Context) error) { a.closers = append(a.closers, f) }

// Close gives everything back, last opened first.
func (a *App) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for i := len(a.closers) - 1; i >= 0; i-- {
		if err := a.closers[i](ctx); err != nil {
			slog.WarnContext(ctx, "close", "err", err)
		}
	}
	a.closers = nil
}

func (a *App) openNATS(ctx context.Context) (err error) {
	closed := make(chan struct{})
	options := []nats.Option{
		nats.ClosedHandler(func(*nats.Conn) { close(closed) }),
		nats.Name("hearth"), nats.MaxReconnects(-1),
		nats.ErrorHandler(logNATS),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil: we ended it ourselves
				slog.Warn("nats disconnected", "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { slog.Info("nats connected again") }),
	}
	replicas := 1
	if a.cfg.NATSURL != "" {
		replicas = a.cfg.Replicas
		a.nc, err = a.connectExternal(ctx, options)
	} else {
		a.nc, err = a.connectEmbedded(ctx, options)
	}
	if err != nil {
		return err
	}
	a.onClose(func(ctx context.Context) error { return drain(ctx, a.nc, closed) })
	a.store, err = natsstore.Open(ctx, a.nc, a.registry, natsstore.WithReplicas(replicas))
	if errors.Is(err, natsstore.ErrConfiguration) {
		return domain.Reject("stream_configuration", "事件流不存在或设置不对(%v)。新装的请先运行 hearth provision;用了一段时间才出现的,说明有人改动过,请先查明原因。", err)
	}
	if errors.Is(err, natsstore.ErrForbidden) {
		return domain.Reject("nats_forbidden", "NATS 用户没有所需的权限(%v)。请核对 HEARTH_NATS_NKEY 是否 hearth nats-config 生成的 service.nk。", err)
	}
	if err != nil {
		return err
	}
	a.onClose(func(context.Context) error { a.store.Close(); return nil })
	return nil
}

// connectExternal connects to the cluster as the service. The stream is made
// when we have the key for that; without any key the cluster has rights of its
// own, or none.
func (a *App) connectExternal(ctx context.Context, options []nats.Option) (*nats.Conn, error) {
	if err := acceptSync(ctx, a.cfg); err != nil {
		return nil, err
	}
	if a.cfg.NATS.Provisioner != "" || a.cfg.NATS.Service == "" {
		if err := provisionExternal(ctx, a.cfg, a.cfg.Log); err != nil {
			return nil, err
		}
	}
	return dialNATS(a.cfg, rights.Service, options...)
}

// connectEmbedded starts the server of our own.
func (a *App) connectEmbedded(ctx context.Context, options []nats.Option) (*nats.Conn, error) {
	srv, err := natsserver.Start(ctx, natsserver.Config{StoreDir: a.cfg.natsDir(), Before: a.scanBlocks})
	if err != nil {
		return nil, err
	}
	a.onClose(srv.Stop)
	if err := provisionEmbedded(ctx, srv, a.cfg.Log); err != nil {
		return nil, err
	}
	return srv.Connect(rights.Service, options...)
}

// drain lets what is under way end and returns when the connection is closed:
// its server may end next.
func drain(ctx context.Context, nc *nats.Conn, closed <-chan struct{}) error {
	if nc.Drain() != nil {
		nc.Close() // it has no server at the moment
	}
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drain the connection to NATS: %w", context.Cause(ctx))
	}
}

// acceptSync refuses an external cluster that may lose what it acknowledges,
// unless told to accept it.
func acceptSync(ctx context.Context, cfg config) error {
	err := checkSync(ctx, cfg)
	if err == nil || !cfg.AcceptUnsafeNATS {
		return err
	}
	slog.WarnContext(ctx, "a power cut may lose acknowledged events: HEARTH_ACCEPT_UNSAFE_NATS is set", "err", err)
	return nil
}

// checkSync asks the monitoring port of every external server whether an
// acknowledged message is on disk. One server that syncs later is refused. So are
// servers that cannot be asked, unless most of them have answered: a cluster
// works with one server down, and so must a start.
func checkSync(ctx context.Context, cfg config) error {
	const help = "请在 NATS 的 jetstream 配置中写 sync_interval: always;确知风险而仍要使用,请设 HEARTH_ACCEPT_UNSAFE_NATS=yes。"
	if cfg.Monitor == "" {
		return domain.Reject("nats_unchecked", "无法确认外部 NATS 是否逐条落盘:请设 HEARTH_NATS_MONITOR=http://主机:8222。%s", help)
	}
	var silent error
	answered, all := 0, strings.Split(cfg.Monitor, ",")
	for _, base := range all {
		always, err := syncAlways(ctx, strings.TrimSpace(base))
		switch {
		case err != nil:
			silent = domain.Reject("nats_unchecked", "查不到 %s 的 JetStream 设置(%v)。%s", base, err, help)
			slog.WarnContext(ctx, "a NATS server cannot be asked how it syncs", "server", base, "err", err)
		case !always:
			return domain.Reject("nats_unsafe", "%s 没有逐条落盘,断电会丢失已确认的事件。%s", base, help)
		default:
			answered++
		}
	}
	if answered > len(all)/2 {
		return nil
	}
	return silent
}

func syncAlways(ctx context.Context, base string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/jsz?config=true", nil)
	if err != nil {
		return false, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	var answer struct {
		Config struct {
			SyncAlways bool `json:"sync_always"`
		} `json:"config"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer)
	return answer.Config.SyncAlways, err
}

func (a *App) openDatabase(ctx context.Context) error {
	if err := a.connectDatabase(ctx); err != nil {
		return err
	}
	if err := a.checkDatabase(ctx); err != nil {
		return err
	}
	return postgres.Migrate(ctx, a.pool)
}

func (a *App) connectDatabase(ctx context.Context) (err error) {
	dsn := a.cfg.Database
	if dsn == "" {
		a.postgres, err = localpg.Start(ctx, localpg.Config{
			Dir: filepath.Join(a.cfg.State, "postgres"), Setup: databaseSQL(""), Logger: slog.Default(),
		})
		if err != nil {
			return err
		}
		a.onClose(a.postgres.Stop)
		dsn = a.postgres.DSN()
	}
	a.pool, err = postgres.Open(ctx, dsn, postgres.Options{})
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok && a.postgres == nil {
		return domain.Reject("database_unreachable", "连不上数据库(%v)。请核对 DATABASE_URL,并确认它已启动。", err)
	}
	if err != nil {
		return err
	}
	a.onClose(func(context.Context) error { a.pool.Close(); return nil })
	a.makeVault()
	return nil
}
