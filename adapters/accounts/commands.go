package accounts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/adapters/policy"
	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/domain/user"
	"hearth/eventstore"
)

// Request is who wishes something, and how the wish reached us. CommandID is
// drawn when the form is shown: the same one never does a thing twice.
type Request struct {
	CommandID uuid.UUID
	Actor     domain.Actor
	Channel   string
	At        time.Time // now if zero
}

// The actors that are no users.
var (
	console = domain.Actor{ID: "console", Org: orgunit.City, Role: domain.RoleSystem} // the command line of the server
	clerk   = domain.Actor{ID: "system", Org: orgunit.City, Role: domain.RoleSystem}
)

// Console is a wish of whoever may run commands on the server.
func Console() Request {
	return Request{CommandID: uuid.New(), Actor: console, Channel: "cli"}
}

func (r Request) check() error {
	if r.CommandID == uuid.Nil {
		return domain.Reject("command_id_missing", "表单缺少编号,请刷新页面后重新填写。")
	}
	return nil
}

// named is an id that follows from the command, so that the same form never makes
// a second thing.
func (r Request) named(what string) string {
	return uuid.NewSHA1(r.CommandID, []byte(what)).String()
}

// wish is a command on an account.
type wish struct {
	id  string
	cmd user.Command
}

// Do issues a command of an administrator on somebody's account. Those that carry
// a secret, or that are the user's own, have functions of their own. The error is
// a *domain.Rejection, ErrNotFound, or what the store or the database said.
func (a *Accounts) Do(ctx context.Context, id string, cmd user.Command, r Request) (eventstore.Head, error) {
	if uuid.Validate(id) != nil {
		return eventstore.Head{}, ErrNotFound
	}
	switch cmd := cmd.(type) {
	case *user.Create, *user.SetPassword, *user.SetFactor, *user.RenewCodes, *user.RemoveFactor, *user.SignIn, *user.FailSignIn,
		*user.HoldUp, *user.SignOut, *user.IssueToken, *user.InviteLink, *user.LinkExternal:
		return eventstore.Head{}, fmt.Errorf("accounts: %s is not issued by Do", user.NameOf(cmd))
	case *user.RequestRole:
		cmd.Grant = r.named("grant")
	case *user.GrantRole:
		cmd.Grant = r.named("grant")
	case *user.MoveHome, *user.ApproveRole, *user.RefuseRole, *user.RevokeRole, *user.Rename, *user.Disable, *user.Enable,
		*user.RequestFactorRemoval, *user.ApproveFactorRemoval, *user.RefuseFactorRemoval, *user.EndSessions, *user.RevokeToken, *user.UnlinkExternal:
	}
	if err := a.knownUnit(ctx, cmd); err != nil {
		return eventstore.Head{}, err
	}
	if err := a.ready(ctx, id); err != nil {
		return eventstore.Head{}, err
	}
	return a.issue(ctx, r, func(ctx context.Context, u *eventstore.Unit) ([]wish, error) {
		if err := a.facts(ctx, u, id, cmd); err != nil {
			return nil, err
		}
		return a.withOffices(ctx, u, id, cmd)
	})
}

// knownUnit rejects units that the tree does not have.
func (a *Accounts) knownUnit(ctx context.Context, cmd user.Command) error {
	code := ""
	switch cmd := cmd.(type) {
	case *user.Create:
		code = cmd.Home
	case *user.MoveHome:
		code = cmd.To
	case *user.RequestRole:
		code = cmd.Org
	case *user.GrantRole:
		code = cmd.Org
	default:
		return nil // it speaks of no unit
	}
	if code == "" {
		return nil // the decider asks for one
	}
	units, err := a.Units(ctx)
	if err != nil {
		return err
	}
	if _, ok := units.Find(code, a.today()); !ok {
		return domain.Reject("org_unknown", "没有代码为“%s”的单位。", code)
	}
	return nil
}

// facts adds to a command what the rules want to know of other accounts.
func (a *Accounts) facts(ctx context.Context, u *eventstore.Unit, id string, cmd user.Command) error {
	switch cmd := cmd.(type) {
	case *user.RequestRole:
		office, err := a.office(ctx, u, cmd.OnBehalfOf)
		cmd.Office = office
		return err
	case *user.ApproveRole:
		s, _, err := eventstore.State(ctx, u, stream(id), user.Decider)
		if err != nil {
			return err
		}
		g, _ := s.Find(cmd.Grant)
		cmd.Office, err = a.office(ctx, u, g.OnBehalfOf)
		return err
	case *user.GrantRole:
		n, err := a.administrators(ctx)
		cmd.Administrators = n
		return err
	default:
		return nil
	}
}

// office is what the holder of an office has, nil when there is none to delegate.
func (a *Accounts) office(ctx context.Context, u *eventstore.Unit, holder string) (*user.Office, error) {
	if uuid.Validate(holder) != nil {
		return nil, nil
	}
	s, _, err := eventstore.State(ctx, u, stream(holder), user.Decider)
	if err != nil {
		return nil, err
	}
	o := s.Office()
	return &o, nil
}

