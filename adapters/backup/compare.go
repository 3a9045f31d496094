package backup

import (
	"bytes"
	"context"
	"errors"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// prepare reads and compares, and returns what an unfinished backup left.
func (r *run) prepare(ctx context.Context, m *Manifest) (left []string, err error) {
	if m.Log, err = r.src.Log.Identity(ctx); err != nil {
		return nil, err
	}
	end, err := r.src.Log.End(ctx)
	if err != nil {
		return nil, err
	}
	r.end, r.tree = int64(end), &notary.Tree{}
	if len(r.src.Checkpoint) > 0 {
		if r.seal, err = openCheckpoint(m.Log, r.src.Checkpoint, r.src.VerifierKey); err != nil {
			return nil, err
		}
	}
	if left, err = r.readOld(m); err != nil || r.old == nil {
		return left, err
	}
	switch {
	case r.old.Log != m.Log:
		return nil, domain.Reject(CodeOtherLog, "%s 里是另一个事件库(%s)的备份,本库是 %s。未作任何改动。请换一个文件夹。", r.dir, r.old.Log, m.Log)
	case r.old.Size > r.end:
		return nil, domain.Reject(CodeAhead, "备份里有 %d 次提交,而事件库只有 %d 次:事件库丢失了末尾的提交。未作任何改动。请先停止服务,用 hearth restore --drill 核对备份,再从备份恢复。", r.old.Size, r.end)
	}
	if r.tree, err = r.old.tree(); err != nil {
		return nil, err
	}
	m.Run, m.Segments = r.old.Run+1, r.old.Segments
	m.Checkpoint, m.VerifierKey = r.old.Checkpoint, r.old.VerifierKey
	m.Key = r.old.Key
	return left, r.compareOld(ctx)
}

// readOld reads the manifest in the folder, if there is one, and looks for files
// that do not belong there.
func (r *run) readOld(m *Manifest) ([]string, error) {
	var no *domain.Rejection
	old, err := ReadManifest(r.dir)
	if err != nil && !(errors.As(err, &no) && no.Code == CodeNone) {
		return nil, err
	}
	r.old = old
	left, unfinished, err := strangers(r.dir, old)
	if err != nil {
		return nil, err
	}
	for _, name := range left {
		switch {
		case unfinished && leftover(name):
		case old == nil:
			return nil, domain.Reject(CodeNotFolder, "%s 里有 %s,不是备份文件夹。未作任何改动。请换一个空的文件夹。", r.dir, name)
		default:
			return nil, surplus(name)
		}
	}
	return left, nil
}

func surplus(name string) error {
	return damaged(name, "不属于这份备份")
}

// compareOld demands that the files are there, and that the log still is what
// the last segment says, or with Full all of them.
func (r *run) compareOld(ctx context.Context) error {
	for _, f := range r.old.files() {
		file, err := f.open(r.dir)
		if err != nil {
			return err
		}
		file.Close()
	}
	segments := r.old.Segments
	if n := len(segments); n > 1 && !r.opts.Full {
		segments = segments[n-1:]
	}
	if len(segments) == 0 {
		return nil
	}
	first := segments[0].First
	feed, err := r.src.Log.Messages(ctx, first-1)
	if err != nil {
		return err
	}
	defer feed.Close()
	var page []eventstore.Message
	for _, s := range segments {
		err := s.read(r.dir, func(kept eventstore.Message) error {
			if len(page) == 0 {
				if page, err = feed.Next(ctx, segmentMessages/10); err != nil {
					return err
				}
			}
			m := page[0]
			page = page[1:]
			r.report.Compared++
			if m.Position != kept.Position || m.Subject != kept.Subject || !bytes.Equal(m.Body, kept.Body) {
				return domain.Reject(CodeDiffers, "事件库位置 %d 的内容与备份不同:其中一个被改动过。未作任何改动。请运行 hearth backup verify %s 核对备份,并备份到一个新的文件夹。", kept.Position, r.dir)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
