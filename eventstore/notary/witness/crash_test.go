package witness

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/eventstore/notary"
)

var errPower = errors.New("power cut")

// failAt lets the n-th write fail, with the file written or not.
func failAt(w *Witness, n int, persist bool) *int {
	count := 0
	w.write = func(path string, data []byte) error {
		if count++; count != n {
			return notary.WriteFile(path, data)
		}
		if persist {
			return errors.Join(notary.WriteFile(path, data), errPower)
		}
		return errPower
	}
	return &count
}

// TestCrashAtEachWrite stops an import at each of its writes: what is held is the
// old or the new, nothing is handed out that is not held, and it can go on.
func TestCrashAtEachWrite(t *testing.T) {
	t.Parallel()
	l := newLog(t, "crash")
	for name, persist := range map[string]bool{"FailButPersist": true, "FailAndNotPersist": false} {
		for _, first := range []bool{true, false} {
			steps := 0
			for n := 1; ; n++ {
				dir := newFolder(t, l)
				old, next := int64(0), int64(300)
				if !first {
					_, err := importOnce(t, dir, l.growth("a", 200), morning)
					must(t, err)
					old = 200
				}
				w := open(t, dir)
				count := failAt(w, n, persist)
				r, err := w.Import(l.growth("a", next, 200), morning.Add(time.Hour))
				if *count < n { // it has fewer writes
					must(t, err)
					break
				}
				steps++
				if !errors.Is(err, errPower) || r.Held.Size != old {
					t.Errorf("%s at %d: handed out %d, %v", name, n, r.Held.Size, err)
				}
				if _, err := w.Import(l.growth("a", next, 200), morning); !errors.Is(err, errPower) {
					t.Errorf("%s at %d: goes on with %v", name, n, err)
				}
				must(t, w.Close())
				w = open(t, dir)
				lines, held := w.Cosigned(), w.Held()
				if held.Size != old && held.Size != next || len(lines) > 0 && lines[len(lines)-1].Size != held.Size || len(lines) == 0 && held.Note != nil {
					t.Errorf("%s at %d: held is %d, lines %v", name, n, held.Size, lines)
				}
				must(t, w.Close())
				// Another history at the size that was being held must not get through
				// when the line was written.
				_, err = importOnce(t, dir, l.growth("b", next, 200), morning.Add(2*time.Hour))
				if old+held.Size > 0 && !errors.Is(err, notary.ErrFork) {
					t.Errorf("%s at %d: another history: %v", name, n, err)
				}
				if old+held.Size == 0 {
					continue
				}
				if r, err := importOnce(t, dir, l.growth("a", next, 200), morning.Add(3*time.Hour)); err != nil || r.Held.Size != next {
					t.Errorf("%s at %d: again: %+v, %v", name, n, r, err)
				}
			}
			if steps != 3 {
				t.Errorf("%s: %d writes, want 3: what is tested has changed", name, steps)
			}
		}
	}
}

// TestCrashDuringAnAlarm: the alarm is raised again until it is recorded.
func TestCrashDuringAnAlarm(t *testing.T) {
	t.Parallel()
	l := newLog(t, "alarm")
	for _, persist := range []bool{true, false} {
		for n := range 4 {
			dir := newFolder(t, l)
			_, err := importOnce(t, dir, l.growth("a", 200), morning)
			must(t, err)
			w := open(t, dir)
			failAt(w, n+1, persist)
			if _, err := w.Import(l.growth("b", 200), morning); !errors.Is(err, notary.ErrFork) || !errors.Is(err, errPower) {
				t.Errorf("write %d: %v", n, err)
			}
			must(t, w.Close())
			if _, err := importOnce(t, dir, l.growth("b", 200), morning); !errors.Is(err, notary.ErrFork) {
				t.Errorf("write %d, again: %v", n, err)
			}
			w = open(t, dir)
			if w.Held().Size != 200 || len(w.Alarms()) != 1 {
				t.Errorf("write %d: held %d, %d alarms", n, w.Held().Size, len(w.Alarms()))
			}
			must(t, w.Close())
		}
	}
}

// TestDamagedFolder flips each byte of each file, removes each file, and takes
// lines from the register: all is noticed when the folder is opened.
func TestDamagedFolder(t *testing.T) {
	t.Parallel()
	l := newLog(t, "damage")
	dir := newFolder(t, l)
	for i, size := range []int64{100, 200} {
		_, err := importOnce(t, dir, l.growth("a", size, 100), morning.Add(time.Duration(i)*time.Minute))
		must(t, err)
	}
	whole := files(t, dir)
	demand := func(what string) {
		t.Helper()
		if w, err := Open(t.Context(), dir); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", what, err)
			if err == nil {
				must(t, w.Close())
			}
		}
	}
	put := func(file, data string) { must(t, os.WriteFile(filepath.Join(dir, file), []byte(data), 0o600)) }
	for _, file := range []string{keyFile, registerFile, heldFile} {
		good := whole["/"+file]
		for i := range good {
			bad := []byte(good)
			bad[i] ^= 1
			put(file, string(bad))
			demand(file + " with a flipped bit of " + good[i:i+1])
		}
		put(file, good[:len(good)-1])
		demand(file + " cut short")
		put(file, "")
		demand(file + " emptied")
		must(t, os.Remove(filepath.Join(dir, file)))
		demand(file + " removed")
		put(file, good)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(whole["/register.txt"], "\n"), "\n")
	for n := 1; n < len(lines); n++ {
		put(registerFile, strings.Join(lines[:n], ""))
		demand("a register of fewer lines")
		put(registerFile, strings.Join(append(append([]string{}, lines[:n-1]...), lines[n:]...), "")+"\n")
		demand("a register without a line in the middle")
	}
	put(registerFile, whole["/register.txt"])
	w := open(t, dir)
	other, err := w.key.Cosign(w.Held(), morning.Add(time.Hour))
	must(t, errors.Join(err, w.Close()))
	put(heldFile, string(other.Note))
	demand("a checkpoint that was cosigned at another time")
	put(heldFile, whole["/held.txt"])
	w = open(t, dir)
	if w.Held().Size != 200 {
		t.Errorf("held %d", w.Held().Size)
	}
	must(t, w.Close())
	if diff := cmp.Diff(whole, files(t, dir)); diff != "" {
		t.Errorf("opening changed the folder:\n%s", diff)
	}
}
