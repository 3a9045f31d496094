package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hearth/adapters/reactions"
)

// reactionMetrics reads the state of the reactions when it is scraped.
type reactionMetrics struct {
	reactions                         *reactions.Runner
	position, behind, parked, stopped *prometheus.Desc
	tries, busy                       *prometheus.Desc
}

func newReactionMetrics(r *reactions.Runner) *reactionMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("hearth_reaction_"+name, help, append([]string{"reaction"}, labels...), nil)
	}
	return &reactionMetrics{
		reactions: r, position: desc("position", "Last commit that was dealt with."), behind: desc("behind_commits", "Commits that were not looked at yet."),
		parked: desc("parked", "Events that wait for somebody."), stopped: desc("stopped", "1 when the reaction cannot go on."),
		tries: desc("tries_total", "Tries of this process.", "success"), busy: desc("busy_seconds_total", "Time that the tries of this process took."),
	}
}

// Describe implements prometheus.Collector.
func (m *reactionMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.position, m.behind, m.parked, m.stopped, m.tries, m.busy} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *reactionMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	all, err := m.reactions.Status(ctx)
	if err != nil {
		slog.WarnContext(ctx, "no metrics of reactions", "err", err)
		return
	}
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	for _, s := range all {
		stopped := 0.0
		if s.State == reactions.StateStopped {
			stopped = 1
		}
		send(m.position, prometheus.GaugeValue, float64(s.Position), s.Name)
		send(m.behind, prometheus.GaugeValue, float64(s.Behind), s.Name)
		send(m.parked, prometheus.GaugeValue, float64(s.Parked), s.Name)
		send(m.stopped, prometheus.GaugeValue, stopped, s.Name)
		send(m.tries, prometheus.CounterValue, float64(s.Handled), s.Name, "true")
		send(m.tries, prometheus.CounterValue, float64(s.Failed), s.Name, "false")
		send(m.busy, prometheus.CounterValue, s.Busy.Seconds(), s.Name)
	}
}
