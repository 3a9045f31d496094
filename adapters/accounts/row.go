package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/user"
	"hearth/eventstore"
)

// kept is the state of an account as its row has it: like an event, with the
// personal fields sealed apart.
type kept struct{ user.State }

// EventType names the row where a sealed field belongs.
func (kept) EventType() string { return "account.kept" }

var keptSpec = domain.Spec[kept]()

// gone stands for the name of somebody whose personal data were destroyed.
const gone = "〔已销毁〕"

// columns are what account is read from.
const columns = `id::text, login, state, sealed, version, position, legacy, created_at`

// row is an account as it is stored.
type row struct {
	ID        string
	Login     string
	State     []byte
	Sealed    map[domain.SealClass]string
	Version   int64
	Position  int64
	Legacy    *legacy
	CreatedAt time.Time
}

// account is an account as it was last known.
type account struct {
	row
	state    user.State
	withheld bool // its personal fields are suspended or destroyed
}

// legacy is an account of before accounts were events, see bringOver.
type legacy struct {
	Name     string        `json:"name"`
	Org      string        `json:"org"`
	Roles    []domain.Role `json:"roles"`
	Disabled bool          `json:"disabled"`
	Password string        `json:"password"` // id of the credential
}

// state is what a legacy account comes to until it is brought over.
func (l *legacy) state(id, login string) user.State {
	s := user.State{
		ID: id, Identity: user.Identity{Login: login, Name: l.Name}, Home: l.Org, Disabled: l.Disabled, Password: l.Password, Generation: 1,
	}
	for _, r := range l.Roles {
		s.Grants = append(s.Grants, user.Grant{
			Terms: user.Terms{Grant: legacyGrant(id, r), Role: r, Org: l.Org}, Status: user.StatusGranted, How: user.HowMigrated,
		})
	}
	return s
}

// find reads accounts, those that a condition chooses.
func (a *Accounts) find(ctx context.Context, where string, args pgx.StrictNamedArgs) ([]account, error) {
	rows, err := a.Pool.Query(ctx, "select "+columns+" from hearth.account where (state is not null or legacy is not null) and "+where, args)
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	return a.open(ctx, found)
}

// one is the account that a condition chooses.
func (a *Accounts) one(ctx context.Context, where, key string) (account, error) {
	found, err := a.find(ctx, where, pgx.StrictNamedArgs{"key": key})
	if err != nil {
		return account{}, err
	}
	if len(found) == 0 {
		return account{}, ErrNotFound
	}
	return found[0], nil
}

func (a *Accounts) byID(ctx context.Context, id string) (account, error) {
	if uuid.Validate(id) != nil {
		return account{}, ErrNotFound
	}
	return a.one(ctx, "id = @key", id)
}

func (a *Accounts) byLogin(ctx context.Context, login string) (account, error) {
	return a.one(ctx, "login = @key", strings.ToLower(strings.TrimSpace(login)))
}

// open opens what is sealed in rows, all at once.
func (a *Accounts) open(ctx context.Context, rows []row) ([]account, error) {
	var secrets []eventstore.Secret
	var of []int
	for i, r := range rows {
		for class, text := range r.Sealed {
			secrets = append(secrets, keptSecret(r.ID, class, text))
			of = append(of, i)
		}
	}
	if len(secrets) > 0 {
		if err := a.Vault.Unseal(ctx, secrets); err != nil {
			return nil, fmt.Errorf("open accounts: %w", err)
		}
	}
	accounts := make([]account, len(rows))
	personal := make([][]json.RawMessage, len(rows))
	for n, s := range secrets {
		switch {
		case s.Err != nil:
			return nil, fmt.Errorf("open account: %w", s.Err)
		case s.Withheld != eventstore.InUse:
			accounts[of[n]].withheld = true
		default:
			personal[of[n]] = append(personal[of[n]], s.Plain)
		}
	}
	for i, r := range rows {
		accounts[i].row = r
		if err := accounts[i].restore(personal[i]); err != nil {
			return nil, fmt.Errorf("open account: %w", err)
		}
	}
	return accounts, nil
}

func keptSecret(id string, class domain.SealClass, text string) eventstore.Secret {
	return eventstore.Secret{Event: uuid.MustParse(id), Type: kept{}.EventType(), Subject: id, Class: class, Text: text}
}

// restore puts the state together.
func (acc *account) restore(personal []json.RawMessage) error {
	if acc.State == nil {
		acc.state = acc.Legacy.state(acc.ID, acc.Login)
		return nil
	}
	data, err := domain.Restore(acc.State, personal...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &acc.state); err != nil {
		return err
	}
	if acc.withheld {
		acc.state.Identity = user.Identity{Login: acc.Login, Name: gone}
	}
	return nil
}

