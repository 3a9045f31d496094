package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"hearth/adapters/accounts"
	"hearth/adapters/api"
	"hearth/adapters/guard"
	"hearth/adapters/web"
	"hearth/projections"
)

type serveOptions struct {
	listen  string
	private string // privateOff for none
	demo    bool
	secure  bool
	org     string
	proxy   []string
	cert    string
	key     string
}

// privateOff turns the private listener off.
const privateOff = "off"

func serveCommand(cfg *config) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use: "serve", Short: "启动服务", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := serve(cmd.Context(), *cfg, o)
			if err == nil {
				slog.InfoContext(cmd.Context(), "stopped")
			}
			return err
		},
	}
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8020", "页面和接口的地址")
	cmd.Flags().StringVar(&o.private, "private-listen", cmp.Or(os.Getenv("HEARTH_PRIVATE_LISTEN"), "127.0.0.1:8021"), "内部地址:指标(/metrics)和详细状态(/readyz),不要对外开放;off 则不开(HEARTH_PRIVATE_LISTEN)")
	cmd.Flags().BoolVar(&o.demo, "demo", false, "载入演示案件和演示账号(仅在空库时)")
	cmd.Flags().BoolVar(&o.secure, "secure", false, "所有请求都经 HTTPS 而来(Cookie 只走 TLS);前置代理说明了 X-Forwarded-Proto 时不需要")
	cmd.Flags().StringVar(&o.cert, "tls-cert", os.Getenv("HEARTH_TLS_CERT"), "自己提供 HTTPS 时的证书文件(HEARTH_TLS_CERT)")
	cmd.Flags().StringVar(&o.key, "tls-key", os.Getenv("HEARTH_TLS_KEY"), "证书的私钥文件(HEARTH_TLS_KEY)")
	cmd.Flags().StringVar(&o.org, "org", "晋城市总工会", "页面上的单位名称")
	cmd.Flags().StringSliceVar(&o.proxy, "trusted-proxy", nil, "前置代理的网段,如 10.0.0.0/8;只有来自这里的 X-Forwarded-For 和 X-Forwarded-Proto 才采信")
	return cmd
}

// serve runs until ctx ends, which is no error. What is started last is stopped first: pages, then
// commands, then the ticker and the runners, then the data.
func serve(ctx context.Context, cfg config, o serveOptions) error {
	proxies, err := o.proxies()
	if err != nil {
		return err
	}
	if err := o.checkTLS(); err != nil {
		return err
	}
	identities, err := identitiesFromEnv()
	if err != nil {
		return err
	}
	// The addresses are taken first: a port in use is told before anything starts.
	listener, private, err := o.listeners()
	if err != nil {
		return err
	}
	defer listener.Close()
	if private != nil {
		defer private.Close()
	}

	if o.demo && os.Getenv("HEARTH_SECOND_FACTOR") == "" {
		cfg.SecondFactor = accounts.RequireNobody
	}
	slog.InfoContext(ctx, "starting", "version", version, "state", cfg.State)
	app, err := openApp(ctx, cfg)
	if err != nil && ctx.Err() != nil {
		return nil // told to stop before it had started
	}
	if err != nil {
		return err
	}
	defer app.Close()
	app.identities = identities

	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	defer background.Wait()
	defer stopWork()
	runner := app.runner()
	background.Go(func() { _ = runner.Run(work) })      // ends with work alone
	background.Go(func() { _ = app.archive.Run(work) }) // the same
	background.Go(func() { app.keeper.Run(work) })
	background.Go(func() { app.identities.run(work) })
	background.Go(func() { app.accounts.Run(work) })
	background.Go(func() { app.access.Run(work) })
	defer app.lastLooks(work, runner.Monitor)

	if !cfg.external() {
		stop, err := listenControl(work, app, cfg.State)
		if err != nil {
			return err
		}
		defer stop()
	}
	var loaded demoLoaded
	limits := guard.New(guard.Rules(), time.Now)
	origin := guard.Origin{Secure: o.secure || o.cert != "", Proxies: proxies}
	shell, err := app.shell(work, o, origin, limits, runner.Monitor, &loaded)
	if err != nil {
		return err
	}
	defer shell.Close()
	inside := "off"
	if private != nil {
		inside = private.Addr().String()
		defer app.servePrivate(work, private, runner.Monitor, shell.Health(), limits)()
	}
	serving := make(chan error, 1)
	server := shell.Server(publicHandler(shell, api.New(app.apiConfig(runner.Monitor, origin, limits)), origin))
	stopServing := servePages(work, server, listener, o, serving)
	defer stopServing()
	slog.InfoContext(ctx, "serving", "address", listener.Addr().String(), "private", inside)
	o.warn(ctx, listener.Addr())

	// Until they are on record, the same units hold: nothing waits for this.
	if err := app.casework.FoundUnits(ctx); err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "founding units not on record", "err", err)
	}
	if o.demo {
		if err := app.loadDemo(ctx, cfg.State); err != nil && ctx.Err() == nil {
			return fmt.Errorf("demo: %w", err)
		}
		loaded.Store(true)
	}
	background.Go(func() { app.tick(work, runner.Monitor) })
	background.Go(func() { app.react(work) })
	background.Go(func() { app.keepEpochs(work) })
	if ctx.Err() == nil {
		app.announce(ctx, listener.Addr(), o)
	}

	select {
	case <-ctx.Done():
		slog.InfoContext(work, "stopping")
		return nil
	case err := <-serving:
		return fmt.Errorf("serve: %w", err)
	}
}

