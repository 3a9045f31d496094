package blocks_test

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"testing"

	"hearth/adapters/natsserver/blocks"
)

// BenchmarkScan reads 40,000 messages of 1 kB, beside what reading the same
// files costs at least, and with a cryptographic hash.
func BenchmarkScan(b *testing.B) {
	store := b.TempDir()
	s := start(b, store, decided)
	const count, group = 40_000, 1000
	for n := 0; n < count; n += group {
		for i := range group {
			if _, err := s.js.PublishMsgAsync(message(n+i, 1000)); err != nil {
				b.Fatal(err)
			}
		}
		<-s.js.PublishAsyncComplete()
	}
	s.stop(b)
	dir := folder(b, store)
	size := scan(b, dir, blocks.Options{Known: count}).Bytes
	report := func(b *testing.B) {
		seconds := b.Elapsed().Seconds() / float64(b.N)
		b.ReportMetric(float64(size)/1e6/seconds, "MB/s")
		b.ReportMetric(count/seconds, "messages/s")
	}
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			if r := scan(b, dir, blocks.Options{Known: count}); r.Damaged() || r.Messages != count {
				b.Fatalf("%+v", r)
			}
		}
		report(b)
	})
	for name, into := range map[string]io.Writer{"read": io.Discard, "sha256": sha256.New()} {
		b.Run(name, func(b *testing.B) {
			files, err := filepath.Glob(filepath.Join(dir, "msgs", "*.blk"))
			if err != nil {
				b.Fatal(err)
			}
			buf := make([]byte, 1<<20)
			for b.Loop() {
				for _, name := range files {
					file, err := os.Open(name)
					if err != nil {
						b.Fatal(err)
					}
					// Without the shortcuts of files, which read nothing.
					_, err = io.CopyBuffer(struct{ io.Writer }{into}, struct{ io.Reader }{file}, buf)
					file.Close()
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			report(b)
		})
	}
}