// bringUp brings the row of an account up to its stream, and does what follows
// from the events in other tables. Rows and events are not one transaction: the
// events come first, and a crash before this leaves a row that is behind, which
// this repairs whenever it is called next.
func (a *Accounts) bringUp(ctx context.Context, id string) (account, error) {
	acc, head, err := a.base(ctx, id)
	if err != nil {
		return account{}, err
	}
	var done effects
	for rec, err := range a.Engine.Store().Stream(ctx, stream(id), head) {
		if err != nil {
			return account{}, fmt.Errorf("read account: %w", err)
		}
		ev, ok := rec.Event.(user.Event)
		if !ok {
			return account{}, fmt.Errorf("%w: %s in stream %s", eventstore.ErrCorrupt, rec.Type, stream(id))
		}
		if rec.Version == 1 {
			done.since = rec.Position
		}
		before := acc.state.Generation
		acc.withheld = acc.withheld || len(rec.Shredded)+len(rec.Suspended) > 0
		acc.state = acc.state.Evolve(ev)
		done.ended = append(done.ended, endedSession(ev))
		if acc.state.Generation != before {
			done.allEnded = rec.Meta.By.At
		}
		head = eventstore.Head{Version: rec.Version, Position: rec.Position}
	}
	if int64(head.Version) == acc.Version {
		return acc, nil
	}
	acc.Version, acc.Position = int64(head.Version), int64(head.Position)
	return acc, a.save(ctx, acc, done)
}

// effects are what events come to besides the state.
type effects struct {
	since    eventstore.Position // of the account's first event, 0 when it is not among them
	ended    []string            // sessions
	allEnded time.Time           // all sessions that began before
}

// base is what a row is brought up from: what it holds, or the beginning when it
// has no version, as behind a restore.
func (a *Accounts) base(ctx context.Context, id string) (account, eventstore.Head, error) {
	rows, err := a.Pool.Query(ctx, "select "+columns+" from hearth.account where id = $1", id)
	if err != nil {
		return account{}, eventstore.Head{}, fmt.Errorf("read account: %w", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[row])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return account{}, eventstore.Head{}, ErrNotFound
	case err != nil:
		return account{}, eventstore.Head{}, fmt.Errorf("read account: %w", err)
	case r.Version == 0:
		return account{row: r}, eventstore.Head{}, nil
	}
	opened, err := a.open(ctx, []row{r})
	if err != nil {
		return account{}, eventstore.Head{}, err
	}
	return opened[0], eventstore.Head{Version: uint64(r.Version), Position: eventstore.Position(r.Position)}, nil
}

// endedSession is the session that an event ends, empty for none.
func endedSession(ev user.Event) string {
	switch ev := ev.(type) {
	case user.SignedOut:
		return ev.Session
	case user.SessionsEnded:
		return ev.Session
	case user.Created, user.Renamed, user.MovedHome, user.RoleRequested, user.RoleGranted, user.RoleRefused, user.RoleRevoked,
		user.Disabled, user.Enabled, user.PasswordSet, user.SecondFactorSet, user.RecoveryCodesRenewed, user.FactorRemovalRequested,
		user.FactorRemovalRefused, user.SecondFactorRemoved, user.SignedIn, user.SignInFailed, user.HeldUp,
		user.TokenIssued, user.TokenRevoked, user.LinkInvited, user.ExternalLinked, user.ExternalUnlinked:
	}
	return ""
}

// save stores the state and what follows from it, in one transaction.
func (a *Accounts) save(ctx context.Context, acc account, done effects) error {
	data, sealed, err := a.seal(ctx, acc)
	if err != nil {
		return err
	}
	s := acc.state
	args := pgx.StrictNamedArgs{
		"id": acc.ID, "state": data, "sealed": sealed, "version": acc.Version, "position": acc.Position, "since": int64(done.since),
	}
	err = pgx.BeginFunc(ctx, a.Pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		// Who is slower has read less and changes nothing.
		batch.Queue(`update hearth.account set state = @state, sealed = coalesce(@sealed::jsonb, sealed), version = @version, position = @position,
			since = greatest(since, @since), legacy = null where id = @id and version < @version`, args)
		batch.Queue(`update hearth.session set ended_at = $2, data = '' where account = $1 and ended_at is null and (id::text = any($3) or began <= $4)`,
			acc.ID, a.now(), done.ended, done.allEnded)
		a.forgetCredentials(batch, s)
		if !acc.withheld {
			a.linkExternal(batch, s)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return fmt.Errorf("store account: %w", err)
	}
	return nil
}

// seal is the state of an account as its row holds it. Nothing personal is sealed
// anew when the keys are withheld: the row keeps what it has.
func (a *Accounts) seal(ctx context.Context, acc account) (data []byte, sealed []byte, err error) {
	raw, personal, err := keptSpec.Extract(kept{acc.state})
	if err != nil {
		return nil, nil, fmt.Errorf("store account: %w", err)
	}
	if acc.withheld {
		return raw, nil, nil
	}
	texts := map[domain.SealClass]string{}
	secrets := make([]eventstore.Secret, len(personal))
	for i, p := range personal {
		secrets[i] = keptSecret(acc.ID, p.Class, "")
		secrets[i].Plain = p.JSON
	}
	if len(secrets) > 0 {
		if err := a.Vault.Seal(ctx, secrets); err != nil {
			return nil, nil, fmt.Errorf("seal account: %w", err)
		}
	}
	for _, s := range secrets {
		texts[s.Class] = s.Text
	}
	sealed, err = json.Marshal(texts)
	return raw, sealed, err
}

// stream is the stream of an account.
func stream(id string) eventstore.StreamID {
	return eventstore.StreamID{Family: user.Family, Case: id}
}