// tick issues the commands that time calls for, once there is a model that tells
// what is due.
func (a *App) tick(ctx context.Context, monitor *projections.Monitor) {
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for !a.models.canTellDeadlines(monitor.Status(ctx)) {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
	a.casework.Ticker(ctx, a.models.deadlines(), time.Minute)
}

// lastLooks writes who looked at what until the pages stopped, and lets the read
// models take it in, so that a service that was stopped leaves them up with its log.
// What is stored and not taken in yet is taken in at the next start.
func (a *App) lastLooks(ctx context.Context, monitor *projections.Monitor) {
	ctx, cancel := context.WithTimeout(ctx, lastLooksTime)
	defer cancel()
	if err := a.access.Close(ctx); err != nil {
		slog.WarnContext(ctx, "who looked at what in the last minute is lost", "waiting", a.access.Waiting(), "err", err)
	}
	end, err := a.store.End(ctx)
	for _, m := range a.models.all() {
		if err == nil {
			err = monitor.Wait(ctx, m.Name(), end)
		}
	}
	if err != nil {
		slog.InfoContext(ctx, "stopped before the read models were up with the log", "err", err)
	}
}

// lastLooksTime is how long that may take.
const lastLooksTime = 5 * time.Second

// react carries out what follows from events, until ctx ends.
func (a *App) react(ctx context.Context) {
	if err := a.reactions.Run(ctx); err != nil {
		slog.ErrorContext(ctx, "reactions ended", "err", err)
	}
}

// demoLoaded tells whether the demo cases are there.
type demoLoaded struct{ atomic.Bool }

func (d *demoLoaded) check(context.Context) error {
	if !d.Load() {
		return errors.New("演示案件正在载入")
	}
	return nil
}

// shell is the pages of all families.
func (a *App) shell(ctx context.Context, o serveOptions, origin guard.Origin, limits *guard.Limiter, monitor *projections.Monitor, loaded *demoLoaded) (*web.Shell, error) {
	families, err := a.families()
	if err != nil {
		return nil, err
	}
	cfg := web.Config{
		Accounts: a.accounts, Sessions: accounts.NewSessions(a.pool, time.Now),
		Models: monitor, Titles: a.models.titles(),
		Checks:   a.checks(),
		Families: families, Units: a.casework.KnownUnits, Alarms: a.alarms, Keeping: a.keeping, Access: a.access,
		Log: slog.Default(), Now: time.Now,
		Org: o.org, Version: version, Origin: origin, Limits: limits,
	}
	a.identities.configure(&cfg)
	if o.demo {
		cfg.Demo = accounts.Demo()
		cfg.Checks = append(cfg.Checks, web.Check{Name: "demo", Title: "演示案件", Run: loaded.check})
	}
	return web.New(ctx, cfg)
}

// checks are what must work.
func (a *App) checks() []web.Check {
	return []web.Check{
		{Name: "database", Title: "数据库", Run: a.pool.Ping},
		{Name: "events", Title: "事件库", Run: a.pingEvents},
		{Name: "reactions", Title: "自动联动", Shared: true, Run: a.reactions.Check},
	}
}

// drainTime is how long requests may take to end when the service stops.
const drainTime = 15 * time.Second

// publicHandler is all that the public listener answers: pages to people and the
// API to programs. The headers are set around both, for what the mux says itself.
func publicHandler(pages, api http.Handler, origin guard.Origin) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", api)
	mux.Handle("/", pages)
	return guard.Headers(origin, mux)
}

// servePages serves the public listener. What ends it by itself comes through
// ended; the func that it returns lets requests end first.
func servePages(ctx context.Context, server *http.Server, l net.Listener, o serveOptions, ended chan<- error) func() {
	go func() {
		if o.cert != "" {
			ended <- server.ServeTLS(l, o.cert, o.key) // with HTTP/2
			return
		}
		ended <- server.Serve(l)
	}()
	return func() {
		ctx, cancel := context.WithTimeout(ctx, drainTime)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			slog.WarnContext(ctx, "requests were cut off", "err", err)
			server.Close()
		}
	}
}

func (a *App) pingEvents(ctx context.Context) error {
	_, err := a.store.End(ctx)
	return err
}

// announce tells the person at the terminal where to go.
func (a *App) announce(ctx context.Context, addr net.Addr, o serveOptions) {
	fmt.Fprintf(os.Stdout, "\n职工之家已启动:%s://%s/\n", o.scheme(), addr)
	if users, err := a.accounts.List(ctx); err == nil && len(users) == 0 {
		fmt.Fprintf(os.Stdout, "还没有用户。请在另一个终端新增第一个:\n  hearth user add --state %s --login admin --name 姓名 --role system_admin\n", a.cfg.State)
	}
	if o.demo {
		fmt.Fprintf(os.Stdout, "演示账号(密码均为 %s):\n", accounts.DemoPassword)
		for _, u := range accounts.Demo() {
			var roles string
			for _, r := range u.Roles {
				roles += " " + r.Label()
			}
			fmt.Fprintf(os.Stdout, "  %-12s%s\n", u.Login, roles)
		}
		fmt.Fprintln(os.Stdout, "按 Ctrl-C 停止。")
	}
}
