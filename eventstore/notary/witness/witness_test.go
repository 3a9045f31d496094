package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/adapters/dirlock"
	"hearth/eventstore"
	"hearth/eventstore/notary"
)

var morning = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

const name = "晋城市纪委监委驻市总工会 纪检监察组"

// testLog is a log that grows, and can be made to lie.
type testLog struct {
	t   *testing.T
	key notary.Key
}

func newLog(t *testing.T, id eventstore.Identity) testLog {
	t.Helper()
	key, err := notary.NewKey(id)
	must(t, err)
	return testLog{t, key}
}

// growth is what the log hands over at a size; word is what its events say.
func (l testLog) growth(word string, size int64, from ...int64) []byte {
	l.t.Helper()
	dir := notary.NewDir(l.t.TempDir())
	s, err := notary.OpenSealer(dir, l.key, false)
	must(l.t, err)
	for p := eventstore.Position(1); int64(p) <= size; p++ {
		must(l.t, s.Add([]eventstore.Message{{Position: p, Subject: "ev.a.1", Body: fmt.Append(nil, word, p)}}))
	}
	c, err := s.Seal(l.t.Context(), anchor{})
	must(l.t, err)
	g, err := dir.ProveGrowth(c, from...)
	must(l.t, err)
	return g.Marshal()
}

// anchor forgets everything: the witness is the one to notice.
type anchor struct{}

func (anchor) Last(context.Context) ([]byte, error) { return nil, nil }

func (anchor) Advance(_ context.Context, next func([]byte) ([]byte, error)) error {
	_, err := next(nil)
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newFolder is the folder of a witness that trusts a log.
func newFolder(t *testing.T, l testLog) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "见证", "deep")
	must(t, Init(t.Context(), dir, name, morning))
	w := open(t, dir)
	must(t, w.Trust(l.key.Public()+"\n", morning))
	must(t, w.Close())
	return dir
}

func open(t *testing.T, dir string) *Witness {
	t.Helper()
	w, err := Open(t.Context(), dir)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	return w
}

// importOnce opens the folder, imports, and closes it.
func importOnce(t *testing.T, dir string, data []byte, at time.Time) (Result, error) {
	t.Helper()
	w, err := Open(t.Context(), dir)
	must(t, err)
	r, err := w.Import(data, at)
	must(t, w.Close())
	return r, err
}

// files are all files of a folder with what is in them.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir)] = string(data)
		return err
	}))
	return all
}

func unchanged(t *testing.T, what, dir string, before map[string]string) {
	t.Helper()
	if diff := cmp.Diff(before, files(t, dir)); diff != "" {
		t.Errorf("%s changed the folder:\n%s", what, diff)
	}
}

func TestLifeOfAWitness(t *testing.T) {
	t.Parallel()
	l := newLog(t, "life")
	dir := newFolder(t, l)
	sizes := []int64{1, 255, 256, 300, 512, 700}
	for i, size := range sizes {
		at := morning.Add(time.Duration(i+1) * time.Hour)
		r, err := importOnce(t, dir, l.growth("a", size, sizes...), at)
		must(t, err)
		if i > 0 && r.Before.Size != sizes[i-1] || r.Held.Size != size || r.Again {
			t.Errorf("import of %d: %+v", size, r)
		}
		c, err := notary.OpenCheckpoint(r.Held.Note, l.key.Verifier())
		must(t, err)
		w := open(t, dir)
		if got, err := notary.VerifyCosignature(c, w.Public()); err != nil || !got.Equal(at) {
			t.Errorf("cosigned at %v, %v; want %v", got, err, at)
		}
		if !bytes.Equal(w.Held().Note, c.Note) || len(w.Cosigned()) != i+1 || w.Name() != name || w.Origin() != "hearth/life" {
			t.Errorf("opened again: held %+v, %d lines", w.Held(), len(w.Cosigned()))
		}
		must(t, w.Close())
		before := files(t, dir)
		again, err := importOnce(t, dir, l.growth("a", size), at.Add(time.Minute)) // without any proof
		if err != nil || !again.Again || !bytes.Equal(again.Held.Note, r.Held.Note) {
			t.Errorf("import of %d again: %+v, %v", size, again, err)
		}
		unchanged(t, "the same again", dir, before)
	}
	info, err := os.Stat(dir)
	must(t, err)
	key, err := os.Stat(filepath.Join(dir, keyFile))
	must(t, err)
	if info.Mode().Perm() != 0o700 || key.Mode().Perm() != 0o600 {
		t.Errorf("the folder has %v, the key %v", info.Mode(), key.Mode())
	}
}

