package accounts

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/user"
)

// externalHash is what an identity is found by; it tells nothing without the key.
func (a *Accounts) externalHash(x user.External) []byte {
	return a.hashed("external", x.Issuer+"\x00"+x.Subject)
}

// byExternal is the account that an identity is linked to.
func (a *Accounts) byExternal(ctx context.Context, x user.External) (account, error) {
	found, err := a.find(ctx, "id = (select account from hearth.external_identity where hash = @hash)", pgx.StrictNamedArgs{"hash": a.externalHash(x)})
	if err != nil {
		return account{}, err
	}
	if len(found) == 0 || !slices.Contains(found[0].state.External, x) {
		return account{}, ErrNotFound
	}
	return found[0], nil
}

// LinkExternal lets a user sign in as whom an identity provider vouches for. One
// identity is linked to one account.
func (a *Accounts) LinkExternal(ctx context.Context, id string, x user.External, r Request) error {
	acc, err := a.byID(ctx, id)
	if err != nil {
		return err
	}
	return a.link(ctx, acc.ID, &user.LinkExternal{External: x}, r)
}

func (a *Accounts) link(ctx context.Context, id string, cmd *user.LinkExternal, r Request) error {
	x := cmd.External
	if other, err := a.byExternal(ctx, x); err == nil && other.ID != id {
		return domain.Reject("external_taken", "这个统一身份已关联另一个账号,请先在那个账号里解除。")
	}
	// Only the table keeps it unique, so it comes first. A crash behind it leaves a
	// row that leads to an account without the identity: to nobody, and whoever
	// links it next takes it over.
	_, err := a.Pool.Exec(ctx, "insert into hearth.external_identity (hash, account) values ($1, $2) on conflict (hash) do update set account = $2", a.externalHash(x), id)
	if err != nil {
		return fmt.Errorf("link identity: %w", err)
	}
	return a.single(ctx, id, cmd, r)
}

// linkExternal makes the table say what the state says.
func (a *Accounts) linkExternal(batch *pgx.Batch, s user.State) {
	hashes := make([][]byte, 0, len(s.External))
	for _, x := range s.External {
		hashes = append(hashes, a.externalHash(x))
		batch.Queue("insert into hearth.external_identity (hash, account) values ($1, $2) on conflict (hash) do nothing", a.externalHash(x), s.ID)
	}
	batch.Queue("delete from hearth.external_identity where account = $1 and not hash = any($2)", s.ID, hashes)
}
