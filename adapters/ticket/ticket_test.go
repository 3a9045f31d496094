package ticket_test

import (
	"bytes"
	"testing"

	"hearth/adapters/ticket"
)

func TestOnlyTheHolderReads(t *testing.T) {
	t.Parallel()
	plain := []byte("13800001234")
	sealed := ticket.Seal("one", plain)
	if got, ok := ticket.Open("one", sealed); !ok || !bytes.Equal(got, plain) {
		t.Errorf("opened %q, %v", got, ok)
	}
	if _, ok := ticket.Open("other", sealed); ok {
		t.Error("opened with another secret")
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, ok := ticket.Open("one", bad); ok {
			t.Errorf("opened with byte %d changed", i)
		}
	}
	if _, ok := ticket.Open("one", sealed[:5]); ok {
		t.Error("opened a short text")
	}
	if bytes.Contains(sealed, plain) || bytes.Equal(ticket.Ref("one"), ticket.Ref("other")) {
		t.Error("the sealed text or the reference tells")
	}
}
