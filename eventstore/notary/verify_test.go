package notary_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// leavesCopy is a copy that a test has changed.
type leavesCopy []tlog.Hash

func (c leavesCopy) Leaves(_ context.Context, after, to int64, visit func(int64, []tlog.Hash) error) error {
	for after < to {
		end := min(after+777, to)
		if err := visit(after+1, c[after:end]); err != nil {
			return err
		}
		after = end
	}
	return nil
}

// sealed is a log of a size with its tiles, and its leaves twice.
func sealed(t *testing.T, size int64) (v notary.Verification, stream, archive leavesCopy, path string) {
	t.Helper()
	path = t.TempDir()
	dir, anchor := notary.NewDir(path), &memoryAnchor{}
	s, err := notary.OpenSealer(dir, newKey(t), false)
	must(t, err)
	for _, to := range []int64{7, 300, size} {
		v.Issued = append(v.Issued, seal(t, s, anchor, eventstore.Position(to)))
	}
	stream, err = dir.Leaves(1, size)
	must(t, err)
	archive = slices.Clone(stream)
	v.Tiles, v.Checkpoint, v.Stream, v.Archive = dir, s.Last(), stream, archive
	return v, stream, archive, path
}

// TestVerifyNamesEveryFault changes copies in all combinations and wants the
// faults by copy and position.
func TestVerifyNamesEveryFault(t *testing.T) {
	t.Parallel()
	const size = 70_000
	wrong := tlog.Hash{1}
	for name, c := range map[string]struct {
		change func(stream, archive leavesCopy, path string)
		truth  string
		faults []notary.Fault
	}{
		"sound": {func(leavesCopy, leavesCopy, string) {}, notary.CopyTiles, nil},
		"stream misses some, archive another": {func(s, a leavesCopy, _ string) {
			clear(s[99:4200])
			a[299] = wrong
			a[68_000] = tlog.Hash{}
		}, "majority", []notary.Fault{
			{Copy: notary.CopyArchive, From: 300, To: 300},
			{Copy: notary.CopyArchive, From: 68_001, To: 68_001, Missing: true},
			{Copy: notary.CopyStream, From: 100, To: 4200, Missing: true},
		}},
		"stream and archive rewritten alike": {func(s, a leavesCopy, _ string) {
			s[0], a[0] = wrong, wrong
			s[5000], a[5000] = wrong, wrong
		}, notary.CopyTiles, []notary.Fault{
			{Copy: notary.CopyArchive, From: 1, To: 1},
			{Copy: notary.CopyArchive, From: 5001, To: 5001},
			{Copy: notary.CopyStream, From: 1, To: 1},
			{Copy: notary.CopyStream, From: 5001, To: 5001},
		}},
		"stream lost and tiles damaged": {func(s, _ leavesCopy, path string) {
			clear(s)
			file := filepath.Join(path, "tile", "0", "002")
			data, _ := os.ReadFile(file)
			data[3*32] ^= 1
			_ = os.WriteFile(file, data, 0o600)
		}, notary.CopyArchive, []notary.Fault{
			{Copy: notary.CopyStream, From: 1, To: size, Missing: true},
			{Copy: notary.CopyTiles, From: 516, To: 516},
		}},
		"tile lost": {func(_, _ leavesCopy, path string) {
			_ = os.Remove(filepath.Join(path, "tile", "0", "002"))
		}, "majority", []notary.Fault{{Copy: notary.CopyTiles, From: 513, To: 768, Missing: true}}},
		"upper tile changed": {func(_, _ leavesCopy, path string) {
			file := filepath.Join(path, "tile", "1", "000")
			data, _ := os.ReadFile(file)
			data[40] ^= 1
			_ = os.WriteFile(file, data, 0o600)
		}, notary.CopyTiles, []notary.Fault{{Copy: notary.CopyTiles, From: 1, To: 65_536, Text: "tile 1/0"}}},
		"nothing is right": {func(s, a leavesCopy, path string) {
			s[0], a[0] = wrong, wrong
			_ = os.Remove(filepath.Join(path, "tile", "0", "000"))
		}, "", []notary.Fault{{Copy: notary.CopyTiles, From: 1, To: 256, Missing: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, stream, archive, path := sealed(t, size)
			c.change(stream, archive, path)
			got, err := v.Run(t.Context())
			must(t, err)
			if got.Truth != c.truth || len(got.Broken) > 0 || got.Sound() != (name == "sound") {
				t.Errorf("truth %q, broken %d, sound %v", got.Truth, len(got.Broken), got.Sound())
			}
			if name == "nothing is right" {
				got.Faults = slices.DeleteFunc(got.Faults, func(f notary.Fault) bool { return f.From != 1 || f.Copy != notary.CopyTiles })
			}
			if diff := cmp.Diff(c.faults, got.Faults); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestVerifyWithoutArchive and with a checkpoint that was issued for a history
// that the log no longer has.
func TestVerifyIssued(t *testing.T) {
	t.Parallel()
	v, _, _, _ := sealed(t, 1000)
	v.Archive = nil
	v.Issued[1].Root[0]++
	got, err := v.Run(t.Context())
	must(t, err)
	if len(got.Broken) != 1 || got.Broken[0].Size != 300 || got.Sound() {
		t.Errorf("broken: %+v", got.Broken)
	}
}
