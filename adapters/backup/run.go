package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"hearth/adapters/dirlock"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// Source is what is backed up.
type Source struct {
	Log eventstore.Log
	DB  *pgxpool.Pool
	// Checkpoint is the last checkpoint that the log signed, and VerifierKey the
	// key to check it; both empty when the log is not sealed.
	Checkpoint  []byte
	VerifierKey string
	// KeyFile is the file with the signing key, when it is to be in the backup.
	KeyFile string
	// Version is that of the program.
	Version string
}

// Options are the choices of one backup. The zero Options are good.
type Options struct {
	// Full compares everything that the folder holds with the log, not only the
	// last segment.
	Full bool
	// Progress is told how many messages are done, of how many; nil is no one.
	Progress func(done, total int64)
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	step    func(what string) error // before each point of no return, for tests
	segment int                     // messages in a segment; 0 means segmentMessages
}

// Report is what a backup did.
type Report struct {
	*Manifest
	Messages int64 // that are new
	Bytes    int64 // of new files
	Compared int64 // messages of earlier backups that were compared with the log
	Cleaned  int   // files of a backup that did not finish
}

// Run brings the backup in a folder up to the present end of the log, or begins
// one in an empty folder. Commands may go on meanwhile; what they append after
// the end was taken belongs to the next backup.
//
// Whatever ends it early leaves the backup before as it was, beside files that
// the next Run removes.
func Run(ctx context.Context, dir string, src Source, opts Options) (Report, error) {
	r := &run{dir: dir, src: src, opts: opts}
	if r.opts.Now == nil {
		r.opts.Now = time.Now
	}
	if r.opts.segment == 0 {
		r.opts.segment = segmentMessages
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Report{}, domain.Reject(CodeNotFolder, "不能使用文件夹 %s(%v)。请核对路径和权限。", dir, err)
	}
	lock, err := hold(dir)
	if err != nil {
		return Report{}, fmt.Errorf("backup: %w", err)
	}
	defer lock.Release()
	if err := r.do(ctx); err != nil {
		return Report{}, fmt.Errorf("backup: %w", err)
	}
	return r.report, nil
}

// hold keeps other backups out of a folder, and a backup out of one that is
// being read.
func hold(dir string) (*dirlock.Lock, error) {
	lock, err := dirlock.TryFolder(dir)
	switch {
	case errors.Is(err, dirlock.ErrHeld):
		return nil, domain.Reject(CodeInUse, "%s 正由另一个备份、核对或恢复使用。请等它结束。", dir)
	case errors.Is(err, fs.ErrNotExist):
		return nil, domain.Reject(CodeNone, "没有文件夹 %s。请核对路径。", dir)
	}
	return lock, err
}

// run is a Run under way.
type run struct {
	dir    string
	src    Source
	opts   Options
	old    *Manifest // nil in an empty folder
	tree   *notary.Tree
	seal   notary.Checkpoint // of the log, zero when there is none
	end    int64             // of the log
	report Report
	steps  sync.Mutex // one step at a time: segments are finished beside the reading
}

func (r *run) step(what string) error {
	if r.opts.step == nil {
		return nil
	}
	r.steps.Lock()
	defer r.steps.Unlock()
	return r.opts.step(what)
}

func (r *run) progress(done int64) {
	if r.opts.Progress != nil {
		r.opts.Progress(done, r.end)
	}
}

// do keeps this order: nothing is changed before everything is known to be in
// order; new files are whole and checked before the manifest names them; what it
// no longer names is removed last.
func (r *run) do(ctx context.Context) error {
	m := &Manifest{Format: formatVersion, Run: 1, Hearth: r.src.Version, Segments: []Segment{}, Tables: []Table{}}
	left, err := r.prepare(ctx, m)
	if err != nil {
		return err
	}
	// A crash from here on leaves this mark: what the manifest does not name is
	// then ours, and not a sign of damage.
	if err := r.begin(left, m.Run); err != nil {
		return err
	}
	if err := r.copyLog(ctx, m); err != nil {
		return err
	}
	if err := r.copyTables(ctx, m); err != nil {
		return err
	}
	if err := r.copyKey(m); err != nil {
		return err
	}
	if err := r.step("write the manifest"); err != nil {
		return err
	}
	text, err := r.manifest(m)
	if err != nil {
		return err
	}
	// A crash before the rename leaves the backup before, one after it the new
	// backup, with the tables of the one before beside it.
	if err := replace(r.dir, manifestFile, text); err != nil {
		return err
	}
	r.report.Manifest = m
	return r.tidy(m)
}

