package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/adapters/importer"
	"hearth/adapters/sheet"
	"hearth/domain"
)

// importInput is what the import job needs besides the file, which is the body.
type importInput struct {
	Name   string   `json:"name"`
	System string   `json:"system"`
	Sheet  string   `json:"sheet"`
	Map    []string `json:"map"`
	Area   string   `json:"area"`
	As     string   `json:"as"`
	DryRun bool     `json:"dry_run"`
}

func importCommand(cfg *config) *cobra.Command {
	cmd := &cobra.Command{Use: "import", Short: "导入表格"}
	var in importInput
	complaints := &cobra.Command{
		Use:   "complaints FILE.xlsx|csv",
		Short: "导入投诉;重复导入不会重复登记,有问题的行另存为可改正后再导入的文件",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := openInput(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			in.Name = filepath.Base(args[0])
			return runJob(cmd.Context(), *cfg, "import", in, f, newTerminal())
		},
	}
	flags := complaints.Flags()
	flags.StringVar(&in.System, "system", "import", "来源系统代码;编号在一个来源系统内不重复,如 t12345")
	flags.StringVar(&in.Sheet, "sheet", "", "工作表名称;只有一张有内容时可不填")
	flags.StringArrayVar(&in.Map, "map", nil, "列对应,如 --map 诉求内容=留言详情 --map 金额=F --map 编号=-")
	flags.StringVar(&in.Area, "area", "", "没有写明地区的行归入哪个县区,如 jc-cq")
	flags.StringVar(&in.As, "as", "", "以哪个用户(登录名)的名义导入;不填记为控制台")
	flags.BoolVar(&in.DryRun, "dry-run", false, "只检查,不登记")
	cmd.AddCommand(complaints)
	return cmd
}

// openInput opens a file that is named on the command line.
func openInput(name string) (*os.File, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, domain.Reject("no_file", "找不到文件 %s,请核对路径。", name)
	case err == nil && !info.Mode().IsRegular():
		return nil, domain.Reject("no_file", "%s 不是文件,请给出一个文件。", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, domain.Reject("no_file", "打不开文件 %s(%v),请检查权限。", name, err)
	}
	return f, nil
}

// importComplaints is the import job: check, then store, then hand back the rows
// that need correcting.
func importComplaints(ctx context.Context, app *App, in importInput, body io.Reader, r report) error {
	limits := sheet.DefaultLimits()
	data, err := io.ReadAll(io.LimitReader(body, limits.FileBytes+1))
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	book, err := sheet.Open(bytes.NewReader(data), int64(len(data)), limits)
	if err != nil {
		return err
	}
	defer book.Close()
	file, err := importer.Open(book, importer.Options{System: in.System, Sheet: in.Sheet, Map: in.Map, Area: in.Area, Units: app.casework.KnownUnits()})
	if err != nil {
		return err
	}
	if in.DryRun {
		plan, err := file.Preview(ctx)
		if err != nil {
			return err
		}
		tellPlan(r, plan)
		return badRows(r, file, in.Name, book.Format(), plan.Bad)
	}
	actor, err := app.importer(ctx, in.As)
	if err != nil {
		return err
	}
	done, err := file.Run(ctx, app.casework, actor, func(p importer.Progress) {
		r.Progress(progress{Label: "导入", Done: int64(p.Done), Total: int64(p.Total), Rate: p.PerSecond, Left: p.Remaining})
	})
	if err != nil {
		return err
	}
	r.Line("共 %d 行:登记 %d 件,此前已登记 %d 件,需要改正 %d 行", done.Total, done.Stored, done.Existed, len(done.Bad))
	return badRows(r, file, in.Name, book.Format(), done.Bad)
}

// importer is who imports: a user, or the console of the machine.
func (a *App) importer(ctx context.Context, login string) (domain.Actor, error) {
	if login == "" {
		return domain.Actor{ID: "console", Org: "jc", Role: domain.RoleDispatcher}, nil
	}
	user, err := a.accounts.ByLogin(ctx, login)
	if err != nil {
		return domain.Actor{}, notFound(err, "没有登录名为“%s”的用户。用 hearth user list 查看。", login)
	}
	return user.Actor(domain.RoleDispatcher, domain.RoleShiftLeader, domain.RoleOperator), nil
}

func tellPlan(r report, plan importer.Preview) {
	r.Line("共 %d 行,可登记 %d 行,其中 %d 行将转出;需要改正 %d 行", plan.Total, plan.Good, plan.Redirected, len(plan.Bad))
	for _, c := range plan.Categories {
		r.Line("  %-16s %d", c.Category.Label(), c.Rows)
	}
}

// mostTold is how many bad rows are told on the screen; the file has all.
const mostTold = 20

func badRows(r report, file *importer.File, name string, format sheet.Format, bad []importer.Bad) error {
	if len(bad) == 0 {
		return nil
	}
	for i, b := range bad {
		if i == mostTold {
			r.Line("  ……其余见文件")
			break
		}
		for _, p := range b.Problems {
			r.Line("  %s", p)
		}
	}
	var out bytes.Buffer
	if err := file.WriteBad(&out, bad); err != nil {
		return err
	}
	base := strings.TrimSuffix(name, filepath.Ext(name))
	r.File(fmt.Sprintf("%s-待改正-%s.%s", base, time.Now().In(domain.Shanghai).Format("20060102-150405"), format), out.Bytes())
	return nil
}
