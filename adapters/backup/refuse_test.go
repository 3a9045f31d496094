package backup_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hearth/adapters/backup"
	"hearth/adapters/dirlock"
	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// TestDamage flips every byte of every file, cuts, removes and adds files: each
// is refused by the name of the file.
func TestDamage(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	key := s.sealed(t)
	s.add(7)
	src := s.source()
	src.Checkpoint, src.VerifierKey, src.KeyFile = s.sign(t, key, 5), key.Public(), filepath.Join(filepath.Dir(s.dir), "key")
	_, err := backup.Run(t.Context(), s.dir, src, backup.Options{}.WithSegments(3))
	must(t, err)
	if c := verify(t, s.dir); c.Sealed.Size != 5 || !c.KeyKept {
		t.Errorf("verified: %+v", c)
	}
	flips := 0
	for name, text := range tree(t, s.dir) {
		path := filepath.Join(s.dir, name)
		try := func(what string, damage func() error) {
			must(t, damage())
			_, err := backup.Verify(t.Context(), s.dir, nil)
			refused(t, what+" "+name, err, backup.CodeDamaged, name)
			must(t, os.WriteFile(path, []byte(text), 0o600))
		}
		for i := range text {
			bad := []byte(text)
			bad[i] ^= 1 << (i % 8)
			must(t, os.WriteFile(path, bad, 0o600))
			_, err := backup.Verify(t.Context(), s.dir, nil)
			if name == "BACKUP.json" && err != nil && bytes.Contains(bad[:20], []byte(`"format": `)) && !bytes.Contains(bad[:20], []byte(`"format": 1`)) {
				refusedBy(t, err, name) // another version, or damage
			} else {
				refused(t, fmt.Sprintf("byte %d flipped in %s", i, name), err, backup.CodeDamaged, name)
			}
			flips++
		}
		try("longer", func() error { return os.WriteFile(path, []byte(text+" "), 0o600) })
		if text != "" {
			try("cut", func() error { return os.WriteFile(path, []byte(text[:len(text)-1]), 0o600) })
		}
		switch name {
		case "BACKUP.json":
			must(t, os.Remove(path))
			_, err := backup.Verify(t.Context(), s.dir, nil)
			refused(t, "no manifest", err, backup.CodeNone, name)
			must(t, os.WriteFile(path, []byte(text), 0o600))
		case "notary.key":
			must(t, os.Remove(path)) // it is to be kept apart
			if c := verify(t, s.dir); c.KeyKept {
				t.Error("the key is said to be there")
			}
			must(t, os.WriteFile(path, []byte(text), 0o600))
		default:
			try("removed", func() error { return os.Remove(path) })
		}
	}
	for _, extra := range []string{"x", "segments/x", "segments/000000000008-000000000009.seg.zst", "tables/1/x", "tables/2", "BACKUP.json.tmp"} {
		path := filepath.Join(s.dir, extra)
		must(t, os.WriteFile(path, nil, 0o600))
		_, err := backup.Verify(t.Context(), s.dir, nil)
		refused(t, "surplus", err, backup.CodeDamaged, extra)
		before := tree(t, s.dir)
		_, err = backup.Run(t.Context(), s.dir, src, backup.Options{})
		refused(t, "backup beside a surplus file", err, backup.CodeDamaged, extra)
		unchanged(t, s.dir, before)
		must(t, os.Remove(path))
	}
	verify(t, s.dir)
	t.Logf("%d flipped bytes refused", flips)
}

func refusedBy(t *testing.T, err error, name string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("got %v, want a refusal of %s", err, name)
	}
}

func unchanged(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("something was changed: %s", diff)
	}
}

// sealed gives the log a signing key.
func (s *system) sealed(t *testing.T) notary.Key {
	t.Helper()
	id, err := s.store.Identity(t.Context())
	must(t, err)
	key, err := notary.NewKey(id)
	must(t, err)
	must(t, notary.WriteKey(filepath.Join(filepath.Dir(s.dir), "key"), key))
	return key
}

