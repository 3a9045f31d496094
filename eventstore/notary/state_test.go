package notary_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore/notary"
)

func TestTreeIsKeptAndGoesOn(t *testing.T) {
	t.Parallel()
	leaf := func(i int) tlog.Hash { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i))) }
	var whole notary.Tree
	for size := range 70_000 {
		switch size {
		case 0, 1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 69_999:
			kept, err := whole.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			var again notary.Tree
			if err := again.UnmarshalBinary(kept); err != nil || again.Size() != int64(size) || again.Root() != whole.Root() {
				t.Fatalf("size %d: came back with %d leaves and root %v, %v; want %v", size, again.Size(), again.Root(), err, whole.Root())
			}
			for i := range 600 {
				again.Add(leaf(size + i))
			}
			var want notary.Tree
			for i := range size + 600 {
				want.Add(leaf(i))
			}
			if again.Root() != want.Root() {
				t.Errorf("size %d and 600 more: root %v, want %v", size, again.Root(), want.Root())
			}
			for _, bad := range [][]byte{nil, kept[:7], kept[:len(kept)-1], append(kept, 0)} {
				if err := again.UnmarshalBinary(bad); err == nil {
					t.Errorf("size %d: %d bytes instead of %d are taken for a tree", size, len(bad), len(kept))
				}
			}
		}
		whole.Add(leaf(size))
	}
}
