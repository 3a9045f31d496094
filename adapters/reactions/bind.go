package reactions

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/domain/enterprise"
	"hearth/domain/process/credit"
	"hearth/eventstore"
)

// Reaction is a domain.Reaction with all that it needs to be run; Bind makes it.
type Reaction struct {
	Name  string
	Title string // for people
	Types []string
	// FromStart begins a new reaction at the beginning of the log. It is for
	// what would hold for the past as well.
	FromStart bool

	react func(ctx context.Context, store eventstore.Store, rec eventstore.Recorded, correlation string) error
}

func (r Reaction) wants(rec eventstore.Recorded) bool { return slices.Contains(r.Types, rec.Type) }

// Send carries out a wish on a case. It is called again with the same request
// when the answer to the first call is lost.
type Send[C domain.Command] func(ctx context.Context, id uuid.UUID, cmd C, r casework.Request) error

// Bind joins what a reaction wishes with who carries it out. The wishes of one
// event are sent in their order; when one fails all are sent again.
func Bind[S any, C domain.Command](title string, d domain.Reaction[S, C], send Send[C]) Reaction {
	return Reaction{Name: d.Name, Title: title, Types: d.Types, react: func(
		ctx context.Context, store eventstore.Store, rec eventstore.Recorded, correlation string,
	) error {
		state, err := before(ctx, store, rec, d.Evolve)
		if err != nil {
			return err
		}
		for i, wish := range d.React(state, domain.Fact{ID: rec.ID, Stream: rec.Stream.String(), Event: rec.Event}) {
			err := send(ctx, wish.Case, wish.Command, casework.Request{
				CommandID: CommandID(rec.ID, d.Name, i), Actor: casework.Clerk, Channel: "reaction",
				Cause: rec.ID.String(), Correlation: correlation,
			})
			if err != nil {
				return fmt.Errorf("wish %d of %s: %w", i, d.Name, err)
			}
		}
		return nil
	}}
}

// CommandID is the id of the index-th command that a reaction sends because of
// an event: the same whenever it reacts to it.
func CommandID(event uuid.UUID, reaction string, index int) uuid.UUID {
	return uuid.NewSHA1(event, fmt.Appendf(nil, "%s %d", reaction, index))
}

// before folds the stream of an event up to it.
func before[S any](ctx context.Context, store eventstore.Store, rec eventstore.Recorded, evolve func(S, domain.Event) S) (S, error) {
	var s S
	if evolve == nil {
		return s, nil
	}
	for earlier, err := range store.Stream(ctx, rec.Stream, eventstore.Head{}) {
		if err != nil {
			return s, fmt.Errorf("read %s: %w", rec.Stream, err)
		}
		if earlier.Version >= rec.Version {
			break
		}
		s = evolve(s, earlier.Event)
	}
	return s, nil
}

// maxMerges is how many mergers of files lead from an old file to the present one.
const maxMerges = 10

// Credit signals arrears to the enterprise. It begins at the start of the log:
// what was found true before it was there counts as well.
func Credit(work *casework.Service, store eventstore.Store) Reaction {
	r := Bind("信用信号", credit.Reaction, func(ctx context.Context, id uuid.UUID, cmd *enterprise.Signal, req casework.Request) error {
		var err error
		for range maxMerges {
			// The old file is asked first: it may hold the command since before
			// the merger.
			_, err = work.OnEnterprise(ctx, id, cmd, req)
			if no, ok := errors.AsType[*domain.Rejection](err); !ok || no.Code != "enterprise_merged" {
				return err
			}
			into, err := mergedInto(ctx, store, id)
			if err != nil {
				return err
			}
			id = into
		}
		return err
	})
	r.FromStart = true
	return r
}

func mergedInto(ctx context.Context, store eventstore.Store, id uuid.UUID) (uuid.UUID, error) {
	var into uuid.UUID
	for rec, err := range store.Stream(ctx, casework.EnterpriseStream(id), eventstore.Head{}) {
		if err != nil {
			return uuid.Nil, fmt.Errorf("read enterprise: %w", err)
		}
		if merged, ok := rec.Event.(enterprise.Merged); ok {
			into = merged.IntoID
		}
	}
	return into, nil
}
