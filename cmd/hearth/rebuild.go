package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"hearth/domain"
	"hearth/projections"
)

type rebuildInput struct {
	Models []string `json:"models"`
}

func rebuildCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "rebuild [MODEL…]",
		Short: "从事件重建读模型(不写名称则全部);重建期间旧表照常可查",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runJob(cmd.Context(), *cfg, "rebuild", rebuildInput{Models: args}, nil, newTerminal())
		},
	}
}

// rebuild builds models anew beside the serving ones and switches when they
// have caught up.
func rebuild(ctx context.Context, app *App, in rebuildInput, _ io.Reader, r report) error {
	names := in.Models
	if len(names) == 0 {
		for _, p := range app.models.all() {
			names = append(names, p.Name())
		}
	}
	for _, name := range names {
		if !app.models.has(name) {
			return domain.Reject("no_such_model", "没有名为“%s”的读模型。可选:%s。", name, app.models.names())
		}
	}
	if app.keeper.Status().Closed() {
		return domain.Reject("log_alarm", "事件日志正在告警,此时重建会丢掉已有的内容。请先停止服务,运行 hearth repair。")
	}
	for _, name := range names {
		err := app.runner().Rebuild(ctx, name, func(p projections.Progress) {
			r.Progress(progress{Label: name, Done: int64(p.Position), Total: int64(p.End), Rate: p.EventsPerSecond, Left: p.Remaining})
		})
		if err != nil {
			return err
		}
		r.Line("%s 已重建并切换", name)
	}
	return nil
}
