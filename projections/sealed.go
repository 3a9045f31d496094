package projections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/projections/text"
)

// Opener opens what is sealed in read models: a vault.Vault.
type Opener interface {
	// Unseal sets Plain, Withheld or Err of each secret.
	Unseal(ctx context.Context, secrets []eventstore.Secret) error
}

// Sealer seals and opens what is sealed in read models: a vault.Vault.
type Sealer interface {
	Opener
	// Seal sets Text. A subject that takes no more secrets is a *domain.Rejection.
	Seal(ctx context.Context, secrets []eventstore.Secret) error
}

// What a sealed column holds in place of a text that the model never had: when
// the event was read, the key was gone already, or it was closed and there was
// none of the column's class (models read and seal what is suspended, see
// eventstore.Resealing).
const (
	goneText   = "-"
	closedText = "="
)

// ErrSealed says that a sealed column of a read model holds what was not sealed
// for its place. A rebuild of the model mends it.
var ErrSealed = errors.New("projections: a sealed column holds what does not belong there")

// Cell is a personal value of a row: in the clear in memory, sealed in the table.
// A model that evolves a row sets *Plain to the new value and *Sealed to what
// Withheld says; Seal does the rest. Where *Plain stays empty, *Sealed is kept.
//
// A sealed text opens in its cell alone: Column (model, table and column), Row
// (Key for what is no UUID), Subject and Class are bound to it.
type Cell struct {
	Column  string
	Row     uuid.UUID
	Subject string
	Class   domain.SealClass
	Plain   *string
	Sealed  *string
}

// Key is Cell.Row for a key of more than one column.
func Key(parts ...any) uuid.UUID { return uuid.NewSHA1(uuid.Nil, fmt.Appendf(nil, "%q", parts)) }

// Withheld is what stands in a sealed column for a value of an event: nothing,
// unless its class was not given because its key is gone or closed.
func Withheld(r eventstore.Recorded, class domain.SealClass) string {
	switch {
	case slices.Contains(r.Shredded, class):
		return goneText
	case slices.Contains(r.Suspended, class):
		return closedText
	}
	return ""
}

// Gone is what is left of a sealed column when its subject is shredded.
func Gone(sealed string) string {
	if sealed == "" {
		return ""
	}
	return goneText
}

func (c Cell) secret() eventstore.Secret {
	return eventstore.Secret{Event: c.Row, Type: c.Column, Subject: c.Subject, Class: c.Class}
}

// Seal seals what is set in cells, with one look at the keys. What belongs to
// somebody who was shredded or suspended since the event was read is left out.
func Seal(ctx context.Context, s Sealer, cells []Cell) error {
	var secrets []eventstore.Secret
	var set []Cell
	for _, c := range cells {
		if *c.Plain == "" {
			continue
		}
		secret := c.secret()
		var err error
		if secret.Plain, err = json.Marshal(*c.Plain); err != nil {
			return fmt.Errorf("seal personal columns: %w", err)
		}
		secrets, set = append(secrets, secret), append(set, c)
	}
	if len(set) == 0 {
		return nil
	}
	err := s.Seal(ctx, secrets)
	if _, refused := errors.AsType[*domain.Rejection](err); refused {
		return sealSome(ctx, s, set, secrets)
	}
	if err != nil {
		return fmt.Errorf("seal personal columns: %w", err)
	}
	for i, c := range set {
		*c.Sealed = secrets[i].Text
	}
	return nil
}

// sealSome seals one by one, and leaves out what is refused. It happens when
// somebody's data are closed between the reading of a batch and its applying.
func sealSome(ctx context.Context, s Sealer, set []Cell, secrets []eventstore.Secret) error {
	for i, c := range set {
		err := s.Seal(ctx, secrets[i:i+1])
		rejection, refused := errors.AsType[*domain.Rejection](err)
		switch {
		case refused && rejection.Code == "vault_suspended":
			*c.Sealed = closedText
		case refused:
			*c.Sealed = goneText
		case err != nil:
			return fmt.Errorf("seal personal columns: %w", err)
		default:
			*c.Sealed = secrets[i].Text
		}
	}
	return nil
}

// Open opens cells, with one look at the keys, for a model that works on with
// them. What is withheld stays empty, and *Sealed as it is.
func Open(ctx context.Context, o Opener, cells []Cell) error { return open(ctx, o, cells, false) }

// Show opens cells, with one look at the keys, for people: what is withheld
// becomes 〔已销毁〕 or 〔已封存〕.
func Show(ctx context.Context, o Opener, cells []Cell) error { return open(ctx, o, cells, true) }

func open(ctx context.Context, o Opener, cells []Cell, show bool) error {
	var secrets []eventstore.Secret
	var there []Cell
	for _, c := range cells {
		switch *c.Sealed {
		case "":
		case goneText:
			withhold(c, eventstore.Shredded, show)
		case closedText:
			withhold(c, eventstore.Suspended, show)
		default:
			secret := c.secret()
			secret.Text = *c.Sealed
			secrets, there = append(secrets, secret), append(there, c)
		}
	}
	if len(there) == 0 {
		return nil
	}
	if err := o.Unseal(ctx, secrets); err != nil {
		return fmt.Errorf("open personal columns: %w", err)
	}
	for i, c := range there {
		s := &secrets[i]
		switch {
		case s.Err != nil:
			return fmt.Errorf("%w: %s: %w", ErrSealed, c.Column, s.Err)
		case s.Withheld != eventstore.InUse:
			withhold(c, s.Withheld, show)
		default:
			if err := json.Unmarshal(s.Plain, c.Plain); err != nil {
				return fmt.Errorf("%w: %s: %w", ErrSealed, c.Column, err)
			}
		}
	}
	return nil
}

func withhold(c Cell, why eventstore.Withheld, show bool) {
	switch {
	case !show:
	case why == eventstore.Suspended:
		*c.Plain = text.Suspended
	default:
		*c.Plain = text.Shredded
	}
}
