package casework

import (
	"context"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/person"
	"hearth/eventstore"
)

// PersonCommand is 人员命令 that can be told who issues it, as all are.
type PersonCommand interface {
	person.Command
	Stamp(by domain.By)
}

// OnPerson issues a command on the file of a person who is registered, such as
// those about erasing personal data.
func (s *Service) OnPerson(ctx context.Context, id uuid.UUID, cmd PersonCommand, r Request) (eventstore.Head, error) {
	if err := r.check(); err != nil {
		return eventstore.Head{}, err
	}
	cmd.Stamp(s.by(r))
	ask, err := s.asking(ctx, r)
	if err != nil {
		return eventstore.Head{}, err
	}
	return eventstore.Execute(ctx, s.engine, PersonStream(id), ask.person(), person.Command(cmd), s.meta(r, id.String(), ""))
}