// sign signs the first messages of the log.
func (s *system) sign(t *testing.T, key notary.Key, size int) []byte {
	t.Helper()
	tree := &notary.Tree{}
	for _, m := range s.messages()[:size] {
		tree.Add(notary.HashOf(m))
	}
	c, err := key.Sign(int64(size), tree.Root())
	must(t, err)
	return c.Note
}

// twin is a system whose log has the identity of another and other messages.
func (s *system) twin(msgs []eventstore.Message) *system {
	s.t.Helper()
	id, err := s.store.Identity(s.t.Context())
	must(s.t, err)
	w := setup(s.t, id)
	w.migrated().dir = s.dir
	_, err = w.store.Refill(s.t.Context(), func(yield func(eventstore.Message, error) bool) {
		for _, m := range msgs {
			if !yield(m, nil) {
				return
			}
		}
	})
	must(s.t, err)
	return w
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	s.add(250)
	s.backup(backup.Options{})
	msgs := s.messages()
	changed := func(at int) []eventstore.Message {
		msgs := slices.Clone(msgs)
		msgs[at].Body = slices.Clone(msgs[at].Body)
		msgs[at].Body[10] ^= 1
		return msgs
	}
	other := setup(t, "").migrated()
	other.add(300)
	other.dir = s.dir
	before := tree(t, s.dir)
	for name, c := range map[string]struct {
		from *system
		full bool
		code string
	}{
		"another log":                    {other, false, backup.CodeOtherLog},
		"a log without its tail":         {s.twin(msgs[:249]), false, backup.CodeAhead},
		"an empty log of the same name":  {s.twin(nil), false, backup.CodeAhead},
		"a change in the last segment":   {s.twin(changed(220)), false, backup.CodeDiffers},
		"a change in an earlier segment": {s.twin(changed(20)), true, backup.CodeDiffers},
	} {
		_, err := backup.Run(t.Context(), s.dir, c.from.source(), backup.Options{Full: c.full})
		refused(t, name, err, c.code, "未作任何改动")
		unchanged(t, s.dir, before)
	}
}

func TestRefusedFolders(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	s.add(3)
	run := func(dir string) error {
		_, err := backup.Run(t.Context(), dir, s.source(), backup.Options{})
		return err
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	refused(t, "a file", run(file), backup.CodeNotFolder, file)
	refused(t, "a folder of something else", run(filepath.Dir(file)), backup.CodeNotFolder, "file")
	s.backup(backup.Options{})
	lock, err := dirlock.TryFolder(s.dir)
	must(t, err)
	refused(t, "a second backup", run(s.dir), backup.CodeInUse, s.dir)
	_, err = backup.Verify(t.Context(), s.dir, nil)
	refused(t, "verify meanwhile", err, backup.CodeInUse, s.dir)
	m, err := backup.ReadManifest(s.dir)
	must(t, err)
	to := setup(t, m.Log)
	refused(t, "restore meanwhile", backup.Restore(t.Context(), s.dir, m, to.target()), backup.CodeInUse, s.dir)
	must(t, lock.Release())

	s.backup(backup.Options{})
	refused(t, "restore with an old manifest", backup.Restore(t.Context(), s.dir, m, to.target()), backup.CodeInUse, "未作任何改动")

	// A later format, whole and with a right digest.
	m, err = backup.ReadManifest(s.dir)
	must(t, err)
	m.Format = 2
	text, err := m.Encode()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(s.dir, "BACKUP.json"), text, 0o600))
	before := tree(t, s.dir)
	refused(t, "a later format", run(s.dir), backup.CodeNewer, "BACKUP.json")
	_, err = backup.Verify(t.Context(), s.dir, nil)
	refused(t, "a later format", err, backup.CodeNewer, "BACKUP.json")
	unchanged(t, s.dir, before)
}

