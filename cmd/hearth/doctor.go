package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hearth/adapters/localpg"
	"hearth/adapters/postgres"
	"hearth/domain"
	"hearth/projections"
)

// finding is one line of the doctor: fine, or what to do.
type finding struct {
	what string
	good bool
	text string
}

var errUnwell = domain.Reject("doctor", "有需要处理的事项,见上面标有“注意”的各行。")

func doctorCommand(cfg *config) *cobra.Command {
	var ready string
	cmd := &cobra.Command{
		Use: "doctor", Short: "体检:事件库落盘、流设置、磁盘、数据库、时钟、放假通知;每行要么正常,要么说明怎么办", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if ready != "" {
				return askReady(cmd.Context(), ready)
			}
			t := newTerminal()
			bad := tell(t, checkMachine(cmd.Context(), *cfg))
			err := runJob(cmd.Context(), *cfg, "doctor", struct{}{}, nil, t)
			if err == nil && bad > 0 {
				err = errUnwell
			}
			return err
		},
	}
	cmd.Flags().StringVar(&ready, "ready", "", "只询问该地址的 /readyz 是否就绪")
	return cmd
}

func tell(r report, findings []finding) (bad int) {
	for _, f := range findings {
		mark := "正常"
		if !f.good {
			mark = "注意"
			bad++
		}
		r.Line("%s  %s:%s", mark, f.what, f.text)
	}
	return bad
}

