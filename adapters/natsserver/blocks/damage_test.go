package blocks_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hearth/adapters/natsserver/blocks"
)

var errNoJSON = errors.New("no JSON object")

// jsonBody is what the event store's messages look like.
func jsonBody(m blocks.Message) error {
	if !bytes.HasPrefix(m.Body, []byte("{")) {
		return errNoJSON
	}
	return nil
}

// span is where a record lies.
type span struct {
	position   uint64
	file       string
	begin, end int64
}

// layout is where the records of an undamaged folder lie.
func layout(t testing.TB, dir string) []span {
	t.Helper()
	var all []span
	scan(t, dir, blocks.Options{Visit: func(m blocks.Message) error {
		all = append(all, span{m.Position, m.File, m.Offset, 0})
		return nil
	}})
	for i := range all {
		if i+1 < len(all) && all[i+1].file == all[i].file {
			all[i].end = all[i+1].begin
			continue
		}
		all[i].end = int64(len(readFile(t, filepath.Join(dir, "msgs", all[i].file))))
	}
	return all
}

// spoil flips a bit of a record, n bytes after its beginning.
func spoil(t testing.TB, msgs string, s span, n int64) {
	t.Helper()
	path := filepath.Join(msgs, s.file)
	data := readFile(t, path)
	data[s.begin+n] ^= 1
	writeFile(t, path, data)
}

// small is a stream of two blocks and what is in it. Its first message fills most
// of the first block, as the server begins no new one before 32 kB.
func small(t testing.TB) (dir string, want []stored) {
	t.Helper()
	store := t.TempDir()
	s := start(t, store, smallBlocks)
	s.publish(t, message(0, 29_000))
	s.publish(t, message(1, 10), message(2, 2000), message(3, 0), message(4, 700), message(5, 20))
	s.batch(t, "b", message(6, 10), message(7, 20), message(8, 30))
	want = s.delivered(t)
	s.stop(t)
	dir = folder(t, store)
	scanClean(t, dir, want)
	if where := layout(t, dir); where[2].file != "1.blk" || where[6].file != "2.blk" {
		t.Fatalf("layout: %+v", where)
	}
	return dir, want
}

// filler says whether offset i is inside the body of the first message, of which
// a part will do.
func (s span) filler(i int64) bool {
	return s.position == 1 && i > s.begin+120 && i < s.end-20 && i%16 > 0
}

// without is all but the positions from to to.
func without(all []stored, from, to uint64) []stored {
	return slices.DeleteFunc(slices.Clone(all), func(s stored) bool { return s.Position >= from && s.Position <= to })
}

func (s stored) equal(o stored) bool {
	return s.Position == o.Position && s.Subject == o.Subject && s.At.Equal(o.At) &&
		bytes.Equal(s.Header, o.Header) && bytes.Equal(s.Body, o.Body)
}

// scanWant scans and wants exactly these messages. It is called for every byte,
// so it copies nothing while they are equal.
func scanWant(t testing.TB, dir, what string, want []stored, known uint64) blocks.Report {
	t.Helper()
	n, wrong := 0, false
	r := scan(t, dir, blocks.Options{Known: known, Visit: func(m blocks.Message) error {
		wrong = wrong || n >= len(want) || !want[n].equal(stored{m.Position, m.StoredAt, m.Subject, m.RawHeader, m.Body})
		n++
		return nil
	}})
	if wrong || n != len(want) {
		var got []stored
		scan(t, dir, blocks.Options{Known: known, Visit: visited(&got)})
		t.Fatalf("%s: messages (-want +got):\n%s", what, cmp.Diff(want, got))
	}
	return r
}

// Each byte of each block, flipped, is reported with the
// position of its record, and all other messages are still visited.
func TestEveryByteOfBlocks(t *testing.T) {
	t.Parallel()
	dir, all := small(t)
	last := uint64(len(all))
	for _, file := range []string{"1.blk", "2.blk"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, dir)
			for _, s := range layout(t, dir) {
				if s.file != file {
					continue
				}
				f, err := os.OpenFile(filepath.Join(dir, "msgs", file), os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				data := readFile(t, f.Name())
				rest := without(all, s.position, s.position)
				for i := s.begin; i < s.end; i++ {
					if s.filler(i) {
						continue
					}
					flip := byte(1) << (i % 8)
					if _, err := f.WriteAt([]byte{data[i] ^ flip}, i); err != nil {
						t.Fatal(err)
					}
					r := scanWant(t, dir, "flipped", rest, last-1)
					wantOne(t, r, s, last)
					if _, err := f.WriteAt(data[i:i+1], i); err != nil {
						t.Fatal(err)
					}
				}
			}
			scanClean(t, dir, all)
		})
	}
}

// wantOne wants one damage at s, or a torn end when it is the last record.
func wantOne(t *testing.T, r blocks.Report, s span, last uint64) {
	t.Helper()
	// A last record whose checksum holds, but not the length of its header, is not
	// torn: all of it was written.
	if s.position == last && len(r.Damages) == 0 {
		if want := (blocks.Torn{File: s.file, Offset: s.begin, Bytes: s.end - s.begin, Position: last}); r.Torn == nil || *r.Torn != want {
			t.Fatalf("torn %+v, want %+v", r.Torn, want)
		}
		return
	}
	if len(r.Damages) != 1 || r.Torn != nil {
		t.Fatalf("damages %+v, torn %+v", r.Damages, r.Torn)
	}
	d := r.Damages[0]
	if d.From != s.position || d.To != s.position || d.File != s.file || d.Offset != s.begin || d.Text == "" ||
		d.Kind != blocks.KindContent && (d.Kind != blocks.KindRecord || s.position == last) {
		t.Fatalf("damage %+v, want position %d", d, s.position)
	}
}

