package vault

import "context"

// Listening waits until the vault hears of destroyed keys.
func (v *Vault) Listening(ctx context.Context) error {
	select {
	case <-v.listening:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Forget drops all keys that are in memory.
func (v *Vault) Forget() { v.forget(true) }

// Remembered is how many keys are in memory.
func (v *Vault) Remembered() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.byID.Len()
}