// TestForgedManifest: whoever changes a segment and writes the digests anew is
// found by the root, and by the checkpoint when he computes that too.
func TestForgedManifest(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	s.add(9)
	s.backup(backup.Options{})
	m, err := backup.ReadManifest(s.dir)
	must(t, err)
	w := s.twin(append(s.messages()[:8:8], eventstore.Message{Position: 9, Subject: "ev.test.x", Body: []byte("[]")}))
	w.dir = filepath.Join(t.TempDir(), "forged")
	w.backup(backup.Options{})
	forged, err := os.ReadFile(filepath.Join(w.dir, m.Segments[0].Name))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(s.dir, m.Segments[0].Name), forged, 0o600))
	sum := sha256.Sum256(forged)
	m.Segments[0].SHA256, m.Segments[0].Bytes = hex.EncodeToString(sum[:]), int64(len(forged))
	text, err := m.Encode()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(s.dir, "BACKUP.json"), text, 0o600))
	_, err = backup.Verify(t.Context(), s.dir, nil)
	refused(t, "a forged segment", err, backup.CodeDamaged, "根与各段的内容不符")

	key := s.sealed(t)
	fm, err := backup.ReadManifest(w.dir)
	must(t, err)
	fm.Checkpoint, fm.VerifierKey = string(s.sign(t, key, 9)), key.Public()
	text, err = fm.Encode()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(w.dir, "BACKUP.json"), text, 0o600))
	_, err = backup.Verify(t.Context(), w.dir, nil)
	refused(t, "a forged backup with the checkpoint", err, backup.CodeDiffers, "检查点")
}

func TestCheckpointAndKey(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	key := s.sealed(t)
	s.add(20)
	src := s.source()
	run := func(opts backup.Options) (backup.Report, error) {
		return backup.Run(t.Context(), s.dir, src, opts.WithSegments(10))
	}
	// A checkpoint that the log contradicts.
	src.VerifierKey = key.Public()
	wrong, err := key.Sign(15, [32]byte{1})
	must(t, err)
	src.Checkpoint = wrong.Note
	_, err = run(backup.Options{})
	refused(t, "a checkpoint of another root", err, backup.CodeDiffers, "检查点")
	// One that is right, is taken over by the next backup, and replaced by a later.
	for _, step := range []struct{ sign, want int }{{15, 15}, {0, 15}, {20, 20}} {
		src.Checkpoint = nil
		if step.sign > 0 {
			src.Checkpoint = s.sign(t, key, step.sign)
		}
		_, err = run(backup.Options{})
		must(t, err)
		if c := verify(t, s.dir); c.Sealed.Size != int64(step.want) || c.KeyKept || c.VerifierKey != key.Public() {
			t.Errorf("sealed at %d, want %d; key kept %t", c.Sealed.Size, step.want, c.KeyKept)
		}
	}
	// The key only when asked, and never another one.
	src.KeyFile = filepath.Join(t.TempDir(), "none")
	_, err = run(backup.Options{})
	refused(t, "no key", err, backup.CodeOtherKey, src.KeyFile)
	foreign, err := notary.NewKey("another-log")
	must(t, err)
	must(t, notary.WriteKey(src.KeyFile, foreign))
	_, err = run(backup.Options{})
	refused(t, "the key of another log", err, backup.CodeOtherKey, src.KeyFile)
	src.KeyFile = filepath.Join(filepath.Dir(s.dir), "key")
	with, err := run(backup.Options{})
	must(t, err)
	src.KeyFile = ""
	if _, err = run(backup.Options{}); err != nil || !verify(t, s.dir).KeyKept {
		t.Errorf("the next backup: %v, key kept: %t", err, verify(t, s.dir).KeyKept)
	}
	id, err := s.store.Identity(t.Context())
	must(t, err)
	second, err := notary.NewKey(id)
	must(t, err)
	src.KeyFile = filepath.Join(t.TempDir(), "second")
	must(t, notary.WriteKey(src.KeyFile, second))
	_, err = run(backup.Options{})
	refused(t, "a second key of the log", err, backup.CodeOtherKey, "不同")
	m, err := backup.ReadManifest(s.dir)
	must(t, err)

	to := setup(t, with.Log)
	target := to.target()
	target.KeyFile = filepath.Join(t.TempDir(), "notary", "key")
	must(t, backup.Restore(t.Context(), s.dir, m, target))
	if back, err := notary.ReadKey(target.KeyFile); err != nil || back.Secret() != key.Secret() {
		t.Errorf("the key did not come back: %v", err)
	}
	// Once more into the same place: it is not empty.
	err = backup.Restore(t.Context(), s.dir, m, target)
	refused(t, "a place that is not empty", err, backup.CodeNotEmpty, "hearth.account")
}

