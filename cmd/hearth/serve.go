package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"hearth/adapters/accounts"
	"hearth/adapters/api"
	"hearth/adapters/web"
	"hearth/cmd/hearth/demo"
	"hearth/projections"
)

type serveOptions struct {
	listen string
	admin  string
	demo   bool
	secure bool
	org    string
}

func serveCommand(cfg *config) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use: "serve", Short: "启动服务", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), *cfg, o) },
	}
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8020", "页面和接口的地址")
	cmd.Flags().StringVar(&o.admin, "admin", "", "指标(/metrics)的内部地址,如 127.0.0.1:8021;空则不开")
	cmd.Flags().BoolVar(&o.demo, "demo", false, "载入演示案件和演示账号(仅在空库时)")
	cmd.Flags().BoolVar(&o.secure, "secure", false, "页面经 HTTPS 提供(Cookie 只走 TLS)")
	cmd.Flags().StringVar(&o.org, "org", "晋城市总工会", "页面上的单位名称")
	return cmd
}

// serve runs until ctx ends. What is started last is stopped first: pages, then
// the ticker and the runners, then the data.
func serve(ctx context.Context, cfg config, o serveOptions) error {
	// The address is taken first: a port in use is told before anything starts.
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer listener.Close()

	app, err := openApp(ctx, cfg)
	if err != nil {
		return err
	}
	defer app.Close()

	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var group errgroup.Group
	runner := app.runner()
	group.Go(func() error { return runner.Run(work) })

	server, err := app.server(work, o, runner.Monitor)
	if err != nil {
		return err
	}
	if !cfg.external() {
		stop, err := listenControl(work, app, cfg.State)
		if err != nil {
			return err
		}
		defer stop()
	}
	serving := make(chan error, 1)
	go func() { serving <- server.Serve(listener) }()
	if o.admin != "" {
		stop, err := app.serveMetrics(work, o.admin, runner.Monitor)
		if err != nil {
			return err
		}
		defer stop()
	}

	if o.demo {
		if err := app.loadDemo(ctx); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	group.Go(func() error {
		app.casework.Ticker(work, app.models.deadlines(), time.Minute)
		return nil
	})
	announce(listener.Addr(), o)

	select {
	case <-ctx.Done():
		slog.Info("stopping")
	case err = <-serving:
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	if server.Shutdown(stopping) != nil {
		server.Close()
	}
	stopWork()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, group.Wait())
}

// server serves pages to people and the API to programs.
func (a *App) server(ctx context.Context, o serveOptions, monitor *projections.Monitor) (*http.Server, error) {
	cfg := web.Config{
		Accounts: a.accounts, Sessions: accounts.NewSessions(a.pool, time.Now),
		Models: monitor, Titles: a.models.titles(),
		Checks:   []web.Check{{Name: "database", Run: a.pool.Ping}, {Name: "events", Run: a.pingEvents}},
		Families: a.families(),
		Log:      slog.Default(), Now: time.Now,
		Org: o.org, Version: version, Secure: o.secure,
	}
	if o.demo {
		cfg.Demo = accounts.Demo()
	}
	shell, err := web.New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", api.New(a.apiConfig(monitor)))
	mux.Handle("/", shell)
	return shell.Server(mux), nil
}

func (a *App) pingEvents(ctx context.Context) error {
	_, err := a.store.End(ctx)
	return err
}

// loadDemo makes the demo accounts, and the demo cases in an empty register.
func (a *App) loadDemo(ctx context.Context) error {
	users, err := a.accounts.SeedDemo(ctx)
	if err != nil {
		return err
	}
	end, err := a.store.End(ctx)
	if err != nil || end > 0 {
		return err
	}
	t := newTerminal()
	defer t.endProgress()
	return demo.Load(ctx, a.casework, users, time.Now(), func(done, total int) {
		t.Progress(progress{Label: "载入演示案件", Done: int64(done), Total: int64(total)})
	})
}

// announce tells the person at the terminal where to go.
func announce(addr net.Addr, o serveOptions) {
	fmt.Fprintf(os.Stdout, "\n职工之家已启动:http://%s/\n", addr)
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