// administrators is how many active users may approve a grant. Rows may be a
// moment old; what rests on the number is only whether the command line still
// grants alone.
func (a *Accounts) administrators(ctx context.Context) (int, error) {
	users, err := a.List(ctx)
	n := 0
	for _, u := range users {
		if !u.Disabled && slices.ContainsFunc(u.Roles, user.Administers) {
			n++
		}
	}
	return n, err
}

// withOffices adds what follows for those who act on behalf of the user: what is
// taken from the holder of an office is taken from them in the same append.
// Somebody to whom it is delegated at this very moment is missed; such a grant
// counts for nothing, because it is compared with the office whenever it is used.
func (a *Accounts) withOffices(ctx context.Context, u *eventstore.Unit, id string, cmd user.Command) ([]wish, error) {
	wishes := []wish{{id, cmd}}
	var lost func(user.Grant) bool
	switch cmd := cmd.(type) {
	case *user.Disable:
		lost = func(user.Grant) bool { return true }
	case *user.RevokeRole:
		s, _, err := eventstore.State(ctx, u, stream(id), user.Decider)
		if err != nil {
			return nil, err
		}
		g, ok := s.Find(cmd.Grant)
		if !ok || g.Delegated() {
			return wishes, nil
		}
		lost = func(d user.Grant) bool { return d.Role == g.Role && d.Org == g.Org }
	default:
		return wishes, nil
	}
	deputies, err := a.find(ctx, "state->'grants' @> @deputy", pgx.StrictNamedArgs{
		"deputy": []map[string]string{{"on_behalf_of": id, "status": string(user.StatusGranted)}},
	})
	if err != nil {
		return nil, err
	}
	for _, d := range deputies {
		for _, g := range d.state.Grants {
			if g.Status == user.StatusGranted && g.OnBehalfOf == id && lost(g) {
				wishes = append(wishes, wish{d.ID, &user.RevokeRole{Grant: g.Grant, Reason: user.ReasonOfficeEnded}})
			}
		}
	}
	return wishes, nil
}

// issue carries out wishes, all or none, and brings the rows up. f may run more
// than once.
func (a *Accounts) issue(ctx context.Context, r Request, f func(context.Context, *eventstore.Unit) ([]wish, error)) (eventstore.Head, error) {
	if err := r.check(); err != nil {
		return eventstore.Head{}, err
	}
	units, err := a.Units(ctx)
	if err != nil {
		a.Log.WarnContext(ctx, "organisation tree not read, the last known one is used", "err", err)
	}
	at := r.At
	if at.IsZero() {
		at = a.now()
	}
	by := domain.By{Actor: r.Actor, At: at.UTC().Truncate(time.Microsecond)}
	var wishes []wish
	heads, err := a.Engine.Do(ctx, func(u *eventstore.Unit) (err error) {
		if wishes, err = f(ctx, u); err != nil {
			return err
		}
		for i, w := range wishes {
			w.cmd.Stamp(by)
			if _, err := eventstore.Stage(ctx, u, stream(w.id), a.guarded(w.id, units), w.cmd, a.meta(r, i, wishes[0].id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return eventstore.Head{}, err
	}
	// From here on it is stored. A crash leaves rows that are behind.
	for i, w := range wishes {
		if i > 0 && slices.ContainsFunc(wishes[:i], func(o wish) bool { return o.id == w.id }) {
			continue
		}
		if _, err := a.bringUp(ctx, w.id); err != nil {
			return eventstore.Head{}, err
		}
	}
	return heads[stream(wishes[0].id)], nil
}

func (a *Accounts) meta(r Request, step int, correlation string) eventstore.Meta {
	id := r.CommandID
	if step > 0 {
		id = uuid.NewSHA1(id, fmt.Append(nil, "step ", step))
	}
	return eventstore.Meta{CommandID: id, Channel: r.Channel, CorrelationID: correlation, PolicyDigest: a.Authority.Digest()}
}

// guarded puts the question to the authority before the decider, after a repeated
// command was recognised.
func (a *Accounts) guarded(id string, units orgunit.Tree) domain.Decider[user.State, user.Command, user.Event] {
	d := user.Decider
	decide := d.Decide
	d.Decide = func(s user.State, cmd user.Command) ([]user.Event, error) {
		name, by := user.NameOf(cmd), cmd.IssuedBy()
		err := a.Authority.Check(policy.Request{
			Actor: by.Actor, Action: user.Family + ":" + name, Label: user.Commands().Label(name),
			On: policy.OnAccount(id), Units: units, Date: domain.DateOf(by.At),
		})
		if err != nil {
			return nil, err
		}
		return decide(s, cmd)
	}
	return d
}

// single issues one command that needs nothing else.
func (a *Accounts) single(ctx context.Context, id string, cmd user.Command, r Request) error {
	if err := a.ready(ctx, id); err != nil {
		return err
	}
	_, err := a.issue(ctx, r, func(context.Context, *eventstore.Unit) ([]wish, error) { return []wish{{id, cmd}}, nil })
	return err
}
