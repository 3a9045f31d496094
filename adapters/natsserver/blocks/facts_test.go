package blocks_test

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/natsserver/blocks"
	"hearth/eventstore/natsstore"
)

// These tests pin the format of the files against the real server. When one
// fails after an upgrade, the format has changed: read the server's filestore.go
// before changing anything here.

// Every message is found as the server delivers it: with headers and without,
// empty ones, atomic batches, over a restart.
func TestFactFormat(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	s := start(t, store, decided)
	for n := range 20 {
		s.publish(t, message(n, 40*n))
	}
	s.publish(t,
		&nats.Msg{Subject: "ev.bare", Data: []byte("no header")},
		&nats.Msg{Subject: "ev.empty"},
		&nats.Msg{Subject: "ev.twice", Header: nats.Header{"Two": {"a", "b"}, "Empty": {""}}},
		&nats.Msg{Subject: "ev.lines", Header: nats.Header{"X": {"y"}}, Data: []byte("a\r\n\r\nb")},
	)
	s.batch(t, "one", message(100, 10), message(101, 2000), message(102, 10))
	s.batch(t, "two", message(103, 10))
	want := s.delivered(t)
	s.stop(t)
	r := scanClean(t, folder(t, store), want)
	if r.Indexed != uint64(len(want)) {
		t.Errorf("index.db speaks of %d, want %d", r.Indexed, len(want))
	}
	if len(r.Notes) > 0 {
		t.Errorf("notes: %q", r.Notes)
	}

	s = start(t, store, decided)
	s.publish(t, message(200, 10))
	want = s.delivered(t)
	s.stop(t)
	scanClean(t, folder(t, store), want)
}

// A block is full at 8 MB, and the sequence goes on in the next one.
func TestFactSeveralBlocks(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	s := start(t, store, decided)
	for n := range 36 {
		s.publish(t, message(n, 700<<10))
	}
	want := s.delivered(t)
	s.stop(t)
	dir := folder(t, store)
	scanClean(t, dir, want)
	files, err := filepath.Glob(filepath.Join(dir, "msgs", "*.blk"))
	if err != nil || len(files) != 4 {
		t.Errorf("%d blocks, %v", len(files), err)
	}
	var told []int64
	r := scan(t, dir, blocks.Options{Progress: func(done, total int64) { told = append(told, done, total) }})
	if len(told) != 8 || told[6] != r.Bytes || told[7] != r.Bytes || told[0] <= 7<<20 || told[0] > 8<<20 {
		t.Errorf("progress %v, of %d bytes", told, r.Bytes)
	}
}

// A server that was killed leaves nothing that looks like damage, and all it had
// acknowledged.
func TestFactKilled(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	for range 3 {
		last := killAfter(t, store, 100)
		r := scan(t, folder(t, store), blocks.Options{Known: last})
		if r.Damaged() || r.Last < last {
			t.Fatalf("after position %d was acknowledged: %+v", last, r)
		}
	}
	var got []stored
	scan(t, folder(t, store), blocks.Options{Visit: visited(&got)})
	scanClean(t, folder(t, store), got)
	s := start(t, store, decided)
	want := s.delivered(t)
	s.stop(t)
	scanClean(t, folder(t, store), want)
	if len(got) != len(want) {
		t.Errorf("%d messages before the start, %d after it", len(got), len(want))
	}
}

// An unfinished record at the end is cut away by the server, which goes on with
// its position: Torn is nothing to repair.
func TestFactTornEndIsCut(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	s := start(t, store, decided)
	s.publish(t, message(1, 100), message(2, 100))
	want := s.delivered(t)
	s.stop(t)
	dir := folder(t, store)
	path := filepath.Join(dir, "msgs", "1.blk")
	whole := readFile(t, path)
	half := whole[len(whole)/2:] // the two records have the same size
	writeFile(t, path, append(bytes.Clone(whole), half[:len(half)-1]...))

	r := scan(t, dir, blocks.Options{Known: 2})
	if r.Damaged() || r.Torn == nil {
		t.Fatalf("%+v", r)
	}
	if got, want := *r.Torn, (blocks.Torn{File: "1.blk", Offset: int64(len(whole)), Bytes: int64(len(half) - 1), Position: 3}); got != want {
		t.Errorf("torn: got %+v, want %+v", got, want)
	}
	s = start(t, store, decided)
	s.stop(t)
	scanClean(t, dir, want)
	if got := readFile(t, path); !bytes.Equal(got, whole) {
		t.Errorf("the server left %d bytes of %d", len(got), len(whole))
	}
}

