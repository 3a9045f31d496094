package backup_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"hearth/adapters/backup"
	"hearth/adapters/natsserver/natstest"
	"hearth/adapters/postgres"
	"hearth/eventstore"
	"hearth/eventstore/storetest"
)

// BenchmarkBackup makes, verifies and restores a backup of messages of about
// 1 KiB, and reads the same log raw, in one run. Servers sync every write. The
// messages are random enough that they do not pack to nothing.
func BenchmarkBackup(b *testing.B) {
	const messages = 40_000
	s := setup(b, "", natstest.WithSync())
	must(b, postgres.Migrate(b.Context(), s.db))
	var bytes int64
	_, err := s.store.Refill(b.Context(), func(yield func(eventstore.Message, error) bool) {
		for i := range messages {
			text := strings.Repeat(fmt.Sprintf("第%d个工地拖欠三个月工资;", i), 14)
			id := storetest.Stream()
			body, err := storetest.Registry().Encode(b.Context(), storetest.Change(id, eventstore.Head{}, text))
			bytes += int64(len(body))
			if !yield(eventstore.Message{Position: eventstore.Position(i + 1), Subject: id.Subject(), Body: body}, err) {
				return
			}
		}
	})
	must(b, err)
	took := map[string]time.Duration{}
	timed := func(what string, do func() error) {
		begun := time.Now()
		must(b, do())
		took[what] += time.Since(begun)
	}
	var last backup.Report
	for b.Loop() {
		must(b, os.RemoveAll(s.dir))
		timed("read", func() error {
			return eventstore.ReadMessages(b.Context(), s.store, 0, messages, func([]eventstore.Message) error { return nil })
		})
		timed("backup", func() (err error) {
			last, err = backup.Run(b.Context(), s.dir, s.source(), backup.Options{})
			return err
		})
		timed("again", func() (err error) {
			last, err = backup.Run(b.Context(), s.dir, s.source(), backup.Options{})
			return err
		})
		timed("verify", func() error {
			_, err := backup.Verify(b.Context(), s.dir, nil)
			return err
		})
		to := setup(b, last.Log, natstest.WithSync())
		timed("restore", func() error { return backup.Restore(b.Context(), s.dir, last.Manifest, refillOf(to, took)) })
	}
	per := func(what string) float64 { return float64(messages) * float64(b.N) / took[what].Seconds() }
	for _, what := range []string{"read", "backup", "verify", "refill", "restore"} {
		b.ReportMetric(per(what), what+"/s")
	}
	b.ReportMetric(per("backup")*float64(bytes)/messages/1e6, "backup-MB/s")
	b.ReportMetric(took["again"].Seconds()*1000/float64(b.N), "again-ms")
	b.ReportMetric(float64(bytes)/float64(last.Manifest.Bytes()), "packed")
	b.ReportMetric(0, "ns/op")
}

// refillOf is the target with the time of the refill taken apart.
func refillOf(s *system, took map[string]time.Duration) backup.Target {
	t := s.target()
	t.Refill = func(ctx context.Context, msgs iter.Seq2[eventstore.Message, error]) error {
		begun := time.Now()
		_, err := s.store.Refill(ctx, msgs)
		took["refill"] += time.Since(begun)
		return err
	}
	return t
}
