package complaints

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/importer"
	"hearth/adapters/sheet"
	"hearth/domain"
	"hearth/domain/orgunit"
)

// Register takes complaints down, of the units that it knows; *casework.Service is
// one.
type Register interface {
	importer.Registrar
	KnownUnits() orgunit.Tree
}

// Imports keeps uploaded spreadsheets until they are imported or dropped, and
// imports them one after the other in the background. What an import stored
// stays when it is stopped; importing the file again goes on from there. Files
// live in one folder, which is emptied at the beginning and at the end, sealed
// under keys in memory (upload.go): they hold names and numbers of people. Safe for concurrent use; Close waits for the
// import under way.
type Imports struct {
	store Register
	dir   string
	now   func() time.Time
	log   *slog.Logger

	queue  chan uuid.UUID
	ctx    context.Context // of the imports; ended by Close
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu   sync.Mutex
	jobs map[uuid.UUID]*importJob // guarded by mu, and so is all in them
}

// The bounds of what is kept.
const (
	uploadLimit = 64 << 20
	mostJobs    = 20 // of one user
	jobAge      = 24 * time.Hour
	queueLength = 100
)

type jobState string

const (
	jobOpen    jobState = "open"    // uploaded, mapping and preview
	jobQueued  jobState = "queued"  // waits for the import before it
	jobRunning jobState = "running" // is being imported
	jobDone    jobState = "done"
	jobFailed  jobState = "failed"
)

// importJob is an uploaded file and what becomes of it.
type importJob struct {
	ID        uuid.UUID
	Owner     string    // user
	Case      uuid.UUID // whose roster it is; uuid.Nil for a file of complaints
	Name      string    // of the file
	Size      int64
	Format    sheet.Format
	Sheets    []string
	Options   importer.Options
	State     jobState
	Actor     domain.Actor // who imports
	CreatedAt time.Time
	EndedAt   time.Time
	Progress  importer.Progress
	Report    importer.Report
	Failure   string // why it failed, for the user
	HasBad    bool   // there is a file of bad rows
	locker    *locker
	file      *locked
	bad       *locked
	check     *check
	stop      context.CancelFunc
}

// NewImports keeps files in a folder of its own, which is made when it is
// missing and emptied.
func NewImports(store Register, dir string, now func() time.Time, log *slog.Logger) (*Imports, error) {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, fmt.Errorf("folder for uploads: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	im := &Imports{
		store: store, dir: dir, now: now, log: log, queue: make(chan uuid.UUID, queueLength), ctx: ctx, cancel: cancel,
		jobs: map[uuid.UUID]*importJob{},
	}
	im.wg.Go(im.work)
	return im, nil
}

// Close stops the import under way after its present chunk, waits for it and
// removes all files.
func (im *Imports) Close() error {
	im.mu.Lock()
	im.cancel() // no check begins any more
	im.mu.Unlock()
	im.wg.Wait()
	return os.RemoveAll(im.dir)
}

func (im *Imports) path(id uuid.UUID) string    { return filepath.Join(im.dir, id.String()) }
func (im *Imports) badPath(id uuid.UUID) string { return filepath.Join(im.dir, id.String()+".bad") }

// add keeps an uploaded file that can be read as a spreadsheet.
func (im *Imports) add(job importJob, content io.Reader) (importJob, error) {
	job.ID, job.State, job.CreatedAt, job.locker = uuid.New(), jobOpen, im.now(), newLocker()
	if err := im.save(&job, content); err != nil {
		_ = os.Remove(im.path(job.ID)) // it may not be there; the folder is emptied in the end
		return importJob{}, err
	}
	im.mu.Lock()
	defer im.mu.Unlock()
	im.jobs[job.ID] = &job
	im.forget(job.Owner)
	return job, nil
}

