package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hearth/adapters/guard"
	"hearth/projections"
)

// modelMetrics reads the state of the read models when it is scraped.
type modelMetrics struct {
	monitor  *projections.Monitor
	position *prometheus.Desc
	behind   *prometheus.Desc
	lag      *prometheus.Desc
	stopped  *prometheus.Desc
}

func newModelMetrics(m *projections.Monitor) *modelMetrics {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("hearth_projection_"+name, help, []string{"model"}, nil)
	}
	return &modelMetrics{
		monitor: m, position: desc("position", "Last commit in the tables."), behind: desc("behind_commits", "Commits that are not in the tables yet."),
		lag: desc("lag_seconds", "For how long the oldest missing commit has been stored."), stopped: desc("stopped", "1 when the model cannot go on."),
	}
}

// Describe implements prometheus.Collector.
func (m *modelMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.position, m.behind, m.lag, m.stopped} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *modelMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, model string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, model)
	}
	for _, s := range m.monitor.Status(ctx) {
		stopped := 0.0
		if s.Problem != nil {
			stopped = 1
		}
		gauge(m.position, float64(s.Position), s.Name)
		gauge(m.behind, float64(s.Behind), s.Name)
		gauge(m.lag, s.Lag.Seconds(), s.Name)
		gauge(m.stopped, stopped, s.Name)
	}
}

// limitMetrics counts what was refused because it came too often.
type limitMetrics struct {
	limits  *guard.Limiter
	refused *prometheus.Desc
}

func newLimitMetrics(l *guard.Limiter) *limitMetrics {
	return &limitMetrics{l, prometheus.NewDesc("hearth_requests_refused_total", "Requests that came too often.", []string{"kind"}, nil)}
}

// Describe implements prometheus.Collector.
func (m *limitMetrics) Describe(ch chan<- *prometheus.Desc) { ch <- m.refused }

// Collect implements prometheus.Collector.
func (m *limitMetrics) Collect(ch chan<- prometheus.Metric) {
	for kind, n := range m.limits.Refused() {
		ch <- prometheus.MustNewConstMetric(m.refused, prometheus.CounterValue, float64(n), string(kind))
	}
}

// servePrivate serves the private listener until the func is called: what only
// those may know who run the service.
func (a *App) servePrivate(ctx context.Context, l net.Listener, m *projections.Monitor, health http.Handler, limits *guard.Limiter) func() {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newModelMetrics(m),
		newReactionMetrics(a.reactions), newArchiveMetrics(a.archive), newLimitMetrics(limits))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /readyz", health)
	srv := guard.DefaultTimes().Server(guard.Headers(guard.Origin{}, mux))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			slog.ErrorContext(ctx, "private listener ended", "err", err)
		}
	}()
	return func() { srv.Close(); <-ended }
}
