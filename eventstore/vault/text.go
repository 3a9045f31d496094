package vault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"hearth/domain"
	"hearth/eventstore"
)

// A sealed text is base64url, without padding, of
//
//	version 1 | algorithm | key id (16) | nonce (12) | ciphertext with its tag
//
// The plaintext is JSON, filled up with spaces to a multiple of 64 bytes, so that
// its length tells little. Associated data are the first 18 bytes of the text and
// the event id, event type, subject and class that it belongs to.
//
// The nonce is the beginning of HMAC-SHA256 over the associated data and the
// plaintext, under the second half of the data key. So the same secret always
// gives the same text, and two different ones have different nonces.
const (
	textVersion = 1
	aes256GCM   = 1
	sm4GCM      = 2 // reserved: GB/T 32907 in the same mode

	headerSize = 2 + 16
	nonceSize  = 12
	tagSize    = 16
	padTo      = 64
	halfKey    = 32
)

var encoding = base64.RawURLEncoding.Strict()

// errDamaged says that a text is not what was sealed, or not where.
var errDamaged = errors.New("a sealed text is damaged or was moved")

// key is an opened data key.
type key struct {
	id    keyID
	name  name
	state eventstore.Withheld
	aead  cipher.AEAD // nil when the key is destroyed, or was never made
	nonce []byte      // what nonces are made with
}

func newKey(r record) *key {
	k := &key{id: r.id, name: r.name, state: r.state}
	if r.secret != nil {
		k.aead, k.nonce = gcm(r.secret[:halfKey]), r.secret[halfKey:]
	}
	return k
}

func gcm(secret []byte) cipher.AEAD {
	block, err := aes.NewCipher(secret)
	if err != nil {
		panic(err) // only for a wrong length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// associated is what a text is bound to, behind its own header.
func associated(b []byte, s *eventstore.Secret) []byte {
	b = append(b, s.Event[:]...)
	for _, part := range []string{s.Type, s.Subject, string(s.Class)} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(part)))
		b = append(b, part...)
	}
	return b
}

// Seal implements eventstore.Protector.
func (v *Vault) Seal(ctx context.Context, secrets []eventstore.Secret) error {
	names := make([]name, len(secrets))
	for i, s := range secrets {
		names[i] = name{s.Subject, s.Class}
	}
	keys, err := v.named(ctx, names)
	if err != nil {
		return err
	}
	for i := range secrets {
		k := keys[names[i]]
		if k == nil {
			return fmt.Errorf("no key for class %s", secrets[i].Class)
		}
		switch k.state {
		case eventstore.Suspended:
			if eventstore.IsResealing(ctx) && k.aead != nil {
				break
			}
			return domain.Reject("vault_suspended", "有关的个人信息已封存,不能再登记新的内容。请先经两人审批解封。")
		case eventstore.Shredded:
			return domain.Reject("vault_shredded", "有关的个人信息已销毁,不能再登记新的内容。确有需要的,请重新立案、建档。")
		case eventstore.InUse:
		}
		secrets[i].Text = k.seal(&secrets[i])
	}
	return nil
}

func (k *key) seal(s *eventstore.Secret) string {
	size := (len(s.Plain) + padTo - 1) / padTo * padTo
	raw := make([]byte, headerSize, headerSize+nonceSize+size+tagSize)
	raw[0], raw[1] = textVersion, aes256GCM
	copy(raw[2:], k.id[:])
	plain := make([]byte, size)
	for i := copy(plain, s.Plain); i < size; i++ {
		plain[i] = ' '
	}
	bound := associated(append(make([]byte, 0, 256), raw...), s)
	mac := hmac.New(sha256.New, k.nonce)
	mac.Write(bound)
	mac.Write(plain)
	nonce := mac.Sum(nil)[:nonceSize]
	raw = append(raw, nonce...)
	raw = k.aead.Seal(raw, nonce, plain, bound)
	return encoding.EncodeToString(raw)
}

// Unseal implements eventstore.Protector.
func (v *Vault) Unseal(ctx context.Context, secrets []eventstore.Secret) error {
	raws, ids := make([][]byte, len(secrets)), make([]keyID, 0, len(secrets))
	for i := range secrets {
		raw, err := encoding.DecodeString(secrets[i].Text)
		if err != nil || len(raw) < headerSize+nonceSize+tagSize || raw[0] != textVersion || raw[1] != aes256GCM {
			secrets[i].Err = fmt.Errorf("%w: of no form that this program reads", errDamaged)
			continue
		}
		raws[i] = raw
		ids = append(ids, keyID(raw[2:headerSize]))
	}
	keys, err := v.byIDs(ctx, ids)
	if err != nil {
		return err
	}
	for i, raw := range raws {
		if raw != nil {
			open(ctx, keys[keyID(raw[2:headerSize])], &secrets[i], raw)
		}
	}
	return nil
}

// open opens one text. A key that is gone withholds, it is no error.
func open(ctx context.Context, k *key, s *eventstore.Secret, raw []byte) {
	switch {
	case k == nil || k.aead == nil:
		s.Withheld = eventstore.Shredded
		return
	case k.state != eventstore.InUse && !eventstore.IsResealing(ctx) && !unsealed(ctx, s.Subject):
		s.Withheld = k.state
		return
	}
	bound := associated(append(make([]byte, 0, 256), raw[:headerSize]...), s)
	nonce, sealed := raw[headerSize:headerSize+nonceSize], raw[headerSize+nonceSize:]
	if s.Plain, s.Err = k.aead.Open(sealed[:0], nonce, sealed, bound); s.Err != nil {
		s.Err = errDamaged
	}
}