func (im *Imports) save(job *importJob, content io.Reader) error {
	var err error
	job.file, err = job.locker.write(im.path(job.ID), func(w io.Writer) error {
		_, err := io.Copy(w, io.LimitReader(content, uploadLimit+1))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the upload: %w", err)
	}
	job.Size = job.file.size
	return im.read(*job, func(book *sheet.Book) error {
		job.Format = book.Format()
		for _, s := range book.Sheets() {
			if !s.Hidden && s.Name != "" {
				job.Sheets = append(job.Sheets, s.Name)
			}
		}
		return nil
	})
}

// read opens the file of a job for as long as use takes.
func (im *Imports) read(job importJob, use func(*sheet.Book) error) error {
	file, err := job.file.open()
	if err != nil {
		return fmt.Errorf("open the upload: %w", err)
	}
	defer file.Close()
	limits := sheet.DefaultLimits()
	limits.FileBytes = uploadLimit
	book, err := sheet.Open(file, job.Size, limits)
	if err != nil {
		return err
	}
	defer book.Close()
	return use(book)
}

// open opens a job's file with its mapping.
func (im *Imports) open(job importJob, use func(*importer.File) error) error {
	return im.read(job, func(book *sheet.Book) error {
		job.Options.Now, job.Options.Units = im.now, im.store.KnownUnits()
		f, err := importer.Open(book, job.Options)
		if err != nil {
			return err
		}
		return use(f)
	})
}

// forget drops what is too old, and the oldest of an owner who has too many.
// Imports that run or wait are never dropped.
func (im *Imports) forget(owner string) {
	var own []*importJob
	for _, job := range im.jobs {
		switch {
		case job.State == jobRunning || job.State == jobQueued:
		case im.now().Sub(job.CreatedAt) > jobAge:
			im.remove(job)
		case job.Owner == owner:
			own = append(own, job)
		}
	}
	slices.SortFunc(own, func(a, b *importJob) int { return b.CreatedAt.Compare(a.CreatedAt) })
	for _, job := range own[min(len(own), mostJobs):] {
		im.remove(job)
	}
}

func (im *Imports) remove(job *importJob) {
	job.forgetCheck()
	delete(im.jobs, job.ID)
	if err := errors.Join(gone(os.Remove(im.path(job.ID))), gone(os.Remove(im.badPath(job.ID)))); err != nil {
		im.log.Warn("upload not removed", "job", job.ID, "err", err)
	}
}

func gone(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// sweepEvery is how often files that are too old are looked for, whoever comes.
const sweepEvery = time.Hour

func (im *Imports) sweep() {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.forget("")
}

// of lists the jobs of a user, the newest first.
func (im *Imports) of(owner string) []importJob {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.forget(owner)
	var list []importJob
	for _, job := range im.jobs {
		if job.Owner == owner && job.Case == uuid.Nil {
			list = append(list, *job)
		}
	}
	slices.SortFunc(list, func(a, b importJob) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return list
}

// get is a job of its owner.
func (im *Imports) get(id uuid.UUID, owner string) (importJob, bool) {
	im.mu.Lock()
	defer im.mu.Unlock()
	job, ok := im.jobs[id]
	if !ok || job.Owner != owner {
		return importJob{}, false
	}
	return *job, true
}

// configure changes how a file is read, as long as it is not imported.
func (im *Imports) configure(id uuid.UUID, o importer.Options) {
	im.mu.Lock()
	defer im.mu.Unlock()
	if job := im.jobs[id]; job != nil && job.State == jobOpen {
		job.Options = o
		job.forgetCheck()
	}
}

// check is the dry run over a job's file. The results are read after done.
type check struct {
	done    chan struct{}
	cancel  context.CancelFunc
	preview importer.Preview
	err     error
}

// checkPatience is how long a page waits for a dry run before it says that it
// goes on.
const checkPatience = 2 * time.Second

// errChecking says that the dry run has not ended yet.
var errChecking = domain.Reject("still_checking", "文件还在检查,请稍等片刻再试。")

// preview is what the dry run over a job's file says. It goes on in the
// background when it takes long, until the mapping changes.
func (im *Imports) preview(ctx context.Context, id uuid.UUID) (importer.Preview, error) {
	c := im.check(id)
	select {
	case <-c.done:
		return c.preview, c.err
	case <-time.After(checkPatience):
		return importer.Preview{}, errChecking
	case <-ctx.Done():
		return importer.Preview{}, ctx.Err()
	}
}

// check is the dry run of a job, which is begun when there is none.
func (im *Imports) check(id uuid.UUID) *check {
	im.mu.Lock()
	defer im.mu.Unlock()
	job := im.jobs[id]
	if job != nil && job.check != nil {
		return job.check
	}
	c := &check{done: make(chan struct{})}
	if job == nil || im.ctx.Err() != nil { // removed meanwhile, or all ends
		c.err = domain.Reject("upload_gone", "文件已经不在了,请重新上传。")
		close(c.done)
		return c
	}
	ctx, cancel := context.WithCancel(im.ctx)
	c.cancel, job.check = cancel, c
	now := *job
	im.wg.Go(func() {
		defer close(c.done)
		defer cancel()
		c.err = im.open(now, func(f *importer.File) (err error) {
			c.preview, err = f.Preview(ctx)
			return err
		})
	})
	return c
}

// forgetCheck ends the dry run of a job, so that the next one begins anew.
func (j *importJob) forgetCheck() {
	if j.check != nil {
		j.check.cancel()
		j.check = nil
	}
}

// start puts a job in the queue. One that is there already stays as it is.
func (im *Imports) start(id uuid.UUID, actor domain.Actor) error {
	im.mu.Lock()
	defer im.mu.Unlock()
	job := im.jobs[id]
	if job == nil || job.State != jobOpen {
		return nil
	}
	select {
	case im.queue <- id:
		job.State, job.Actor = jobQueued, actor
		return nil
	default:
		return domain.Reject("imports_waiting", "等待导入的文件太多,请过一会儿再试。")
	}
}

// drop removes a job that is not under way, and stops one that is.
func (im *Imports) drop(id uuid.UUID) {
	im.mu.Lock()
	defer im.mu.Unlock()
	switch job := im.jobs[id]; {
	case job == nil:
	case job.State == jobRunning:
		job.stop()
	case job.State == jobQueued:
		job.State = jobOpen // its turn passes
	default:
		im.remove(job)
	}
}
