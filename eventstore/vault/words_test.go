package vault_test

import (
	"slices"
	"testing"

	"hearth/eventstore/vault"
)

func TestWords(t *testing.T) {
	t.Parallel()
	v := vault.NewMemory()
	words := []string{"张", "张三", "张"}
	got := v.Words("name", words)
	if len(got) != 3 || got[0] != got[2] || got[0] == got[1] || !slices.Equal(got, v.Words("name", words)) {
		t.Errorf("hashes %x", got)
	}
	for what, other := range map[string][]int64{"kind": v.Words("phone", words), "vault": vault.NewMemory().Words("name", words)} {
		if other[0] == got[0] {
			t.Errorf("the same hash with another %s", what)
		}
	}
}
