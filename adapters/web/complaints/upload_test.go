package complaints

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
)

func TestUploadsAreSealed(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 7} {
		want := bytes.Repeat([]byte("张三13800001234,"), size/18+1)[:size]
		l, path := newLocker(), filepath.Join(t.TempDir(), "upload")
		f, err := l.write(path, func(w io.Writer) error {
			_, err := io.Copy(w, iotest.OneByteReader(bytes.NewReader(want)))
			return err
		})
		if err != nil || f.size != int64(size) {
			t.Fatalf("%d bytes: wrote %d, %v", size, f.size, err)
		}
		r, err := f.open()
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(io.NewSectionReader(r, 0, f.size), want); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		stored, err := os.ReadFile(path)
		if err != nil || bytes.Contains(stored, []byte("13800001234")) {
			t.Errorf("%d bytes: in the clear on disk, %v", size, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if size == 0 {
			continue
		}
		stored[len(stored)/2] ^= 1
		if err := os.WriteFile(path, stored, 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err = f.open(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(io.NewSectionReader(r, 0, f.size)); err == nil {
			t.Errorf("%d bytes: damage is not told", size)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
