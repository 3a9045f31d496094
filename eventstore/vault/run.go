package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hearth/adapters/postgres"
)

// channel is where the database tells of keys that were destroyed or closed.
const channel = "hearth_vault"

// Run listens for keys that are destroyed or closed by other instances until ctx
// ends. Opened keys are remembered only while it does: a vault that would not
// hear of it asks the database each time.
func (v *Vault) Run(ctx context.Context) {
	if v.db == nil {
		<-ctx.Done()
		return
	}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		begun := time.Now()
		err := v.listen(ctx)
		v.forget(false)
		if ctx.Err() != nil {
			return
		}
		v.opts.Logger.WarnContext(ctx, "the vault does not hear of destroyed keys", "err", err)
		if time.Since(begun) > time.Minute {
			wait = 100 * time.Millisecond
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// listen forgets all keys whenever the database says so, until something breaks.
func (v *Vault) listen(ctx context.Context) error {
	session, err := postgres.NewSession(ctx, v.db.pool, "hearth vault", "listen "+channel)
	if err != nil {
		return err
	}
	defer session.Close(ctx)
	// What was destroyed before we listened is not told; so all begins anew.
	v.forget(true)
	v.heard.Do(func() { close(v.listening) })
	for {
		beat, cancel := context.WithTimeout(ctx, v.opts.Heartbeat)
		_, err := session.Conn.WaitForNotification(beat)
		cancel()
		switch {
		case err == nil:
			v.forget(true)
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			if err := session.Ping(ctx); err != nil {
				return err
			}
		default:
			return fmt.Errorf("listen: %w", err)
		}
	}
}
