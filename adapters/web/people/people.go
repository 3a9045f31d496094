// Package people is the pages about persons (人员): finding one, the file with its
// cases, households, kin and consents, linking two files of one person, and what
// becomes of somebody's personal data. The models are projections/people and,
// for the cases, projections/complaints; the rules are domain/person and
// domain/household.
//
// What is searched for is never in an address. Names and numbers are masked on
// every page. Read New, then person.go.
package people

import (
	"cmp"
	"embed"
	"errors"
	"io/fs"
	"slices"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/person"
	"hearth/projections/complaints"
	"hearth/projections/people"
	"hearth/projections/timeline"
)

//go:embed all:templates
var templateFiles embed.FS

// Config is what the pages need. All fields must be set.
type Config struct {
	Casework *casework.Service
	People   people.Queries
	Cases    complaints.Queries
	Timeline timeline.Queries
	Accounts *accounts.Accounts
}

type pages struct{ Config }

// staff are the roles that work with persons or look at them; those who run the
// system see none.
var staff = []domain.Role{
	domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleOrgHead,
	domain.RoleInspector, domain.RoleReliefOfficer, domain.RoleUnitClerk, domain.RoleReviewer, domain.RoleApprover,
	domain.RoleCashier, domain.RoleAccountant, domain.RoleFinanceAuditor, domain.RoleDiscipline, domain.RoleLeader,
}

// Who does what; the policies have the last word.
var (
	keepers    = []domain.Role{domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleOrgHead, domain.RoleInspector, domain.RoleReliefOfficer, domain.RoleUnitClerk}
	mergers    = []domain.Role{domain.RoleHandler, domain.RoleDispatcher, domain.RoleShiftLeader, domain.RoleOrgHead, domain.RoleReliefOfficer, domain.RoleReviewer}
	settlers   = []domain.Role{domain.RoleReliefOfficer, domain.RoleUnitClerk, domain.RoleHandler}
	declarers  = []domain.Role{domain.RoleOrgHead, domain.RoleReviewer, domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleInspector, domain.RoleReliefOfficer, domain.RoleUnitClerk, domain.RoleApprover, domain.RoleCashier, domain.RoleAccountant}
	kinKeepers = []domain.Role{domain.RoleOrgHead, domain.RoleReviewer}
	kinReaders = []domain.Role{domain.RoleDiscipline, domain.RoleOrgHead, domain.RoleReviewer}
	askers     = []domain.Role{domain.RoleHandler, domain.RoleOrgHead, domain.RoleReviewer}
	deciders   = []domain.Role{domain.RoleOrgHead, domain.RoleReviewer, domain.RoleApprover}
)

// The read models that pages wait for.
var (
	fileModels = []string{"people", "complaints", "timeline"}
	findModels = []string{"people"}
)

// New is the pages of persons.
func New(c Config) web.Family {
	p := &pages{c}
	files, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return web.Family{
		Name:      "people",
		Templates: files,
		Routes:    slices.Concat(p.findRoutes(), p.fileRoutes(), p.linkRoutes(), p.householdRoutes(), p.kinRoutes(), p.erasureRoutes()),
		Nav:       []web.NavItem{{Label: "人员", Href: "/people", Icon: "people", Key: "p", Roles: staff}},
	}
}

func fileAddress(id uuid.UUID) string { return "/people/" + id.String() }

// ownAddress is the page of a file itself, also when it leads to another.
func ownAddress(id uuid.UUID) string { return fileAddress(id) + "?file=own" }

// find is the file of the address.
func (p *pages) find(q *web.Request) (people.Person, error) {
	return p.byID(q, q.PathValue("id"))
}

// byID is a file that the user may know of: who is known from cases alone that are
// hidden from the user is as one who is not on file.
func (p *pages) byID(q *web.Request, text string) (people.Person, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return people.Person{}, web.ErrNotFound
	}
	who, found, err := p.People.ByID(q.Context(), id)
	if err != nil || !found {
		return who, cmp.Or(err, web.ErrNotFound)
	}
	unseen, err := p.Cases.Unseen(q.Context(), p.viewer(q), id)
	if err == nil && unseen[id] {
		return people.Person{}, web.ErrNotFound
	}
	return who, err
}

// inSight leaves out those whom the user is not to know of.
func (p *pages) inSight(q *web.Request, found []people.Person) ([]people.Person, error) {
	ids := make([]uuid.UUID, len(found))
	for i, who := range found {
		ids[i] = who.ID
	}
	unseen, err := p.Cases.Unseen(q.Context(), p.viewer(q), ids...)
	return slices.DeleteFunc(found, func(who people.Person) bool { return unseen[who.ID] }), err
}

// viewed notes that the user looks at somebody's file; the zero id is a list.
func (p *pages) viewed(q *web.Request, id uuid.UUID, screen access.Screen) {
	on := access.Thing{}
	if id != uuid.Nil {
		on = access.Thing{Family: person.Family, ID: id.String()}
	}
	q.Viewed(p.reader(q), on, screen)
}

// reader is the user in the role that sees the most cases, as the log names them.
func (p *pages) reader(q *web.Request) domain.Actor {
	v := p.viewer(q)
	return domain.Actor{ID: v.UserID, Org: v.Org, Role: v.Role}
}

// viewer is the user in the role that sees the most cases.
func (p *pages) viewer(q *web.Request) complaints.Viewer {
	return complaints.ViewerOf(p.Casework.Widest(q.Context(), q.User.Actors()...))
}

func request(q *web.Request, f *web.Form, roles []domain.Role) casework.Request {
	by := q.By(f, roles...)
	return casework.Request{
		CommandID: f.Command, Actor: by.Actor, Channel: "web", At: by.At, Happened: by.Happened, LateReason: by.LateReason,
	}
}

// onFile reads a form and issues the command that it stands for on the file of
// the address.
func (p *pages) onFile(q *web.Request, roles []domain.Role, done string, read func(*web.Form) casework.PersonCommand) error {
	id, err := uuid.Parse(q.PathValue("id"))
	if err != nil {
		return web.ErrNotFound
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	cmd := read(f)
	if err := f.Err(); err != nil {
		return err
	}
	head, err := p.Casework.OnPerson(q.Context(), id, cmd, request(q, f, roles))
	if err != nil {
		return err
	}
	return q.Done(ownAddress(id), head.Position, done)
}

// noteError puts a rejection beside its field.
func noteError(f *web.Form, field string, err error) {
	var no *domain.Rejection
	if errors.As(err, &no) {
		f.Fail(field, no.Text)
	}
}

// options are the codes of a list that a form offers.
func options[T ~string](codes []T, label func(T) string) []web.Option {
	all := make([]web.Option, len(codes))
	for i, c := range codes {
		all[i] = web.Option{Value: string(c), Label: label(c)}
	}
	return all
}
