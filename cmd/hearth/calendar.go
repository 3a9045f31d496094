package main

import (
	"context"
	"io"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/domain/calendar"
)

func calendarCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "calendar FILE",
		Short: "录入一年的放假通知(每行:放假,起,止,名称 / 上班,日期 / 法定,日期,名称 / 来源,文号),并重算受影响的时限",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := openInput(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			return runJob(cmd.Context(), *cfg, "calendar", struct{}{}, f, newTerminal())
		},
	}
}

// publishCalendar enters a notice; the ticker recomputes the open clocks.
func publishCalendar(ctx context.Context, app *App, _ struct{}, body io.Reader, r report) error {
	text, err := io.ReadAll(io.LimitReader(body, 1<<20))
	if err != nil {
		return err
	}
	notice, err := calendar.ParseNotice(string(text))
	if err != nil {
		return err
	}
	for _, doubt := range notice.Doubts() {
		r.Line("请核对:%s", doubt)
	}
	_, err = app.casework.PublishCalendar(ctx, notice, casework.Request{
		CommandID: uuid.NewSHA1(uuid.NameSpaceOID, text),
		Actor:     domain.Actor{ID: "console", Org: "jc", Role: domain.RoleSystemAdmin},
		Channel:   "console",
	})
	if err != nil {
		return err
	}
	r.Line("%d 年放假通知已录入;未办结事项的时限将在一分钟内重算", notice.Year)
	return nil
}
