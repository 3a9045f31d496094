package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hearth/adapters/accounts"
	"hearth/adapters/api"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/projections"
)

type serveOptions struct {
	listen string
	admin  string
	demo   bool
	secure bool
	org    string
	proxy  []string
}

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
	cmd.Flags().StringVar(&o.admin, "admin", "", "指标(/metrics)的内部地址,如 127.0.0.1:8021;空则不开")
	cmd.Flags().BoolVar(&o.demo, "demo", false, "载入演示案件和演示账号(仅在空库时)")
	cmd.Flags().BoolVar(&o.secure, "secure", false, "页面经 HTTPS 提供(Cookie 只走 TLS)")
	cmd.Flags().StringVar(&o.org, "org", "晋城市总工会", "页面上的单位名称")
	cmd.Flags().StringSliceVar(&o.proxy, "trusted-proxy", nil, "前置代理的网段,如 10.0.0.0/8;只有来自这里的 X-Forwarded-For 才采信")
	return cmd
}

// proxies are the networks whose word on where a request comes from is believed.
func (o serveOptions) proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range o.proxy {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, domain.Reject("bad_network", "网段“%s”看不懂,--trusted-proxy 请写成如 10.0.0.0/8。", text)
		}
		all = append(all, p)
	}
	return all, nil
}

// serve runs until ctx ends, which is no error. What is started last is stopped first: pages, then
// commands, then the ticker and the runners, then the data.
func serve(ctx context.Context, cfg config, o serveOptions) error {
	proxies, err := o.proxies()
	if err != nil {
		return err
	}
	identities, err := identitiesFromEnv()
	if err != nil {
		return err
	}
	// The addresses are taken first: a port in use is told before anything starts.
	listener, err := listen(o.listen, "--listen")
	if err != nil {
		return err
	}
	defer listener.Close()
	var private net.Listener
	if o.admin != "" {
		if private, err = listen(o.admin, "--admin"); err != nil {
			return err
		}
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

	if !cfg.external() {
		stop, err := listenControl(work, app, cfg.State)
		if err != nil {
			return err
		}
		defer stop()
	}
	if private != nil {
		defer app.serveMetrics(work, private, runner.Monitor)()
	}
	var loaded demoLoaded
	shell, err := app.shell(work, o, proxies, runner.Monitor, &loaded)
	if err != nil {
		return err
	}
	defer shell.Close()
	serving := make(chan error, 1)
	stopServing := app.servePages(work, shell, listener, runner.Monitor, serving)
	defer stopServing()
	slog.InfoContext(ctx, "serving", "address", listener.Addr().String())

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

// react carries out what follows from events, until ctx ends.
func (a *App) react(ctx context.Context) {
	if err := a.reactions.Run(ctx); err != nil {
		slog.ErrorContext(ctx, "reactions ended", "err", err)
	}
}

// listen takes an address, or says what stands in the way.
func listen(addr, flag string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, domain.Reject("port_in_use", "地址 %s 已被另一个程序占用。请停止它,或用 %s 换一个端口。", addr, flag)
	case err != nil:
		return nil, domain.Reject("bad_address", "不能监听地址 %s(%v)。请核对 %s,写成如 127.0.0.1:8020。", addr, err, flag)
	}
	return l, nil
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
func (a *App) shell(ctx context.Context, o serveOptions, proxies []netip.Prefix, monitor *projections.Monitor, loaded *demoLoaded) (*web.Shell, error) {
	families, err := a.families()
	if err != nil {
		return nil, err
	}
	cfg := web.Config{
		Accounts: a.accounts, Sessions: accounts.NewSessions(a.pool, time.Now),
		Models: monitor, Titles: a.models.titles(),
		Checks:   a.checks(),
		Families: families, Units: a.casework.KnownUnits, Alarms: a.alarms, Keeping: a.keeping,
		Log: slog.Default(), Now: time.Now,
		Org: o.org, Version: version, Secure: o.secure, TrustedProxies: proxies,
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

// servePages serves pages to people and the API to programs. What ends it by
// itself comes through ended; the func that it returns lets requests end first.
func (a *App) servePages(ctx context.Context, shell *web.Shell, l net.Listener, monitor *projections.Monitor, ended chan<- error) func() {
	mux := http.NewServeMux()
	mux.Handle("/api/", api.New(a.apiConfig(monitor)))
	mux.Handle("/", shell)
	server := shell.Server(mux)
	go func() { ended <- server.Serve(l) }()
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
	fmt.Fprintf(os.Stdout, "\n职工之家已启动:http://%s/\n", addr)
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
