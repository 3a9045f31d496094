package vault

import (
	"context"
	"fmt"
	"slices"

	"hearth/eventstore"
)

// Subjects go from in use to suspended and back, and from anywhere to shredded,
// which is the end. All three can be repeated: what was said by an event at an
// earlier position than the last changes nothing.

// Suspend withholds what is sealed for subjects until Unsuspend; at is the
// position of the event that says so. Nothing new is sealed for them.
func (v *Vault) Suspend(ctx context.Context, at eventstore.Position, subjects ...string) error {
	return v.mark(ctx, eventstore.Suspended, at, subjects)
}

// Unsuspend takes subjects back into use.
func (v *Vault) Unsuspend(ctx context.Context, at eventstore.Position, subjects ...string) error {
	return v.mark(ctx, eventstore.InUse, at, subjects)
}

// Shred destroys the keys of subjects in one transaction and tells all instances.
// What they sealed is gone for good, and no new key is made for them.
func (v *Vault) Shred(ctx context.Context, subjects ...string) error {
	return v.mark(ctx, eventstore.Shredded, 0, subjects)
}

func (v *Vault) mark(ctx context.Context, to eventstore.Withheld, at eventstore.Position, subjects []string) error {
	if len(subjects) == 0 {
		return nil
	}
	if err := v.shelf.mark(ctx, to, at, subjects); err != nil {
		return fmt.Errorf("close %d subjects in the vault: %w", len(subjects), err)
	}
	v.mu.Lock()
	hears := v.hears
	v.mu.Unlock()
	v.forget(hears) // at once, not when the database tells
	return nil
}

// unsealedKey is the context's for subjects that may be read while suspended.
type unsealedKey struct{}

// Unsealed lets reads with this context see what is suspended for subjects. Two
// people must have agreed to it: whoever calls it has made sure.
func Unsealed(ctx context.Context, subjects ...string) context.Context {
	before, _ := ctx.Value(unsealedKey{}).([]string)
	return context.WithValue(ctx, unsealedKey{}, slices.Concat(before, subjects))
}

func unsealed(ctx context.Context, subject string) bool {
	subjects, _ := ctx.Value(unsealedKey{}).([]string)
	return slices.Contains(subjects, subject)
}
