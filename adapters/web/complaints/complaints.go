package complaints

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/calls"
	"hearth/adapters/casework"
	"hearth/adapters/findings"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/complaint"
	looks "hearth/projections/access"
	"hearth/projections/complaints"
	"hearth/projections/enterprises"
	"hearth/projections/people"
	"hearth/projections/search"
	"hearth/projections/timeline"
)

//go:embed all:templates
var templateFiles embed.FS

// Config is what the pages need. All fields must be set.
type Config struct {
	Casework    *casework.Service
	Cases       complaints.Queries
	Timeline    timeline.Queries
	People      people.Queries
	Enterprises enterprises.Queries
	Search      search.Queries
	Accounts    *accounts.Accounts
	Calls       *calls.Calls
	Imports     *Imports
	Looks       looks.Queries
}

// pages is the handlers of the family.
type pages struct{ Config }

// The read models that pages wait for.
var (
	caseModels = []string{"complaints", "timeline", "people", "enterprises"}
	listModels = []string{"complaints"}
)

// staff are the roles that work on cases or look at them; those who run the
// system see none.
var staff = []domain.Role{
	domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleOrgHead,
	domain.RoleInspector, domain.RoleReliefOfficer, domain.RoleUnitClerk, domain.RoleReviewer, domain.RoleApprover,
	domain.RoleCashier, domain.RoleAccountant, domain.RoleFinanceAuditor, domain.RoleDiscipline, domain.RoleLeader,
}

// New is the pages of the complaint family.
func New(c Config) web.Family {
	p := &pages{c}
	files, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return web.Family{
		Name:      "complaints",
		Templates: files,
		Routes: slices.Concat(p.inboxRoutes(), p.deskRoutes(), p.listRoutes(), p.caseRoutes(), p.commandRoutes(), p.fileRoutes(),
			p.boardRoutes(), p.searchRoutes(), p.enterpriseRoutes(), p.deadlineRoutes(), p.calendarRoutes(),
			p.importRoutes(), p.ledgerRoutes(), p.rosterRoutes(), p.revealRoutes(), p.accessRoutes()),
		Nav: []web.NavItem{
			{Label: "我的待办", Href: "/inbox", Icon: "inbox", Key: "i", Roles: staff},
			{Label: "热线台", Href: "/desk", Icon: "phone", Key: "d", Roles: deskRoles},
			{Label: "案件", Href: "/complaints", Icon: "file", Key: "c", Roles: staff},
			{Label: "时限", Href: "/deadlines", Icon: "clock", Key: "t", Roles: staff},
			{Label: "导入", Href: "/import", Icon: "upload", Key: "m", Roles: importRoles},
			{Label: "单位", Href: "/enterprises", Icon: "house", Key: "e", Roles: staff},
			{Label: "领导看板", Href: "/board", Icon: "chart", Key: "b", Roles: boardRoles},
			{Label: "查阅记录", Href: "/access", Icon: "key", Key: "a", Roles: append(slices.Clone(staff), domain.RoleAuditAdmin)},
			{Label: "工作日历", Href: "/calendar", Icon: "calendar", Key: "w", Roles: append(slices.Clone(staff), publishers...)},
		},
		Topics: []web.Topic{
			{Name: "case", Models: caseModels, Roles: staff, May: p.mayWatch, Version: p.caseVersion},
			{Name: "cases", Models: listModels, Roles: staff, Version: p.anyVersion},
		},
	}
}

// viewer is the user in the role that sees the most cases.
func (p *pages) viewer(q *web.Request) complaints.Viewer { return p.viewerOf(q.Context(), q.User) }

func (p *pages) viewerOf(ctx context.Context, u accounts.User) complaints.Viewer {
	// Of roles that reach as far, those come first that work on restricted cases.
	first := []domain.Role{domain.RoleDiscipline, domain.RoleFinanceAuditor, domain.RoleReviewer, domain.RoleShiftLeader, domain.RoleDispatcher}
	all := actorsOf(u)
	slices.SortStableFunc(all, func(a, b domain.Actor) int {
		return cmp.Compare(uint(slices.Index(first, a.Role)), uint(slices.Index(first, b.Role))) // not among them: last
	})
	return complaints.ViewerOf(p.Casework.Widest(ctx, all...))
}

// find is the case of the address, for those who may see it.
func (p *pages) find(q *web.Request) (complaints.Row, error) {
	id, err := uuid.Parse(q.PathValue("id"))
	if err != nil {
		return complaints.Row{}, web.ErrNotFound
	}
	row, err := p.Cases.Get(q.Context(), p.viewer(q), id)
	if errors.Is(err, complaints.ErrNotFound) {
		return row, web.ErrNotFound
	}
	return row, err
}

func caseAddress(id uuid.UUID) string { return "/complaints/" + id.String() }

// actors is the user in each of the user's roles.
func actors(q *web.Request) []domain.Actor { return actorsOf(q.User) }

func actorsOf(u accounts.User) []domain.Actor { return u.Actors() }

// mayWatch admits those who see the case: that something happens on it is for
// nobody else to know.
func (p *pages) mayWatch(ctx context.Context, u accounts.User, key string) (bool, error) {
	id, err := uuid.Parse(key)
	if err != nil {
		return false, nil
	}
	_, err = p.Cases.Get(ctx, p.viewerOf(ctx, u), id)
	if errors.Is(err, complaints.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// caseVersion changes when the case does. It tells nothing that needs a right
// to see: a number.
func (p *pages) caseVersion(ctx context.Context, key string) (string, error) {
	id, err := uuid.Parse(key)
	if err != nil {
		return "", nil
	}
	head, err := p.Timeline.Head(ctx, casework.CaseStream(id))
	return fmt.Sprint(head.Version), err
}

// anyVersion changes with every case that is not restricted: lists are cheap to show
// again. All who watch lists hear the same, so of restricted cases nobody hears.
func (p *pages) anyVersion(ctx context.Context, _ string) (string, error) {
	n, last, err := p.Cases.Last(ctx)
	return fmt.Sprint(n, " ", last), err
}

// reader is what a user sees of what is personal: masks, as everybody. Who works on
// cases sees besides what was written down in them, with names and numbers masked.
func reader(u accounts.User) look {
	return look{reads: findings.ReadsStories(u)}
}

func phaseTone(p complaint.Phase) string {
	switch p {
	case complaint.PhaseClosed, complaint.PhaseArchived:
		return "good"
	case complaint.PhaseAwaitingSupplement, complaint.PhaseAwaitingClosure:
		return "warn"
	}
	return ""
}
