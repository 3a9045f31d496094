package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/postgres"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// Target is the empty place that a backup is restored to.
type Target struct {
	// Log is empty and has the identity of the log that was backed up.
	Log eventstore.Log
	// Refill writes messages into Log, each at its own position.
	Refill func(ctx context.Context, messages iter.Seq2[eventstore.Message, error]) error
	DB     *pgxpool.Pool
	// KeyFile is where the signing key belongs.
	KeyFile string
	// Progress is told how far each part is; nil is no one.
	Progress func(part string, done, total int64)
}

// CheckTarget refuses a database with rows and a log that is not empty or is
// another one, before anything is written.
func (m *Manifest) CheckTarget(ctx context.Context, t Target) error {
	latest, err := postgres.Latest()
	if err != nil {
		return err
	}
	if m.Migration > latest {
		return newer(fmt.Sprintf("数据表是第 %d 版,本程序只懂到第 %d 版", m.Migration, latest))
	}
	if err := CheckDatabase(ctx, t.DB); err != nil {
		return err
	}
	identity, err := t.Log.Identity(ctx)
	if err != nil {
		return err
	}
	end, err := t.Log.End(ctx)
	switch {
	case err != nil:
		return err
	case end > 0:
		return domain.Reject(CodeNotEmpty, "事件库里已有 %d 次提交。未作任何改动。请恢复到一个空的事件库。", end)
	case identity != m.Log:
		return domain.Reject(CodeNotEmpty, "事件库是空的,但编号是 %s,备份的是 %s。未作任何改动。请删除这个空的事件流,恢复时会按备份的编号重建。", identity, m.Log)
	}
	return nil
}

// Restore fills an empty log and an empty database, then reads the log again and
// demands the root of the manifest, which is that of a Verify a moment ago. What
// it leaves when it fails is not whole and must be thrown away.
func Restore(ctx context.Context, dir string, m *Manifest, t Target) error {
	lock, err := hold(dir)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer lock.Release()
	if now, err := ReadManifest(dir); err != nil || now.Digest != m.Digest {
		return cmp.Or(err, domain.Reject(CodeInUse, "%s 在核对之后又做了备份。未作任何改动。请再运行一次。", dir))
	}
	if err := m.CheckTarget(ctx, t); err != nil {
		return err
	}
	if err := t.Refill(ctx, m.Messages(dir, t.part("写入"))); err != nil {
		return fmt.Errorf("restore the log: %w", err)
	}
	if err := m.load(ctx, dir, t.DB); err != nil {
		return fmt.Errorf("restore the tables: %w", err)
	}
	if err := m.prove(ctx, t); err != nil {
		return err
	}
	return m.restoreKey(dir, t.KeyFile)
}

func (t Target) part(name string) func(done, total int64) {
	return func(done, total int64) {
		if t.Progress != nil {
			t.Progress(name, done, total)
		}
	}
}

// Messages reads all messages of the backup in order.
func (m *Manifest) Messages(dir string, progress func(done, total int64)) iter.Seq2[eventstore.Message, error] {
	return func(yield func(eventstore.Message, error) bool) {
		for _, s := range m.Segments {
			err := s.read(dir, func(msg eventstore.Message) error {
				if msg.Position%1000 == 0 {
					progress(int64(msg.Position), m.Size)
				}
				if !yield(msg, nil) {
					return errEnough
				}
				return nil
			})
			if err != nil {
				if !errors.Is(err, errEnough) {
					yield(eventstore.Message{}, err)
				}
				return
			}
		}
	}
}

var errEnough = errors.New("the reader has enough")

// prove computes the root of what is in the log now.
func (m *Manifest) prove(ctx context.Context, t Target) error {
	end, err := t.Log.End(ctx)
	if err != nil {
		return err
	}
	tree, progress := &notary.Tree{}, t.part("核对")
	err = eventstore.ReadMessages(ctx, t.Log, 0, end, func(page []eventstore.Message) error {
		for _, msg := range page {
			tree.Add(notary.HashOf(msg))
		}
		progress(tree.Size(), m.Size)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the restored log: %w", err)
	}
	if tree.Size() != m.Size || tree.Root() != m.Root {
		return domain.Reject(CodeDiffers, "恢复出来的事件库与备份不符:%d 次提交,根 %v;应为 %d 次,根 %v。请不要使用它,换一块磁盘再恢复。", tree.Size(), tree.Root(), m.Size, m.Root)
	}
	return nil
}

// restoreKey puts the signing key where it belongs, if it is in the folder.
func (m *Manifest) restoreKey(dir, path string) error {
	if m.Key == nil || path == "" || !exists(dir, keyFile) {
		return nil
	}
	if err := m.Key.check(dir); err != nil {
		return err
	}
	key, err := notary.ReadKey(filepath.Join(dir, keyFile))
	if err != nil {
		return err
	}
	if err := notary.WriteKey(path, key); !errors.Is(err, fs.ErrExist) {
		return err
	}
	there, err := notary.ReadKey(path)
	if err == nil && there.Secret() != key.Secret() {
		err = domain.Reject(CodeOtherKey, "%s 已有另一个签名密钥,没有替换它。请核对后自行处理。", path)
	}
	return err
}
