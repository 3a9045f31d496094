package reactions_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/postgres"
	"hearth/adapters/reactions"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/storetest"
	"hearth/eventstore/vault"
)

// keys is a vault that fails now and then, before or after it did what it was told.
type keys struct {
	*vault.Vault
	mu    sync.Mutex
	calls int  // guarded by mu
	after bool // the failure comes after the deed
}

var errAway = errors.New("the vault is away")

func (k *keys) Shred(ctx context.Context, subjects ...string) error {
	k.mu.Lock()
	k.calls++
	fail := k.calls == 1
	k.mu.Unlock()
	if fail && !k.after {
		return errAway
	}
	return errors.Join(k.Vault.Shred(ctx, subjects...), map[bool]error{true: errAway}[fail])
}

// TestErasure: what two people approved is done to the keys, however often it is
// tried, and all that was stored can still be read.
func TestErasure(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"FailButPersist": true, "FailAndNotPersist": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.pool = pgtest.Pool(t, pgtest.Installed())
			must(t, postgres.Migrate(t.Context(), b.pool))
			v := vault.New(b.pool, vault.NewPassphrase(filepath.Join(t.TempDir(), "passphrase")), vault.Options{Logger: slog.New(slog.DiscardHandler)})
			must(t, v.Open(t.Context()))
			b.store = memstore.New(eventstore.NewRegistry(complaint.Specs(), person.Specs()).Protected(v))
			engine := eventstore.NewEngine(b.store, 100)
			v.OnChange(engine.Forget)
			work := casework.New(engine, casework.Options{Now: func() time.Time { return storetest.Clock }})
			as := func(who string) casework.Request {
				return casework.Request{CommandID: uuid.New(), Actor: domain.Actor{ID: who, Org: "jc", Role: domain.RoleOrgHead}}
			}

			id, _, err := work.NewPerson(t.Context(), person.Register{Kind: "worker", Identity: person.Identity{Name: "张三"}, Contact: person.Contact{Phone: "13800001234"}}, as("u1"))
			must(t, err)
			kase, other := uuid.New(), uuid.New()
			for _, c := range []uuid.UUID{kase, other} {
				meta := storetest.Meta()
				meta.CommandID = c
				_, err := b.store.Append(t.Context(), eventstore.Change{Stream: casework.CaseStream(c), Drafts: []eventstore.Draft{
					{ID: eventstore.EventID(c, 0), Event: complaint.Registered{No: "1", Summary: "张三说……"}, Meta: meta},
				}})
				must(t, err)
			}
			start(t, b.runner(reactions.Erasure(&keys{Vault: v, after: after})))

			// who can be read: the person's name, the narrative of the two cases.
			read := func() (texts [3]string, withheld int) {
				for rec, err := range eventstore.After(t.Context(), b.store, 0) {
					must(t, err)
					withheld += len(rec.Shredded)*10 + len(rec.Suspended)
					switch ev := rec.Event.(type) {
					case person.Registered:
						texts[0] = ev.Identity.Name
					case complaint.Registered:
						texts[map[string]int{kase.String(): 1, other.String(): 2}[rec.Stream.Case]] = ev.Summary
					}
				}
				return texts, withheld
			}
			step := func(cmd *person.RequestErasure, want [3]string, wantWithheld int) {
				t.Helper()
				var head eventstore.Head
				_, err := work.OnPerson(t.Context(), id, cmd, as("u1"))
				must(t, err)
				for _, who := range []string{"u2", "u3"} {
					head, err = work.OnPerson(t.Context(), id, &person.ApproveErasure{Step: cmd.Step}, as(who))
					must(t, err)
				}
				b.reaches("erasure", head.Position)
				if got, withheld := read(); got != want || withheld != wantWithheld {
					t.Errorf("after %s: %q, withheld %d; want %q, %d", cmd.Step, got, withheld, want, wantWithheld)
				}
			}
			open, closed := [3]string{"张三", "张三说……", "张三说……"}, [3]string{"", "", "张三说……"}
			suspend := &person.RequestErasure{Step: person.StepSuspend, Basis: "storage_only", Subjects: []string{kase.String()}}
			step(suspend, closed, 3)
			step(&person.RequestErasure{Step: person.StepUnsuspend, Basis: "own_request"}, open, 0)
			step(suspend, closed, 3)
			if _, err := work.OnPerson(t.Context(), id, &person.CorrectContact{Contact: person.Contact{Phone: "13900001234"}}, as("u1")); codeOf(err) != "person_suspended" {
				t.Errorf("a correction while suspended: %v", err)
			}
			step(&person.RequestErasure{Step: person.StepShred, Basis: "purpose_ended"}, closed, 30)
			if n := b.number("select count(*) from hearth.parked"); n != 0 {
				t.Errorf("%d events are parked", n)
			}
			if n := b.number("select count(*) from vault.data_key where wrapped is not null and subject in ($1, $2)", id.String(), kase.String()); n != 0 {
				t.Errorf("%d keys are left", n)
			}
		})
	}
}

func codeOf(err error) string {
	if no, ok := errors.AsType[*domain.Rejection](err); ok {
		return no.Code
	}
	return ""
}