// The configuration: each byte flipped, each length.
func TestEveryByteOfMeta(t *testing.T) {
	t.Parallel()
	dir, all := small(t)
	for _, file := range []string{"meta.inf", "meta.sum"} {
		path := filepath.Join(dir, file)
		data := readFile(t, path)
		check := func(i int) {
			r := scanWant(t, dir, file, all, uint64(len(all)))
			if len(r.Damages) == 0 || r.Damages[0].Kind != blocks.KindMeta || len(r.Concerned()) > 0 || r.Torn != nil {
				t.Fatalf("%s, byte %d: %+v", file, i, r)
			}
		}
		for i := range data {
			bad := bytes.Clone(data)
			bad[i] ^= 1 << (i % 8)
			writeFile(t, path, bad)
			check(i)
			writeFile(t, path, data[:i])
			check(i)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		check(-1)
		writeFile(t, path, data)
	}
	scanClean(t, dir, all)
}

// The server makes the index again, so it is no damage.
func TestEveryByteOfIndex(t *testing.T) {
	t.Parallel()
	dir, all := small(t)
	path := filepath.Join(dir, "msgs", "index.db")
	data := readFile(t, path)
	check := func(i int) {
		if r := scanClean(t, dir, all); r.Indexed != 0 || len(r.Notes) != 1 {
			t.Fatalf("byte %d: %+v", i, r)
		}
	}
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 1 << (i % 8)
		writeFile(t, path, bad)
		check(i)
		writeFile(t, path, data[:i])
		check(i)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	check(-1)
}

// A block cut at each length.
func TestEveryLength(t *testing.T) {
	t.Parallel()
	dir, all := small(t)
	last := uint64(len(all))
	for _, file := range []string{"1.blk", "2.blk"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, dir)
			var spans []span
			for _, s := range layout(t, dir) {
				if s.file == file {
					spans = append(spans, s)
				}
			}
			end := spans[len(spans)-1]
			path := filepath.Join(dir, "msgs", file)
			first, rest := -1, all
			for size := end.end - 1; size >= 0; size-- {
				if spans[0].filler(size) {
					continue
				}
				if err := os.Truncate(path, size); err != nil {
					t.Fatal(err)
				}
				i := slices.IndexFunc(spans, func(s span) bool { return s.end > size })
				if i != first {
					first, rest = i, without(all, spans[i].position, end.position)
				}
				r := scanWant(t, dir, "cut", rest, last-1)
				if file == "2.blk" {
					wantEnd(t, r, spans[i], size, last-1)
					continue
				}
				wantCut(t, r, spans[i], size, end.position)
			}
		})
	}
}

// wantEnd wants that the log ends before s, known being the last known position.
func wantEnd(t *testing.T, r blocks.Report, s span, size int64, known uint64) {
	t.Helper()
	if s.position > known {
		if r.Damaged() || (r.Torn != nil) != (size > s.begin) || r.Torn != nil && (r.Torn.Offset != s.begin || r.Torn.Bytes != size-s.begin) {
			t.Fatalf("cut at %d: %+v, torn %+v", size, r.Damages, r.Torn)
		}
		return
	}
	wantCut(t, r, s, size, known)
}

// wantCut wants that the positions from s to to are missing.
func wantCut(t *testing.T, r blocks.Report, s span, size int64, to uint64) {
	t.Helper()
	if len(r.Damages) != 1 || r.Torn != nil {
		t.Fatalf("cut at %d: %+v, torn %+v", size, r.Damages, r.Torn)
	}
	d := r.Damages[0]
	if d.From != s.position || d.To != to || d.File != s.file || d.Offset != s.begin || (d.Kind == blocks.KindRecord) != (size > s.begin) {
		t.Fatalf("cut at %d: %+v, want positions %d to %d", size, d, s.position, to)
	}
}

// Each block removed, and all of them.
func TestRemovedBlocks(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	s := start(t, store, smallBlocks)
	for n := range 90 {
		s.publish(t, message(n, 1000))
	}
	all := s.delivered(t)
	s.stop(t)
	dir, last := folder(t, store), uint64(len(all))
	where := layout(t, dir)
	for _, removed := range [][]string{{"1.blk"}, {"2.blk"}, {"3.blk"}, {"4.blk"}, {"2.blk", "3.blk"}, {"1.blk", "2.blk", "3.blk", "4.blk"}} {
		dir := copyOf(t, dir)
		var gone []uint64
		for _, s := range where {
			if slices.Contains(removed, s.file) {
				gone = append(gone, s.position)
			}
		}
		for _, file := range removed {
			if err := os.Remove(filepath.Join(dir, "msgs", file)); err != nil {
				t.Fatal(err)
			}
		}
		from, to := gone[0], gone[len(gone)-1]
		r := scanWant(t, dir, removed[0], without(all, from, to), last)
		d := r.Damages
		if len(d) != 1 || d[0].From != from || d[0].To != to || d[0].Kind != blocks.KindGap && d[0].Kind != blocks.KindEnd || r.Torn != nil {
			t.Errorf("without %v: %+v, want positions %d to %d", removed, r, from, to)
		}
		if removed[0] != "4.blk" && d[0].File != removed[0] {
			t.Errorf("without %v: the damage is in %s", removed, d[0].File)
		}
		if r.Indexed != last {
			t.Errorf("without %v: index.db speaks of %d", removed, r.Indexed)
		}
	}
}
