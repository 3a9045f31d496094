// Package ticket keeps short-lived personal data, such as what somebody searched
// for, so that the database alone cannot give them away: they are sealed under a
// key made of a random secret that only their holder has, a session's cookie say.
// The database knows the secret by its Ref alone.
package ticket

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

const nonceSize = 12

// Ref is what the data are found by. It does not lead back to the secret.
func Ref(secret string) []byte { return derived("hearth-ticket-ref/v1", secret) }

// Seal seals data under a secret of at least 128 random bits.
func Seal(secret string, plain []byte) []byte {
	nonce := make([]byte, nonceSize, nonceSize+len(plain)+16)
	rand.Read(nonce)
	return aead(secret).Seal(nonce, nonce, plain, nil)
}

// Open gives what was sealed under the secret; ok is false when it was not.
func Open(secret string, sealed []byte) (plain []byte, ok bool) {
	if len(sealed) < nonceSize {
		return nil, false
	}
	plain, err := aead(secret).Open(nil, sealed[:nonceSize], sealed[nonceSize:], nil)
	return plain, err == nil
}

func aead(secret string) cipher.AEAD {
	block, err := aes.NewCipher(derived("hearth-ticket-key/v1", secret))
	if err != nil {
		panic(err) // only for a wrong length
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

func derived(label, secret string) []byte {
	mac := hmac.New(sha256.New, []byte(label))
	mac.Write([]byte(secret))
	return mac.Sum(nil)
}
