package eventstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"hearth/domain"
)

// ErrSealing says that the keys for personal fields cannot be had at the moment:
// nothing was stored, or what is stored cannot be read just now. It is neither
// damage nor an outcome that is unknown, and trying again helps.
var ErrSealing = errors.New("eventstore: the keys of personal fields cannot be had")

// Secret is all that one event holds of one class of personal fields. Event, Type
// and Subject tell where it belongs: it can be opened nowhere else. Subject is
// the case id of the event's stream.
type Secret struct {
	Event   uuid.UUID
	Type    string
	Subject string
	Class   domain.SealClass
	Plain   []byte // JSON, see domain.Personal; white space may follow
	Text    string // as it is stored
	// Withheld says why Plain was not given, InUse when it was.
	Withheld Withheld
	// Err says that Text is damaged or was moved.
	Err error
}

// Withheld is why a secret is not opened.
type Withheld uint8

// The reasons. Suspended secrets are there and nobody reads them; the key of a
// shredded one is gone for good.
const (
	InUse Withheld = iota
	Suspended
	Shredded
)

// resealingKey is the context's for those who only seal again what they read.
type resealingKey struct{}

// Resealing is the context of a reader that shows nothing to anybody and seals
// what it reads again in a place of its own, bound to the same subject and class:
// a read model. To it a Protector gives what is suspended, and takes it back. So
// the rows of a model are the same whether somebody was suspended while it was
// built or not, and when the data are in use again, nothing has to be built anew;
// who reads the rows for people is given nothing meanwhile. What is shredded is
// gone for everybody.
func Resealing(ctx context.Context) context.Context {
	return context.WithValue(ctx, resealingKey{}, true)
}

// IsResealing reports whether a context is one of Resealing.
func IsResealing(ctx context.Context) bool {
	is, _ := ctx.Value(resealingKey{}).(bool)
	return is
}

// Protector seals personal fields on their way into a store and opens them on
// their way out. Both take everything of one append, or of one page, at once, so
// that what must be fetched costs one round trip.
//
// The same secret sealed twice gives the same Text. Errors other than a
// *domain.Rejection say that the keys cannot be had; they are for all secrets.
type Protector interface {
	// Seal sets Text. It makes the keys that are missing, and they are on disk
	// when it returns. A subject that takes no more secrets is a *domain.Rejection;
	// one that is suspended takes those of Resealing.
	Seal(ctx context.Context, secrets []Secret) error
	// Unseal sets Plain, Withheld or Err of each secret. It withholds what is
	// suspended from all but Resealing.
	Unseal(ctx context.Context, secrets []Secret) error
}

// seal calls the protector for one append.
func (r *Registry) seal(ctx context.Context, secrets []Secret) error {
	if len(secrets) == 0 {
		return nil
	}
	if r.protector == nil {
		return fmt.Errorf("%w: %s has personal fields, and the registry has no protector", ErrInvalid, secrets[0].Type)
	}
	err := r.protector.Seal(ctx, secrets)
	if _, refused := errors.AsType[*domain.Rejection](err); refused {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSealing, err)
	}
	return nil
}

// unseal calls the protector for one page.
func (r *Registry) unseal(ctx context.Context, secrets []Secret) error {
	if len(secrets) == 0 {
		return nil
	}
	if r.protector == nil {
		return fmt.Errorf("%w: the registry has no protector", ErrSealing)
	}
	if err := r.protector.Unseal(ctx, secrets); err != nil {
		return fmt.Errorf("%w: %w", ErrSealing, err)
	}
	return nil
}

// appendSealed writes the data of an event: what is sealed first, then the rest.
func appendSealed(b, data []byte, secrets []Secret) []byte {
	if len(secrets) == 0 {
		return append(b, data...)
	}
	b = append(b, `{"sealed":{`...)
	for i, s := range secrets {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, s.Class...)
		b = append(b, `":"`...)
		b = append(b, s.Text...)
		b = append(b, '"')
	}
	b = append(b, '}')
	if len(data) > len("{}") {
		b = append(b, ',')
	}
	return append(b, data[1:]...)
}

// sealedData is the data of an event with what is sealed apart.
type sealedData struct {
	sealed []Secret // with their class and text
	rest   []byte
}

// split takes the data of an event apart. Data in the clear stay as they are.
func split(data []byte) (sealedData, error) {
	if d, ok := splitOurs(data); ok {
		return d, nil
	}
	if !bytes.Contains(data, []byte(`"sealed"`)) {
		return sealedData{rest: data}, nil
	}
	var read struct {
		Sealed map[domain.SealClass]string `json:"sealed"`
		Rest   jsontext.Value              `json:",embed"`
	}
	if err := jsonv2.Unmarshal(data, &read); err != nil {
		return sealedData{}, err
	}
	d := sealedData{rest: read.Rest}
	if d.rest == nil {
		d.rest = []byte("{}")
	}
	for class, text := range read.Sealed {
		d.sealed = append(d.sealed, Secret{Class: class, Text: text})
	}
	return d, nil
}

// splitOurs is split for data as appendSealed writes them: half of the time of a
// reader of the whole log would go into finding out. Of anything else it says so.
func splitOurs(data []byte) (d sealedData, ok bool) {
	const escape = '\\'
	rest, ok := bytes.CutPrefix(data, []byte(`{"sealed":{"`))
	for ok {
		var class, text []byte
		if class, rest, ok = bytes.Cut(rest, []byte(`":"`)); !ok {
			break
		}
		if text, rest, ok = bytes.Cut(rest, []byte(`"`)); !ok || bytes.IndexByte(class, escape) >= 0 || bytes.IndexByte(text, escape) >= 0 {
			return d, false
		}
		d.sealed = append(d.sealed, Secret{Class: domain.SealClass(class), Text: string(text)})
		switch {
		case bytes.HasPrefix(rest, []byte(`,"`)):
			rest = rest[2:]
		case bytes.HasPrefix(rest, []byte(`},"`)):
			d.rest = slices.Concat([]byte{'{'}, rest[2:])
			return d, true
		case string(rest) == "}}":
			d.rest = []byte("{}")
			return d, true
		default:
			return d, false
		}
	}
	return d, false
}