// What the server does with a damaged record before the end: it cuts the block
// there, without an error. The scan afterwards finds what is missing.
func TestFactServerCutsAtDamage(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	s := start(t, store, smallBlocks)
	for n := range 40 {
		s.publish(t, message(n, 1000))
	}
	s.stop(t)
	dir := folder(t, store)
	where := layout(t, dir)
	spoil(t, filepath.Join(dir, "msgs"), where[9], 30)
	r := scan(t, dir, blocks.Options{Known: 40})
	if got := r.Concerned(); len(got) != 1 || got[0] != (blocks.Range{From: 10, To: 10}) || r.Messages != 39 {
		t.Errorf("before the start: %+v, %d messages", got, r.Messages)
	}
	s = start(t, store, smallBlocks)
	stream, err := s.js.Stream(t.Context(), natsstore.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.GetMsg(t.Context(), 10); err == nil {
		t.Error("the server delivers a damaged message")
	}
	s.stop(t)
	lost := uint64(0)
	for _, l := range where {
		if l.file == where[9].file && l.position >= 10 {
			lost = l.position
		}
	}
	// The server cuts when it has to rebuild its index, or when it is asked for the
	// message; until then the damage stays as it was.
	r = scan(t, dir, blocks.Options{Known: 40})
	if got := r.Concerned(); len(got) != 1 || got[0].From != 10 || got[0].To > lost {
		t.Errorf("after the start: %+v", r.Damages)
	}
}

// The checksum does not cover the length of the subject: without a header, a
// flipped bit there moves bytes from the subject to the body, and the server
// delivers that. Check finds it.
func TestFactSubjectLengthIsNotCovered(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	s := start(t, store, decided)
	s.publish(t, &nats.Msg{Subject: "ev.test.5", Data: []byte(`{"a":1}`)})
	s.stop(t)
	dir := folder(t, store)
	path := filepath.Join(dir, "msgs", "1.blk")
	data := readFile(t, path)
	data[20] ^= 1
	writeFile(t, path, data)
	s = start(t, store, decided)
	if got := s.delivered(t)[0]; got.Subject != "ev.test." && got.Subject != "ev.test" {
		t.Errorf("the server delivers %+v", got)
	}
	s.stop(t)
	if r := scan(t, dir, blocks.Options{Check: jsonBody}); !r.Damaged() || r.Damages[0].Kind != blocks.KindContent || r.Damages[0].From != 1 || r.Messages != 0 {
		t.Errorf("%+v", r)
	}
}

// Deleting leaves a tombstone behind, or a record with the mark of an erased
// message; the scan reports both.
func TestFactDeleted(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(*testing.T, jetstream.Stream) error{
		"deleted": func(t *testing.T, s jetstream.Stream) error { return s.DeleteMsg(t.Context(), 2) },
		"erased":  func(t *testing.T, s jetstream.Stream) error { return s.SecureDeleteMsg(t.Context(), 2) },
		"purged": func(t *testing.T, s jetstream.Stream) error {
			return s.Purge(t.Context(), jetstream.WithPurgeSequence(3))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := t.TempDir()
			s := start(t, store, changed(func(c *jetstream.StreamConfig) { c.DenyDelete, c.DenyPurge = false, false }))
			s.publish(t, message(1, 10), message(2, 10), message(3, 10))
			stream, err := s.js.Stream(t.Context(), natsstore.StreamName)
			if err != nil {
				t.Fatal(err)
			}
			if err := remove(t, stream); err != nil {
				t.Fatal(err)
			}
			s.stop(t)
			r := scan(t, folder(t, store), blocks.Options{Known: 3})
			got := r.Concerned()
			if len(got) != 1 || got[0].To != 2 || r.Last != 3 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// The layout of a record, spelled out.
func TestFactRecord(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	s := start(t, store, decided)
	s.publish(t, &nats.Msg{Subject: "ev.a", Header: nats.Header{"X": {"y"}}, Data: []byte("body")})
	want := s.delivered(t)[0]
	s.stop(t)
	const header = "NATS/1.0\r\nX: y\r\n\r\n"
	le := binary.LittleEndian
	record := le.AppendUint32(nil, 1<<31|uint32(22+len("ev.a")+4+len(header)+len("body")+8))
	record = le.AppendUint64(record, 1)
	record = le.AppendUint64(record, uint64(want.At.UnixNano()))
	record = le.AppendUint16(record, uint16(len("ev.a")))
	record = append(record, "ev.a"...)
	record = le.AppendUint32(record, uint32(len(header)))
	record = append(record, header+"body"...)
	got := readFile(t, filepath.Join(folder(t, store), "msgs", "1.blk"))
	if len(got) != len(record)+8 || !bytes.HasPrefix(got, record) {
		t.Errorf("block:\n%q, want\n%q and a checksum", got, record)
	}
}
