package blocks

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// broken is a disk that cannot read some bytes.
type broken struct {
	io.ReaderAt
	from, to int64
}

func (b broken) ReadAt(p []byte, at int64) (int, error) {
	if at < b.to && at+int64(len(p)) > b.from {
		return 0, errors.New("input/output error")
	}
	return b.ReaderAt.ReadAt(p, at)
}

// Around bytes that the disk does not give, everything is read.
func TestReadAll(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("x"), 3*chunk+100)
	buf := bytes.Repeat([]byte("old"), len(data))[:len(data)]
	const from = chunk + 10*piece
	if lost := readAll(broken{bytes.NewReader(data), from + 5, from + 6}, buf); lost != piece {
		t.Errorf("lost %d bytes", lost)
	}
	want := bytes.Clone(data)
	clear(want[from : from+piece])
	if !bytes.Equal(buf, want) {
		t.Error("the rest is not as it was")
	}
	if lost := readAll(bytes.NewReader(data[:5]), buf[:10]); lost != 5 {
		t.Errorf("of a file that has become shorter: lost %d bytes", lost)
	}
}
