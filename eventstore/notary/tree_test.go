package notary

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// TestTreeEqualsReference compares the growing tree with the library's at every
// size over more than two full levels' worth of edges.
func TestTreeEqualsReference(t *testing.T) {
	t.Parallel()
	var (
		tree   Tree
		stored []tlog.Hash
	)
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	for n := range int64(70_000) {
		if n < 1000 || n%997 == 0 || n%tileWidth == 0 {
			want, err := tlog.TreeHash(n, reader)
			if err != nil {
				t.Fatal(err)
			}
			if got := tree.Root(); got != want {
				t.Fatalf("root at %d: got %v, want %v", n, got, want)
			}
		}
		leaf := tlog.RecordHash(fmt.Append(nil, n))
		more, err := tlog.StoredHashesForRecordHash(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		tree.Add(leaf)
	}
}