// TestRefusals: each bad file has its reason, and nothing is changed.
func TestRefusals(t *testing.T) {
	t.Parallel()
	l := newLog(t, "refuse")
	dir := newFolder(t, l)
	_, err := importOnce(t, dir, l.growth("a", 300), morning.Add(time.Hour))
	must(t, err)
	for what, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":                 {nil, ErrFile},
		"a photo":               {[]byte("\xff\xd8\xff\xe0 JFIF"), ErrFile},
		"half a file":           {l.growth("a", 400, 300)[:200], ErrFile},
		"another log":           {newLog(t, "other").growth("a", 400, 300), notary.ErrOtherLog},
		"a key not trusted":     {newLog(t, "refuse").growth("a", 400, 300), notary.ErrOtherKey},
		"older":                 {l.growth("a", 299), ErrOlder},
		"no proof":              {l.growth("a", 400), notary.ErrNoProof},
		"a proof of other size": {l.growth("a", 400, 299, 301), notary.ErrNoProof},
	} {
		before := files(t, dir)
		if _, err := importOnce(t, dir, c.data, morning.Add(2*time.Hour)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
		unchanged(t, what, dir, before)
	}
	before := files(t, dir)
	if _, err := importOnce(t, dir, l.growth("a", 400, 300), morning.Add(time.Hour-time.Second)); !errors.Is(err, ErrClock) {
		t.Errorf("a clock that went back: %v", err)
	}
	unchanged(t, "a clock that went back", dir, before)
}

// TestEveryFlippedBit: no byte of a file can be changed on its way.
func TestEveryFlippedBit(t *testing.T) {
	t.Parallel()
	l := newLog(t, "flip")
	dir := newFolder(t, l)
	_, err := importOnce(t, dir, l.growth("a", 256), morning)
	must(t, err)
	before := files(t, dir)
	w := open(t, dir)
	good := l.growth("a", 300, 256, 77)
	_, bare, _ := bytes.Cut(l.growth("a", 256), []byte("\n\n"))
	for what, data := range map[string][]byte{"growth": good, "bare note": bare} {
		accepted := 0
		for i := range data {
			for bit := range 8 {
				bad := slices.Clone(data)
				bad[i] ^= 1 << bit
				if r, err := w.Import(bad, morning.Add(time.Hour)); err == nil || r.Alarm != "" {
					accepted++
					t.Errorf("%s with bit %d of byte %d (%q) flipped: %v, alarm %q", what, bit, i, data[i], err, r.Alarm)
				}
			}
		}
		t.Logf("%s: %d of %d mutations accepted", what, accepted, 8*len(data))
	}
	must(t, w.Close())
	unchanged(t, "files with a flipped bit", dir, before)
	if _, err := importOnce(t, dir, good, morning.Add(time.Hour)); err != nil {
		t.Errorf("the good file: %v", err)
	}
}