// begin leaves the mark and removes what is left of a backup that did not finish.
func (r *run) begin(left []string, run int) error {
	if err := r.step("begin"); err != nil {
		return err
	}
	if err := replace(r.dir, unfinishedFile, []byte("备份正在进行,或没有完成;下次备份会清理。\n")); err != nil {
		return err
	}
	for _, name := range left {
		if err := os.RemoveAll(filepath.Join(r.dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	r.report.Cleaned = len(left)
	return makeFolder(r.dir, segmentsFolder, tablesFolder, filepath.Join(tablesFolder, strconv.Itoa(run)))
}

// copyLog writes the segments of what is new. While one is read back the next is
// written.
func (r *run) copyLog(ctx context.Context, m *Manifest) error {
	from := r.tree.Size()
	r.progress(from)
	if err := r.sealed(); err != nil {
		return err
	}
	finishing, fctx := errgroup.WithContext(ctx)
	finishing.SetLimit(1)
	done := make([]*Segment, 0)
	var w *segmentWriter
	finish := func() {
		this, s := w, &Segment{}
		done, w = append(done, s), nil
		finishing.Go(func() (err error) { *s, err = r.finish(this); return err })
	}
	err := eventstore.ReadMessages(fctx, r.src.Log, eventstore.Position(from), eventstore.Position(r.end), func(page []eventstore.Message) (err error) {
		for _, msg := range page {
			if w == nil {
				if err := r.step("begin a segment"); err != nil {
					return err
				}
				if w, err = beginSegment(r.dir, msg.Position); err != nil {
					return err
				}
			}
			leaf := notary.HashOf(msg)
			r.tree.Add(leaf)
			if err := errors.Join(w.add(msg, leaf), r.sealed()); err != nil {
				return err
			}
			if w.full(r.opts.segment) {
				finish()
			}
		}
		r.progress(r.tree.Size())
		return nil
	})
	if w != nil && err != nil {
		w.out.file.Close()
	} else if w != nil {
		finish()
	}
	if err = errors.Join(finishing.Wait(), err); err != nil {
		return err
	}
	for _, s := range done {
		m.Segments = append(m.Segments, *s)
		r.report.Bytes += s.Bytes
	}
	r.report.Messages = r.tree.Size() - from
	return syncFolder(filepath.Join(r.dir, segmentsFolder))
}

// finish gives a segment that was read back its name.
func (r *run) finish(w *segmentWriter) (Segment, error) {
	if err := r.step("finish a segment"); err != nil {
		return Segment{}, errors.Join(err, w.out.file.Close())
	}
	s, err := w.finish()
	if err != nil {
		return s, err
	}
	if err := r.step("read a segment back"); err != nil {
		return s, err
	}
	if err := w.readBack(r.dir, s); err != nil {
		return s, err
	}
	if err := r.step("name a segment"); err != nil {
		return s, err
	}
	was := filepath.Join(r.dir, filepath.FromSlash(s.Name))
	s.Name = segmentName(s.First, s.Last)
	return s, os.Rename(was, filepath.Join(r.dir, filepath.FromSlash(s.Name)))
}

// sealed compares the tree with the checkpoint when it has come to its size. A
// checkpoint below what earlier backups hold was compared by Verify, if at all.
func (r *run) sealed() error {
	if r.seal.Size > 0 && r.seal.Size == r.tree.Size() && r.seal.Root != r.tree.Root() {
		return domain.Reject(CodeDiffers, "事件库前 %d 次提交的根与签名的检查点不同:事件库被改动过。没有做成新的备份,原有备份不变。请先运行 hearth doctor。", r.seal.Size)
	}
	return nil
}

func (r *run) copyTables(ctx context.Context, m *Manifest) (err error) {
	if err := r.step("copy the tables"); err != nil {
		return err
	}
	if m.Tables, m.Migration, err = dump(ctx, r.src.DB, r.dir, m.Run, r.end); err != nil {
		return err
	}
	for _, t := range m.Tables {
		r.report.Bytes += t.Bytes
	}
	return syncFolder(filepath.Join(r.dir, tablesFolder, strconv.Itoa(m.Run)))
}

// copyKey keeps the signing key, when asked. It never changes, so a key that is
// not the one kept before is a mistake.
func (r *run) copyKey(m *Manifest) error {
	if r.src.KeyFile == "" {
		return nil
	}
	key, err := notary.ReadKey(r.src.KeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return domain.Reject(CodeOtherKey, "找不到签名密钥 %s。没有做成新的备份,原有备份不变。请去掉 --with-key,或核对密钥的位置。", r.src.KeyFile)
	}
	if err != nil {
		return err
	}
	if key.Origin() != notary.Origin(m.Log) {
		return domain.Reject(CodeOtherKey, "签名密钥 %s 属于另一个事件库。没有做成新的备份,原有备份不变。", r.src.KeyFile)
	}
	text := []byte(key.Secret() + "\n")
	kept := fileOf(keyFile, text)
	if m.Key != nil && *m.Key != kept {
		return domain.Reject(CodeOtherKey, "签名密钥与这份备份中原有的不同。没有做成新的备份,原有备份不变。")
	}
	m.Key = &kept
	if err := r.step("copy the key"); err != nil {
		return err
	}
	if err := replace(r.dir, keyFile, text); err != nil {
		return err
	}
	return kept.check(r.dir)
}

// manifest completes the manifest.
func (r *run) manifest(m *Manifest) (text []byte, err error) {
	m.Size, m.Root, m.MadeAt = r.tree.Size(), r.tree.Root(), r.opts.Now().UTC().Truncate(time.Second)
	if m.Tree, err = r.tree.MarshalBinary(); err != nil {
		return nil, err
	}
	if r.seal.Size > 0 && r.seal.Size <= m.Size {
		m.Checkpoint, m.VerifierKey = string(r.src.Checkpoint), r.src.VerifierKey
	}
	if text, err = m.encode(); err != nil {
		return nil, err
	}
	return text, m.check()
}

// tidy removes the tables of the backup before, and the mark.
func (r *run) tidy(m *Manifest) error {
	if err := r.step("tidy"); err != nil {
		return err
	}
	if r.old != nil {
		if err := os.RemoveAll(filepath.Join(r.dir, tablesFolder, strconv.Itoa(r.old.Run))); err != nil {
			return err
		}
	}
	if err := os.Remove(filepath.Join(r.dir, unfinishedFile)); err != nil {
		return err
	}
	return syncFolder(r.dir)
}
