// Package reactions is the page of the system administrator about reactions:
// how far each one is, and the events that could not be dealt with, to retry or
// to dismiss with a reason.
package reactions

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/google/uuid"

	"hearth/adapters/reactions"
	"hearth/adapters/web"
	"hearth/domain"
)

//go:embed templates
var templateFiles embed.FS

// Desk is where parked events wait; *reactions.Runner is one.
type Desk interface {
	Status(ctx context.Context) ([]reactions.Status, error)
	Parked(ctx context.Context, limit int) ([]reactions.Parked, error)
	Retry(ctx context.Context, reaction string, event uuid.UUID, by string) error
	Dismiss(ctx context.Context, reaction string, event uuid.UUID, by, reason string) error
}

var admins = []domain.Role{domain.RoleSystemAdmin}

const (
	address = "/ops/parked"
	shown   = 100 // rows on the page; the longest parked come first
)

type pages struct{ desk Desk }

// New is the page over a desk.
func New(desk Desk) web.Family {
	p := &pages{desk}
	files, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return web.Family{
		Name:      "reactions",
		Templates: files,
		Routes: []web.Route{
			{Pattern: "GET " + address, Handler: p.list, Roles: admins},
			{Pattern: "POST " + address + "/{reaction}/{event}/retry", Handler: p.retry, Roles: admins},
			{Pattern: "POST " + address + "/{reaction}/{event}/dismiss", Handler: p.dismiss, Roles: admins},
		},
		Ops: []web.NavItem{{Label: "自动联动和待处理事件", Href: address, Roles: admins}},
	}
}

type parkedPage struct {
	web.Page
	Reactions []progress
	Parked    []line
	Total     int
	None      web.Empty
}

// progress is one reaction.
type progress struct {
	reactions.Status
	Badge web.Badge
}

// line is one parked event with what can be done about it.
type line struct {
	reactions.Parked
	Title   string
	Retry   *web.Form
	Dismiss web.Confirm
}

// Action is where the forms of the line go.
func (l line) Action(verb string) string {
	return fmt.Sprintf("%s/%s/%s/%s", address, l.Reaction, l.EventID, verb)
}

func (p *pages) list(q *web.Request) error {
	status, err := p.desk.Status(q.Context())
	if err != nil {
		return err
	}
	parked, err := p.desk.Parked(q.Context(), shown)
	if err != nil {
		return err
	}
	page := &parkedPage{
		Page: q.Page("自动联动", web.Crumb{Label: "运行状况", Href: "/ops"}),
		None: web.Empty{Title: "没有待处理的事件", Text: "自动联动都已办成。办不成的会列在这里,可以重试或说明理由后不再处理。"},
	}
	titles := map[string]string{}
	for _, s := range status {
		titles[s.Name] = s.Title
		page.Reactions = append(page.Reactions, progress{s, badge(s)})
		page.Total += s.Parked
	}
	for _, e := range parked {
		l := line{Parked: e, Title: titles[e.Reaction], Retry: q.NewForm("retry-" + e.EventID.String())}
		dismiss := q.NewForm("dismiss-" + e.EventID.String())
		l.Dismiss = web.Confirm{
			Form: dismiss, Action: l.Action("dismiss"), Button: "不再处理", Title: "不再处理这个事件?", Danger: true,
			Text: "联动不会再做;事件本身不受影响。谁、为什么这样决定会留存。", Do: "不再处理",
			Field: web.Field{Form: dismiss, Name: "reason", Label: "理由", Required: true, Rows: 2, Max: 200, Hint: "不要写姓名、电话、证件号"},
		}
		page.Parked = append(page.Parked, l)
	}
	page.Total = max(page.Total, len(page.Parked))
	return q.Render("reactions/parked", page)
}

func badge(s reactions.Status) web.Badge {
	switch s.State {
	case reactions.StateRunning:
		return web.Badge{Text: "正常", Tone: "good"}
	case reactions.StateWaiting:
		return web.Badge{Text: "由另一实例运行", Tone: "calm"}
	case reactions.StateRetrying:
		return web.Badge{Text: "正在重试", Tone: "warn"}
	case reactions.StateStopped:
		return web.Badge{Text: "已停止", Tone: "bad"}
	}
	panic("reactions: unknown state")
}

// parkedEvent is the event that the address names.
func parkedEvent(q *web.Request) (reaction string, event uuid.UUID, err error) {
	event, err = uuid.Parse(q.PathValue("event"))
	if err != nil {
		return "", event, domain.Reject("parked_unknown", "地址里的事件编号不对,请从清单里选择。")
	}
	return q.PathValue("reaction"), event, nil
}

func (p *pages) retry(q *web.Request) error {
	if _, err := q.Sent(); err != nil {
		return err
	}
	reaction, event, err := parkedEvent(q)
	if err != nil {
		return err
	}
	if err := p.desk.Retry(q.Context(), reaction, event, q.User.ID); err != nil {
		return err
	}
	return q.Done(address, 0, "重试成功,联动已办成。")
}

func (p *pages) dismiss(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	reaction, event, err := parkedEvent(q)
	if err != nil {
		return err
	}
	reason := f.Require("reason", "理由")
	if err := f.Err(); err != nil {
		return err
	}
	if err := p.desk.Dismiss(q.Context(), reaction, event, q.User.ID, reason); err != nil {
		return err
	}
	return q.Done(address, 0, "已记下理由,不再处理。")
}