// TestAlarm: another history is refused, recorded once, and both sides are kept;
// the log that continues what is held is still witnessed.
func TestAlarm(t *testing.T) {
	t.Parallel()
	l := newLog(t, "fork")
	dir := newFolder(t, l)
	for i, size := range []int64{256, 300} {
		_, err := importOnce(t, dir, l.growth("a", size, 256), morning.Add(time.Duration(i)*time.Minute))
		must(t, err)
	}
	at := morning.Add(time.Hour)
	for i, c := range []struct {
		size int64
		from []int64
	}{{300, nil}, {400, []int64{300}}, {256, nil}} {
		bad := l.growth("rewritten", c.size, c.from...)
		before := files(t, dir)
		r, err := importOnce(t, dir, bad, at)
		if !errors.Is(err, notary.ErrFork) || r.Alarm == "" || r.Held.Size != 300 {
			t.Fatalf("size %d rewritten: %+v, %v; want ErrFork", c.size, r, err)
		}
		after := files(t, dir)
		kept := strings.TrimPrefix(r.Alarm, dir)
		for file, want := range map[string]string{"held.txt": before["/held.txt"], "offered.txt": string(r.Offered.Note), "imported": string(bad)} {
			if after[kept+"/"+file] != want {
				t.Errorf("%s of the alarm: %q, want %q", file, after[kept+"/"+file], want)
			}
		}
		if after["/held.txt"] != before["/held.txt"] || !strings.HasPrefix(after["/register.txt"], before["/register.txt"]) {
			t.Error("an alarm changed what is held, or the register before it")
		}
		again, err := importOnce(t, dir, bad, at.Add(time.Hour))
		if !errors.Is(err, notary.ErrFork) || again.Alarm != r.Alarm {
			t.Errorf("the same again: %+v, %v", again, err)
		}
		unchanged(t, "the same alarm again", dir, after)
		w := open(t, dir)
		if len(w.Alarms()) != i+1 {
			t.Errorf("%d alarms, want %d", len(w.Alarms()), i+1)
		}
		must(t, w.Close())
	}
	if r, err := importOnce(t, dir, l.growth("a", 500, 300), at); err != nil || r.Held.Size != 500 {
		t.Errorf("the true log afterwards: %+v, %v", r, err)
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	l := newLog(t, "keys")
	dir := filepath.Join(t.TempDir(), "w")
	must(t, Init(t.Context(), dir, name, morning))
	w := open(t, dir)
	if _, err := w.Import(l.growth("a", 3), morning); !errors.Is(err, ErrNoLog) {
		t.Errorf("without a key: %v", err)
	}
	for _, bad := range []string{"", "x", w.Public(), l.key.Public()[:40], l.key.Secret()} {
		if err := w.Trust(bad, morning); !errors.Is(err, notary.ErrKey) {
			t.Errorf("key %q: %v", bad, err)
		}
	}
	must(t, errors.Join(w.Trust(l.key.Public(), morning), w.Trust(l.key.Public(), morning)))
	if err := w.Trust(newLog(t, "other").key.Public(), morning); !errors.Is(err, notary.ErrOtherLog) {
		t.Errorf("the key of another log: %v", err)
	}
	next := newLog(t, "keys")
	must(t, w.Trust(next.key.Public(), morning))
	must(t, w.Close())
	for i, l := range []testLog{l, next, l} { // both keys are good now
		size := int64(10 * (i + 1))
		_, err := importOnce(t, dir, l.growth("a", size, size-10), morning)
		must(t, err)
	}
	if w := open(t, dir); len(w.Trusted()) != 2 || w.Held().Size != 30 {
		t.Errorf("%d keys, held %d", len(w.Trusted()), w.Held().Size)
	}
}

func TestInit(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "w")
	if _, err := Open(t.Context(), dir); !errors.Is(err, ErrNone) {
		t.Errorf("open nothing: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening nothing makes a folder: %v", err)
	}
	for _, bad := range []string{"", " ", "甲\n乙", "\xff", strings.Repeat("长", longestName+1)} {
		if err := Init(t.Context(), dir, bad, morning); !errors.Is(err, ErrName) {
			t.Errorf("name %q: %v", bad, err)
		}
	}
	must(t, Init(t.Context(), dir, name, morning))
	before := files(t, dir)
	if err := Init(t.Context(), dir, name, morning); !errors.Is(err, ErrExists) {
		t.Errorf("again: %v", err)
	}
	unchanged(t, "a second init", dir, before)
}

// TestTwoAtOnce: of many that import at once each has the folder for itself.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	l := newLog(t, "race")
	dir := newFolder(t, l)
	w := open(t, dir)
	if _, err := Open(t.Context(), dir); !errors.Is(err, dirlock.ErrHeld) {
		t.Errorf("open twice: %v", err)
	}
	must(t, w.Close())
	growth := [][]byte{l.growth("a", 100), l.growth("a", 100), l.growth("b", 100), l.growth("b", 100)}
	var all sync.WaitGroup
	results, errs := make([]Result, len(growth)), make([]error, len(growth))
	for i, data := range growth {
		all.Go(func() {
			for {
				w, err := Open(t.Context(), dir)
				if errors.Is(err, dirlock.ErrHeld) {
					continue // it has waited for two seconds
				}
				if err == nil {
					results[i], err = w.Import(data, morning)
					err = errors.Join(err, w.Close())
				}
				errs[i] = err
				return
			}
		})
	}
	all.Wait()
	fresh, forks := 0, 0
	for i, err := range errs {
		switch {
		case errors.Is(err, notary.ErrFork):
			forks++
		case err != nil:
			t.Error(err)
		case !results[i].Again:
			fresh++
		}
	}
	if w := open(t, dir); fresh != 1 || forks != 2 || len(w.Cosigned()) != 1 || len(w.Alarms()) != 1 {
		t.Errorf("%d new, %d forks, %d lines, %d alarms", fresh, forks, len(w.Cosigned()), len(w.Alarms()))
	}
}
