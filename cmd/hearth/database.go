package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"hearth/domain"
	"hearth/eventstore/vault"
	"hearth/projections/archive"
)

// databaseSQL sets up what the application must not be able to change by itself:
// the archive of messages and the vault of keys. role is that of the
// application, "hearth" when empty.
func databaseSQL(role string) string { return archive.SetupSQL(role) + vault.SetupSQL(role) }

func databaseSQLCommand() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use: "database-sql", Args: cobra.NoArgs,
		Short: "输出建立消息档案和密钥保险库的 SQL,由外部数据库的管理员执行一次(可重复):hearth database-sql | psql -v ON_ERROR_STOP=1 -d hearth",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), databaseSQL(role))
			return err
		},
	}
	cmd.Flags().StringVar(&role, "role", "hearth", "应用登录数据库所用的角色")
	return cmd
}

// checkDatabase refuses a database that an administrator has yet to set up. Our
// own is set up when it starts.
func (a *App) checkDatabase(ctx context.Context) error {
	err := archive.Check(ctx, a.pool)
	if err == nil {
		err = vault.Check(ctx, a.pool)
	}
	if !errors.Is(err, archive.ErrNotSetUp) && !errors.Is(err, vault.ErrNotSetUp) {
		return err
	}
	if a.postgres != nil {
		return domain.Reject("database_not_set_up", "内置数据库中没有消息档案或密钥保险库。请停止服务,删除 %s/postgres/postgres.json 后再启动,它会重新建立。", a.cfg.State)
	}
	return domain.Reject("database_not_set_up", "%s。", err)
}

// examineArchive is the doctor's look at the second copy: whether it is up with
// the log, and whether the application could change it.
func (a *App) examineArchive(ctx context.Context) []finding {
	s := a.archive.Status(ctx)
	up := finding{"消息档案", s.Problem == "", fmt.Sprintf("位置 %d,落后 %d", s.Position, s.Behind)}
	switch {
	case s.Problem != "":
		up.text += ";" + s.Problem
	case s.Writer == "":
		up.text += ";服务启动后自动补齐"
	}
	rights := finding{"消息档案权限", true, "应用只能读取和追加,不能改动"}
	if found, err := archive.Weaknesses(ctx, a.pool); err != nil {
		rights.good, rights.text = false, err.Error()
	} else if len(found) > 0 {
		rights.good, rights.text = false, strings.Join(found, ";")+"。请由数据库管理员再执行一次 hearth database-sql 的输出,并收回多余的权限"
	}
	return []finding{up, rights}
}

// archiveMetrics reads the state of the archive when it is scraped.
type archiveMetrics struct {
	archive                        *archive.Archive
	position, behind, lag, stopped *prometheus.Desc
}

func newArchiveMetrics(a *archive.Archive) *archiveMetrics {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("hearth_archive_"+name, help, nil, nil)
	}
	return &archiveMetrics{
		archive: a, position: desc("position", "Last message in the archive."), behind: desc("behind_messages", "Messages that are not in the archive yet."),
		lag: desc("lag_seconds", "For how long the oldest missing message has been stored."), stopped: desc("stopped", "1 when the archive cannot grow or cannot be read."),
	}
}

// Describe implements prometheus.Collector.
func (m *archiveMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.position, m.behind, m.lag, m.stopped} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *archiveMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s := m.archive.Status(ctx)
	stopped := 0.0
	if s.Problem != "" {
		stopped = 1
	}
	for d, v := range map[*prometheus.Desc]float64{
		m.position: float64(s.Position), m.behind: float64(s.Behind), m.lag: s.Lag.Seconds(), m.stopped: stopped,
	} {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
}
