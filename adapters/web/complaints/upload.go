package complaints

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// chunkSize is how much of an upload is sealed at once.
const chunkSize = 64 << 10

// locker seals the files of one job under a key that is in memory alone, as the
// job is: what a crash leaves on disk nobody can read. Each file is written once.
// A chunk's nonce is the number of the file and its own, so no chunk can take the
// place of another.
type locker struct {
	aead  cipher.AEAD
	files uint32
}

func newLocker() *locker {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a wrong length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return &locker{aead: aead}
}

// locked is a file of a locker that is closed.
type locked struct {
	path   string
	number uint32
	size   int64 // in the clear
	aead   cipher.AEAD
}

func (f *locked) nonce(chunk int64) []byte {
	nonce := binary.BigEndian.AppendUint32(make([]byte, 0, 12), f.number)
	return binary.BigEndian.AppendUint64(nonce, uint64(chunk))
}

// write makes a file of what fill writes.
func (l *locker) write(path string, fill func(io.Writer) error) (_ *locked, err error) {
	l.files++
	f := &locked{path: path, number: l.files, aead: l.aead}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	w := &chunkWriter{file: f, out: out, buffer: make([]byte, 0, chunkSize)}
	err = fill(w)
	if err == nil {
		err = w.flush()
	}
	return f, errors.Join(err, out.Close())
}

type chunkWriter struct {
	file   *locked
	out    io.Writer
	buffer []byte
	chunk  int64
}

func (w *chunkWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		took := min(len(p), chunkSize-len(w.buffer))
		w.buffer, p, n = append(w.buffer, p[:took]...), p[took:], n+took
		if len(w.buffer) == chunkSize {
			if err := w.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (w *chunkWriter) flush() error {
	if len(w.buffer) == 0 {
		return nil
	}
	sealed := w.file.aead.Seal(nil, w.file.nonce(w.chunk), w.buffer, nil)
	w.file.size += int64(len(w.buffer))
	w.buffer, w.chunk = w.buffer[:0], w.chunk+1
	_, err := w.out.Write(sealed)
	return err
}

// open gives the file in the clear for as long as it is not closed.
func (f *locked) open() (*chunkReader, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	return &chunkReader{file: f, in: in, have: -1}, nil
}

// chunkReader is an io.ReaderAt. Safe for concurrent use.
type chunkReader struct {
	file *locked
	in   *os.File

	mu    sync.Mutex
	have  int64  // guarded by mu: number of the chunk that plain is, -1 for none
	plain []byte // guarded by mu
}

func (r *chunkReader) Close() error { return r.in.Close() }

// ReadAt implements io.ReaderAt.
func (r *chunkReader) ReadAt(p []byte, off int64) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n < len(p) {
		at := off + int64(n)
		if at >= r.file.size {
			return n, io.EOF
		}
		if err := r.load(at / chunkSize); err != nil {
			return n, err
		}
		n += copy(p[n:], r.plain[at%chunkSize:])
	}
	return n, nil
}

func (r *chunkReader) load(chunk int64) error {
	if r.have == chunk {
		return nil
	}
	overhead := int64(r.file.aead.Overhead())
	sealed := make([]byte, min(chunkSize, r.file.size-chunk*chunkSize)+overhead)
	if _, err := r.in.ReadAt(sealed, chunk*(chunkSize+overhead)); err != nil {
		return fmt.Errorf("read chunk %d: %w", chunk, err)
	}
	plain, err := r.file.aead.Open(sealed[:0], r.file.nonce(chunk), sealed, nil)
	if err != nil {
		return fmt.Errorf("chunk %d is damaged: %w", chunk, err)
	}
	r.have, r.plain = chunk, plain
	return nil
}
