package backup

import (
	"context"
	"fmt"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// Checked is what Verify found.
type Checked struct {
	*Manifest
	// Sealed is the signed checkpoint that the messages agree with; its size is
	// 0 when there is none.
	Sealed notary.Checkpoint
	// Unfinished says that a later backup did not finish. It does no harm.
	Unfinished bool
	// KeyKept says that the signing key is in the folder.
	KeyKept bool
}

// Verify checks every byte of a backup without the log: the files are those of
// the manifest and nothing else, every message is there, and the root and the
// signed checkpoint are those of the messages.
func Verify(ctx context.Context, dir string, progress func(done, total int64)) (Checked, error) {
	lock, err := hold(dir)
	if err != nil {
		return Checked{}, fmt.Errorf("verify the backup: %w", err)
	}
	defer lock.Release()
	m, err := ReadManifest(dir)
	if err != nil {
		return Checked{}, err
	}
	c := Checked{Manifest: m}
	found, unfinished, err := strangers(dir, m)
	if err != nil {
		return c, fmt.Errorf("verify the backup: %w", err)
	}
	for _, name := range found {
		if !unfinished || !leftover(name) {
			return c, surplus(name)
		}
	}
	c.Unfinished = unfinished
	if err := m.checkKey(dir, &c); err != nil {
		return c, err
	}
	for _, t := range m.Tables {
		if err := t.check(dir); err != nil {
			return c, err
		}
	}
	if c.Sealed, err = m.checkpoint(); err != nil {
		return c, err
	}
	return c, m.checkMessages(ctx, dir, c.Sealed, progress)
}

// checkKey checks the signing key, if it has not been taken away.
func (m *Manifest) checkKey(dir string, c *Checked) error {
	if m.Key == nil || !exists(dir, keyFile) {
		return nil
	}
	c.KeyKept = true
	return m.Key.check(dir)
}

// checkMessages computes the tree anew.
func (m *Manifest) checkMessages(ctx context.Context, dir string, sealed notary.Checkpoint, progress func(done, total int64)) error {
	tree := &notary.Tree{}
	for _, s := range m.Segments {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.read(dir, func(msg eventstore.Message) error {
			tree.Add(notary.HashOf(msg))
			if sealed.Size == tree.Size() && sealed.Root != tree.Root() {
				return domain.Reject(CodeDiffers, "备份中前 %d 次提交的根与签名的检查点不同:内容在签名之后被改动过。请不要使用这份备份。", sealed.Size)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if progress != nil {
			progress(tree.Size(), m.Size)
		}
	}
	if tree.Root() != m.Root {
		return damaged(manifestFile, "的根与各段的内容不符")
	}
	return nil
}
