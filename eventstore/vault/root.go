package vault

import (
	"context"
	"crypto/rand"
	"errors"
)

// ErrRoot says that a root key does not open what was wrapped.
var ErrRoot = errors.New("vault: the root key is another one")

// Root is the key above all others. It wraps epoch keys, and is neither in the
// database nor in a backup of it. An HSM or a key server fits behind it as well.
type Root interface {
	// Wrap encrypts an epoch key. bound is what Unwrap must be told again.
	Wrap(ctx context.Context, key, bound []byte) ([]byte, error)
	// Unwrap gives back the key, or ErrRoot.
	Unwrap(ctx context.Context, wrapped, bound []byte) ([]byte, error)
	// Begin makes the root key for a vault without any keys, when there is none
	// yet. undo takes it back, for when another instance was faster.
	Begin(ctx context.Context) (undo func() error, err error)
}

// wrap appends nonce and ciphertext of a key. Nonces are random: a key above
// others wraps far fewer than would make one come twice.
func wrap(b, above, key, bound []byte) []byte {
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	return gcm(above).Seal(append(b, nonce...), nonce, key, bound)
}

func unwrap(wrapped, above, bound []byte) ([]byte, error) {
	if len(wrapped) < nonceSize {
		return nil, errDamaged
	}
	return gcm(above).Open(nil, wrapped[:nonceSize], wrapped[nonceSize:], bound)
}
