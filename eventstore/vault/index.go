package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"hearth/domain/person"
)

// IndexKind is what is looked up by a blind index.
type IndexKind string

// The kinds. Each has its own way to write the same value in one form.
const (
	IndexIDNo    IndexKind = "id_no"   // 15 digits become 18; the check digit must be right
	IndexPhone   IndexKind = "phone"   // digits
	IndexAccount IndexKind = "account" // digits
)

// indexSize is short of the whole sum: enough to find somebody by, and no more.
const indexSize = 16

// indexName is the key of the index among the data keys. It is no subject of
// anybody, and is never destroyed.
var indexName = name{subject: "index", class: "index"}

var errNoIndex = errors.New("the vault has no key for its index")

// Normal writes a value in the one form that its index is made of. A value that
// cannot be right is a *domain.Rejection, which never repeats it.
func Normal(kind IndexKind, value string) (string, error) {
	switch kind {
	case IndexIDNo:
		return person.ParseIDNo(value)
	case IndexPhone:
		return person.ParsePhone(value)
	case IndexAccount:
		return person.ParseAccount(value)
	}
	return "", fmt.Errorf("no index of kind %q", kind)
}

// Index is the blind index of a value: equal for equal values, and telling
// nothing about them to who has not the key. It belongs into read models, which
// are erased with the person, and never into events.
func (v *Vault) Index(kind IndexKind, value string) ([]byte, error) {
	normal, err := Normal(kind, value)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, v.indexKey)
	mac.Write([]byte(kind))
	mac.Write([]byte{0})
	mac.Write([]byte(normal))
	return mac.Sum(nil)[:indexSize], nil
}
