package vault

import (
	"context"
	"testing"

	"hearth/eventstore"
)

// slow is a shelf on which something happens between the reading of a key and its
// arrival.
type slow struct {
	*memory
	meanwhile func()
}

func (s slow) fetch(ctx context.Context, ids []keyID) ([]record, error) {
	all, err := s.memory.fetch(ctx, ids)
	s.meanwhile()
	return all, err
}

// A key that was read just before it was destroyed is used once and not
// remembered: whoever reads next asks again.
func TestKeyDestroyedWhileItIsRead(t *testing.T) {
	t.Parallel()
	v := NewMemory()
	secrets := []eventstore.Secret{{Subject: "case-1", Class: "narrative", Plain: []byte(`{"a":1}`)}}
	if err := v.Seal(t.Context(), secrets); err != nil {
		t.Fatal(err)
	}
	v.forget(true)
	kept := v.shelf.(*memory)
	v.shelf = slow{kept, func() {
		if err := v.Shred(t.Context(), "case-1"); err != nil {
			t.Error(err)
		}
	}}
	if err := v.Unseal(t.Context(), secrets); err != nil {
		t.Fatal(err)
	}
	v.shelf = kept
	if n := v.Remembered(); n != 0 {
		t.Errorf("%d keys are remembered", n)
	}
	if err := v.Unseal(t.Context(), secrets); err != nil || secrets[0].Withheld != eventstore.Shredded {
		t.Errorf("read again: %v, %+v", err, secrets[0])
	}
}
