package casework

import (
	"context"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/enterprise"
	"hearth/eventstore"
)

// EnterpriseCommand is 单位命令 that can be told who issues it, as all are.
type EnterpriseCommand interface {
	enterprise.Command
	Stamp(by domain.By)
}

// OnEnterprise issues a command on the file of an enterprise that is registered.
func (s *Service) OnEnterprise(ctx context.Context, id uuid.UUID, cmd EnterpriseCommand, r Request) (eventstore.Head, error) {
	if err := r.check(); err != nil {
		return eventstore.Head{}, err
	}
	cmd.Stamp(s.by(r))
	ask, err := s.asking(ctx, r)
	if err != nil {
		return eventstore.Head{}, err
	}
	return eventstore.Execute(ctx, s.engine, EnterpriseStream(id), ask.enterprise(), enterprise.Command(cmd), s.meta(r, id.String(), ""))
}
