package accounts

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"hearth/adapters/ticket"
	"hearth/domain"
)

// Failures are counted under locks. The first few of a lock are free; each further
// one doubles the wait, up to a longest one. After forgetAfter without a try all is
// forgotten.
//
// A browser that has signed in to the account before has a lock of its own and
// heeds no other: nobody can hold it up. Every other one heeds the lock of its
// address. And from networks that the account was never used from, all together
// heed one lock of the login, so that guessing from many addresses at once is as
// slow as from one.
const (
	freeTries   = 5
	freeAbroad  = 20
	longestWait = time.Minute
	longestCode = 15 * time.Minute // six digits are guessed sooner than a password
	forgetAfter = 15 * time.Minute
)

// lock is one count of failures.
type lock struct {
	key     string
	free    int
	longest time.Duration
}

// Place is where somebody signs in from: the network address, the device token
// that an earlier sign-in left in the browser, and what the browser says it is.
type Place struct {
	Address string
	Device  string
	Browser string
}

// network is the part of an address that moves little: a /24 or a /56.
func (p Place) network() string {
	addr, err := netip.ParseAddr(p.Address)
	if err != nil {
		return p.Address
	}
	bits := 56
	if addr = addr.Unmap(); addr.Is4() {
		bits = 24
	}
	prefix, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return p.Address
	}
	return prefix.String()
}

// The kinds of places that an account remembers.
const (
	placeDevice  = "device"
	placeNetwork = "network"
)

// hashed is a keyed hash, for values that could be guessed.
func (a *Accounts) hashed(kind, value string) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(a.Vault.Words("accounts "+kind, []string{value})[0]))
}

// knows reports whether the account was signed in to from this browser, or from
// this network, before.
func (a *Accounts) knows(ctx context.Context, account string, p Place) (device, network bool, err error) {
	if account == "" {
		account = "00000000-0000-0000-0000-000000000000" // an unknown login costs the same question
	}
	err = a.Pool.QueryRow(ctx, `
		select exists (select from hearth.known_place where account = @id and kind = @device and place = @ref),
		       exists (select from hearth.known_place where account = @id and kind = @network and place = @prefix)`,
		pgx.StrictNamedArgs{
			"id": account, "device": placeDevice, "ref": ticket.Ref(p.Device), "network": placeNetwork, "prefix": a.hashed(placeNetwork, p.network()),
		}).Scan(&device, &network)
	if err != nil {
		return false, false, fmt.Errorf("read known places: %w", err)
	}
	return device, network, nil
}

// locks are those that a try heeds, the narrowest first.
func (p Place) locks(what string, free int, longest time.Duration, device, network bool) []lock {
	if device {
		return []lock{{what + "\x00device\x00" + p.Device, free, longest}}
	}
	own := lock{what + "\x00address\x00" + p.Address, free, longest}
	if network {
		return []lock{own}
	}
	return []lock{own, {what + "\x00abroad", freeAbroad, longest}}
}

// holdUp counts one try, or rejects it when it comes too soon after the failures
// before it. It counts before anything is compared, so that many tries at once are
// no way around the wait.
func (a *Accounts) holdUp(ctx context.Context, locks []lock) error {
	for _, l := range locks {
		if err := a.try(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

func (a *Accounts) try(ctx context.Context, l lock) error {
	key := a.hashed("lock", l.key)
	args := pgx.StrictNamedArgs{
		"key": key, "now": a.now(), "forget": forgetAfter, "free": l.free, "longest": l.longest,
	}
	// One statement, so that tries at once are counted one by one.
	var failures int
	err := a.Pool.QueryRow(ctx, `
		insert into hearth.sign_in_try as t (key, failures, tried_at, next_at) values (@key, 1, @now, @now)
		on conflict (key) do update set
		    failures = case when t.tried_at < @now::timestamptz - @forget::interval then 1 else t.failures + 1 end,
		    tried_at = @now,
		    next_at  = case when t.tried_at < @now::timestamptz - @forget::interval or t.failures + 1 < @free then @now::timestamptz
		                    else @now::timestamptz + least(@longest::interval, interval '1 second' * 2 ^ least(t.failures + 1 - @free, 10)) end
		 where t.next_at <= @now
		returning failures`, args).Scan(&failures)
	if err == nil {
		return nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("count sign-in try: %w", err)
	}
	var next time.Time
	err = a.Pool.QueryRow(ctx, "select next_at from hearth.sign_in_try where key = $1", key).Scan(&next)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("count sign-in try: %w", err)
	}
	wait := max(1, int((next.Sub(a.now())+time.Second-1)/time.Second))
	return domain.Reject("too_many_tries", "连续输错多次,请等%d秒再试。如果忘了密码,请联系系统管理员重设。", wait)
}

// tidy forgets the failures of who has got through, and what is too old to count.
func (a *Accounts) tidy(ctx context.Context, locks []lock) error {
	batch := &pgx.Batch{}
	for i, l := range locks {
		if i == 0 { // of this place alone
			batch.Queue("delete from hearth.sign_in_try where key = $1", a.hashed("lock", l.key))
			continue
		}
		// Others may be guessing under the same lock; only this try was no failure.
		batch.Queue("update hearth.sign_in_try set failures = greatest(failures - 1, 0) where key = $1", a.hashed("lock", l.key))
	}
	batch.Queue("delete from hearth.sign_in_try where tried_at < $1", a.now().Add(-forgetAfter))
	batch.Queue("delete from hearth.session where expires <= $1", a.now())
	batch.Queue("delete from hearth.known_place where seen_at < $1", a.now().Add(-DeviceLife))
	if err := a.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("after sign-in: %w", err)
	}
	return nil
}
