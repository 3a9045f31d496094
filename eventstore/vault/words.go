package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// wordsLabel tells the key of words from that of Index, from which it is made.
const wordsLabel = "hearth-words/v1"

// Words are keyed hashes of words, in their order: equal for equal words of one
// kind, and telling nothing about them to who has not the key. They are what a
// column is searched by in place of words: beginnings of names, say. Like what
// Index makes they belong into read models alone.
func (v *Vault) Words(kind string, words []string) []int64 {
	key := hmac.New(sha256.New, v.indexKey)
	key.Write([]byte(wordsLabel))
	mac := hmac.New(sha256.New, key.Sum(nil))
	hashes := make([]int64, len(words))
	var sum [sha256.Size]byte
	for i, word := range words {
		mac.Reset()
		mac.Write([]byte(kind))
		mac.Write([]byte{0})
		mac.Write([]byte(word))
		hashes[i] = int64(binary.BigEndian.Uint64(mac.Sum(sum[:0])))
	}
	return hashes
}
