package reactions

import (
	"context"
	"fmt"

	"hearth/domain/person"
	"hearth/eventstore"
)

// Keys is who closes and destroys the keys of personal data. All can be repeated;
// at is the position of the event that says so.
type Keys interface {
	Suspend(ctx context.Context, at eventstore.Position, subjects ...string) error
	Unsuspend(ctx context.Context, at eventstore.Position, subjects ...string) error
	Shred(ctx context.Context, subjects ...string) error
}

// Erasure does to the keys what was decided about somebody's personal data. The
// decision is stored first: a crash before the keys are destroyed is made good
// by the next start, and so is a database restored from before. It begins at
// the start of the log for that.
func Erasure(keys Keys) Reaction {
	return Reaction{
		Name: "erasure", Title: "个人信息处置", FromStart: true,
		Types: []string{person.Suspended{}.EventType(), person.Unsuspended{}.EventType(), person.KeyShredded{}.EventType()},
		react: func(ctx context.Context, _ eventstore.Store, rec eventstore.Recorded, _ string) error {
			with := func(d person.Decision) []string { return append([]string{rec.Stream.Case}, d.Subjects...) }
			switch ev := rec.Event.(type) {
			case person.Suspended:
				return keys.Suspend(ctx, rec.Position, with(ev.Decision)...)
			case person.Unsuspended:
				return keys.Unsuspend(ctx, rec.Position, with(ev.Decision)...)
			case person.KeyShredded:
				return keys.Shred(ctx, with(ev.Decision)...)
			}
			return fmt.Errorf("%s says nothing about keys", rec.Type)
		},
	}
}