// TestBadDisk: what the disk does not keep is found before it counts.
func TestBadDisk(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	s.add(50)
	s.backup(backup.Options{})
	s.add(50)
	_, err := backup.Run(t.Context(), s.dir, s.source(), backup.Options{}.WithStep(func(what string) error {
		if what != "read a segment back" {
			return nil
		}
		path := filepath.Join(s.dir, "segments/000000000051-000000000000.seg.zst")
		text, err := os.ReadFile(path)
		must(t, err)
		text[len(text)/2] ^= 1
		return os.WriteFile(path, text, 0o600)
	}))
	refused(t, "a bad disk", err, backup.CodeDamaged, "segments/000000000051")
	if c := verify(t, s.dir); c.Size != 50 || !c.Unfinished {
		t.Errorf("the backup before: %+v", c)
	}
}

// TestRestoredIsProved: a log that does not hold what was written is found by
// its root.
func TestRestoredIsProved(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	s.add(20)
	m := s.backup(backup.Options{}).Manifest
	for name, change := range map[string]func(eventstore.Message) (eventstore.Message, bool){
		"another body": func(m eventstore.Message) (eventstore.Message, bool) {
			if m.Position == 7 {
				m.Body = []byte("[]")
			}
			return m, true
		},
		"the last is lost": func(m eventstore.Message) (eventstore.Message, bool) { return m, m.Position < 20 },
	} {
		target := setup(t, m.Log).target()
		refill := target.Refill
		target.Refill = func(ctx context.Context, msgs iter.Seq2[eventstore.Message, error]) error {
			return refill(ctx, func(yield func(eventstore.Message, error) bool) {
				for m, err := range msgs {
					if m, ok := change(m); !ok || !yield(m, err) {
						return
					}
				}
			})
		}
		refused(t, name, backup.Restore(t.Context(), s.dir, m, target), backup.CodeDiffers, m.Root.String())
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	s := setup(t, "").migrated()
	s.add(20)
	m := s.backup(backup.Options{}).Manifest
	for name, to := range map[string]*system{
		"another log":  setup(t, ""),
		"rows":         setup(t, m.Log).migrated(),
		"messages":     s.twinEmptyTables(s.messages()[:1]),
		"all messages": s.twinEmptyTables(s.messages()),
	} {
		before := len(to.messages())
		err := backup.Restore(t.Context(), s.dir, m, to.target())
		refused(t, name, err, backup.CodeNotEmpty, "未作任何改动")
		if got := len(to.messages()); got != before {
			t.Errorf("%s: %d messages, before %d", name, got, before)
		}
	}
	tomorrow := *m // its digest is that in the folder
	tomorrow.Migration = 1000
	empty := setup(t, m.Log)
	err := backup.Restore(t.Context(), s.dir, &tomorrow, empty.target())
	refused(t, "tables of a later version", err, backup.CodeNewer, "1000")
	// A table that this program does not know.
	_, err = s.db.Exec(t.Context(), "create table hearth.of_tomorrow (n integer)")
	must(t, err)
	_, err = backup.Run(t.Context(), s.dir, s.source(), backup.Options{})
	refused(t, "a table of a later version", err, backup.CodeTables, "of_tomorrow")
}

// twinEmptyTables is a twin without rows.
func (s *system) twinEmptyTables(msgs []eventstore.Message) *system {
	s.t.Helper()
	w := s.twin(msgs)
	_, err := w.db.Exec(s.t.Context(), "drop schema hearth cascade")
	must(s.t, err)
	return w
}
