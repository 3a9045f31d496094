package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/domain/household"
	"hearth/domain/person"
)

// personCommands are those that programs issue on a file, in the order of the
// description. What goes only with something else is not among them.
func personCommands() []func() casework.PersonCommand {
	return []func() casework.PersonCommand{
		func() casework.PersonCommand { return &person.CorrectIdentity{} },
		func() casework.PersonCommand { return &person.CorrectContact{} },
		func() casework.PersonCommand { return &person.CorrectBank{} },
		func() casework.PersonCommand { return &person.GiveConsent{} },
		func() casework.PersonCommand { return &person.WithdrawConsent{} },
		func() casework.PersonCommand { return &person.NoteBasis{} },
		func() casework.PersonCommand { return &person.DeclareKin{} },
		func() casework.PersonCommand { return &person.WithdrawKin{} },
		func() casework.PersonCommand { return &person.Merge{} },
		func() casework.PersonCommand { return &person.Unmerge{} },
		func() casework.PersonCommand { return &person.NoteDeath{} },
		func() casework.PersonCommand { return &person.RevokeDeath{} },
		func() casework.PersonCommand { return &person.RequestErasure{} },
		func() casework.PersonCommand { return &person.ApproveErasure{} },
		func() casework.PersonCommand { return &person.RefuseErasure{} },
	}
}

func householdCommands() []func() casework.HouseholdCommand {
	return []func() casework.HouseholdCommand{
		func() casework.HouseholdCommand { return &household.Join{} },
		func() casework.HouseholdCommand { return &household.Leave{} },
		func() casework.HouseholdCommand { return &household.ChangeHead{} },
		func() casework.HouseholdCommand { return &household.Dissolve{} },
	}
}

// registerPersonCommands gives every command on persons and households its own
// operation, described from its struct.
func (s *server) registerPersonCommands(api huma.API) {
	create := s.operation(http.MethodPost, "/people", "register-person", "人员建档", accounts.ScopePeopleWrite)
	create.DefaultStatus = http.StatusCreated
	registerRaw(api, create, reflect.TypeFor[person.Register](), s.newPerson)
	form := s.operation(http.MethodPost, "/households", "form-household", "立户", accounts.ScopePeopleWrite)
	form.DefaultStatus = http.StatusCreated
	registerRaw(api, form, reflect.TypeFor[household.Form](), s.formHousehold)
	for _, make := range personCommands() {
		name := person.NameOf(make())
		op := s.operation(http.MethodPost, "/people/{id}/commands/"+name, "person-"+strings.ReplaceAll(name, "_", "-"), person.Commands().Label(name), accounts.ScopePeopleWrite)
		registerRaw(api, op, reflect.TypeOf(make()).Elem(), s.onPerson(make))
	}
	for _, make := range householdCommands() {
		name := household.NameOf(make())
		op := s.operation(http.MethodPost, "/households/{id}/commands/"+name, "household-"+strings.ReplaceAll(name, "_", "-"), household.Commands().Label(name), accounts.ScopePeopleWrite)
		registerRaw(api, op, reflect.TypeOf(make()).Elem(), s.onHousehold(make))
	}
}

// peopleVisible waits for a write to be readable; a model that is behind is no
// error of the write.
func (s *server) peopleVisible(ctx context.Context, b storedBody) *stored {
	b.Visible = s.Wait(ctx, "people", b.Position) == nil
	return &stored{b}
}

// asAny tries in one role of the caller after the other until one has the right:
// a user with several roles may do what one of them may.
func (s *server) asAny(ctx context.Context, key string, try func(casework.Request) error) error {
	c := callerOf(ctx)
	var refused error
	for _, role := range c.user.Roles {
		err := try(s.request(c, key, []domain.Role{role}))
		if no, ok := errors.AsType[*domain.Rejection](err); ok && no.Code == "not_permitted" {
			refused = err
			continue
		}
		return err
	}
	if refused == nil {
		refused = domain.Reject("not_permitted", "令牌所属用户没有岗位。")
	}
	return refused
}

func (s *server) newPerson(ctx context.Context, in *registerIn) (*stored, error) {
	var cmd person.Register
	if err := decode(in.RawBody, &cmd); err != nil {
		return nil, s.fail(ctx, err)
	}
	var b storedBody
	err := s.asAny(ctx, in.Key, func(r casework.Request) error {
		id, head, err := s.Casework.NewPerson(ctx, cmd, r)
		b = storedBody{ID: id, Version: head.Version, Position: head.Position}
		return err
	})
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.peopleVisible(ctx, b), nil
}

func (s *server) formHousehold(ctx context.Context, in *registerIn) (*stored, error) {
	var cmd household.Form
	if err := decode(in.RawBody, &cmd); err != nil {
		return nil, s.fail(ctx, err)
	}
	var b storedBody
	err := s.asAny(ctx, in.Key, func(r casework.Request) error {
		id, head, err := s.Casework.NewHousehold(ctx, cmd, r)
		b = storedBody{ID: id, Version: head.Version, Position: head.Position}
		return err
	})
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.peopleVisible(ctx, b), nil
}

func (s *server) onPerson(make func() casework.PersonCommand) func(context.Context, *commandIn) (*stored, error) {
	return func(ctx context.Context, in *commandIn) (*stored, error) {
		return s.issue(ctx, in, make(), func(id uuid.UUID, cmd any, r casework.Request) (storedBody, error) {
			head, err := s.Casework.OnPerson(ctx, id, cmd.(casework.PersonCommand), r)
			return storedBody{ID: id, Version: head.Version, Position: head.Position}, err
		})
	}
}

func (s *server) onHousehold(make func() casework.HouseholdCommand) func(context.Context, *commandIn) (*stored, error) {
	return func(ctx context.Context, in *commandIn) (*stored, error) {
		return s.issue(ctx, in, make(), func(id uuid.UUID, cmd any, r casework.Request) (storedBody, error) {
			head, err := s.Casework.OnHousehold(ctx, id, cmd.(casework.HouseholdCommand), r)
			return storedBody{ID: id, Version: head.Version, Position: head.Position}, err
		})
	}
}

// issue reads a command and carries it out.
func (s *server) issue(ctx context.Context, in *commandIn, cmd any, carryOut func(uuid.UUID, any, casework.Request) (storedBody, error)) (*stored, error) {
	id, err := uuid.Parse(in.ID)
	if err != nil {
		return nil, s.fail(ctx, errNobody)
	}
	if err := decode(in.RawBody, cmd); err != nil {
		return nil, s.fail(ctx, err)
	}
	var b storedBody
	err = s.asAny(ctx, in.Key, func(r casework.Request) (err error) {
		b, err = carryOut(id, cmd, r)
		return err
	})
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.peopleVisible(ctx, b), nil
}