// askReady asks a service whether it is ready, for health checks of containers.
func askReady(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/readyz", nil)
	if err != nil {
		return domain.Reject("bad_address", "地址 %s 看不懂,请写成如 http://127.0.0.1:8020。", base)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return domain.Reject("not_ready", "%s 没有应答,服务是否已启动?(%v)", base, err)
	}
	defer resp.Body.Close()
	var answer struct {
		Problems []string `json:"problems"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer)
	switch {
	case err != nil:
		return domain.Reject("not_ready", "%s 的应答不是职工之家的,请核对地址。", base)
	case resp.StatusCode != http.StatusOK && len(answer.Problems) == 0:
		return domain.Reject("not_ready", "服务尚未就绪。原因见它的日志,或内部地址(HEARTH_PRIVATE_LISTEN)的 /readyz。")
	case resp.StatusCode != http.StatusOK:
		return domain.Reject("not_ready", "服务尚未就绪:%s。", strings.Join(answer.Problems, "; "))
	}
	return nil
}

// checkMachine looks at what can be seen without opening the data.
func checkMachine(ctx context.Context, cfg config) []finding {
	var found []finding
	if cfg.Database == "" {
		version, err := localpg.Installed(ctx, "")
		if err != nil {
			found = append(found, finding{"PostgreSQL 程序", false, err.Error()})
		} else {
			found = append(found, finding{"PostgreSQL 程序", true, version})
		}
	}
	if cfg.external() {
		return found
	}
	if err := os.MkdirAll(cfg.State, 0o700); err != nil {
		return append(found, finding{"状态文件夹", false, "不能使用 " + cfg.State + ",请检查权限或换一个 --state"})
	}
	return append(found, checkDisk(cfg.State))
}

// diskAlarm is the share of a full disk at which JetStream must not go on: it
// stops taking events when nothing is left.
const diskAlarm = 0.80

func checkDisk(dir string) finding {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return finding{"磁盘", false, "查不到剩余空间:" + err.Error()}
	}
	free := float64(fs.Bavail) * float64(fs.Bsize)
	used := 1 - float64(fs.Bavail)/float64(fs.Blocks)
	text := fmt.Sprintf("已用 %.0f%%,剩余 %.1f GB", used*100, free/1e9)
	// A large disk may be fuller: what counts is room for years of events.
	if used > diskAlarm && free < 50e9 {
		return finding{"磁盘", false, text + "。请清理或扩容;写满后事件库会停止接收新事件"}
	}
	return finding{"磁盘", true, text}
}

// examine is the doctor's job where the data are.
func examine(ctx context.Context, app *App, _ struct{}, _ io.Reader, r report) error {
	found := []finding{app.examineNATS(ctx), app.examineStream(ctx)}
	found = append(found, app.examineDatabase(ctx)...)
	found = append(found, app.examineSealing(ctx)...)
	found = append(found, app.examineArchive(ctx)...)
	found = append(found, app.examineVault(ctx)...)
	found = append(found, app.examineCalendar(ctx)...)
	found = append(found, app.examineModels(ctx)...)
	if tell(r, found) > 0 {
		return errUnwell
	}
	return nil
}

func (a *App) examineNATS(ctx context.Context) finding {
	const what = "事件落盘"
	if a.cfg.NATSURL == "" {
		return finding{what, true, "内置 NATS,每个事件确认前已写入磁盘"}
	}
	if err := checkSync(ctx, a.cfg); err != nil {
		return finding{what, false, err.Error()}
	}
	return finding{what, true, "外部 NATS,sync_interval: always"}
}

func (a *App) examineStream(ctx context.Context) finding {
	const what = "事件流设置"
	if err := a.store.CheckConfiguration(ctx); err != nil {
		return finding{what, false, err.Error()}
	}
	end, err := a.store.End(ctx)
	if err != nil {
		return finding{what, false, err.Error()}
	}
	return finding{what, true, fmt.Sprintf("与设计一致,共 %d 次提交", end)}
}

func (a *App) examineDatabase(ctx context.Context) []finding {
	h, err := postgres.Check(ctx, a.pool)
	if err != nil {
		return []finding{{"数据库", false, err.Error()}}
	}
	found := []finding{{"数据库", h.Err() == nil, fmt.Sprintf("PostgreSQL %s,%s,排序 %s,%.1f MB", h.Version, h.Encoding, h.Collation, float64(h.Size)/1e6)}}
	if err := h.Err(); err != nil {
		found[0].text = err.Error()
	}
	if h.Superuser {
		found = append(found, finding{"数据库角色", false, "应用使用了超级用户,请换成普通角色"})
	}
	if !h.Fsync || !h.FullPageWrites {
		found = append(found, finding{"数据库落盘", false, "fsync 或 full_page_writes 已关闭,断电可能损坏数据库"})
	}
	skew := h.ClockSkew.Abs()
	return append(found, finding{"时钟", skew < 2*time.Second, fmt.Sprintf("与数据库服务器相差 %s", skew.Round(time.Millisecond))})
}

func (a *App) examineCalendar(ctx context.Context) []finding {
	rules, err := a.casework.Rules(ctx)
	if err != nil {
		return []finding{{"放假通知", false, err.Error()}}
	}
	now := domain.DateOf(time.Now())
	found := []finding{calendarYear(rules.Calendar.Known(now.Year()), now.Year())}
	if now.Month() >= time.November { // the notice of the next year comes in November
		found = append(found, calendarYear(rules.Calendar.Known(now.Year()+1), now.Year()+1))
	}
	return found
}

func calendarYear(known bool, year int) finding {
	what := fmt.Sprintf("%d年放假通知", year)
	if known {
		return finding{what, true, "已录入"}
	}
	return finding{what, false, "尚未录入,跨入该年的时限都是暂定的;公布后请在“工作日历”页录入"}
}

// modelFinding is the doctor's word on one read model.
func modelFinding(s projections.Status) finding {
	f := finding{"读模型 " + s.Name, s.Problem == nil && s.Error == "", fmt.Sprintf("第%d版,位置 %d,落后 %d", s.Version, s.Position, s.Behind)}
	switch {
	case s.Problem != nil:
		f.text += ";已停止,请看运行状态页"
	case s.Error != "":
		f.text += ";" + s.Error
	case !s.Serving:
		f.text += ";尚未建成,服务启动后自动建立"
	}
	return f
}
