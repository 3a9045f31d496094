package complaints

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/importer"
	"hearth/domain"
)

// work imports one file after the other.
func (im *Imports) work() {
	for {
		select {
		case <-im.ctx.Done():
			return
		case <-time.After(sweepEvery):
			im.sweep()
		case id := <-im.queue:
			im.run(id)
		}
	}
}

// run imports a file. The file goes when it ends well; of the bad rows a file is
// made before.
func (im *Imports) run(id uuid.UUID) {
	ctx, cancel := context.WithCancel(im.ctx)
	defer cancel()
	im.mu.Lock()
	job := im.jobs[id]
	if job == nil || job.State != jobQueued {
		im.mu.Unlock()
		return
	}
	job.State, job.stop, job.Failure = jobRunning, cancel, ""
	now := *job
	im.mu.Unlock()

	var report importer.Report
	var bad *locked
	err := im.open(now, func(f *importer.File) (err error) {
		report, err = f.Run(ctx, im.store, now.Actor, func(p importer.Progress) { im.progress(id, p) })
		if err == nil && len(report.Bad) > 0 {
			bad, err = im.writeBad(now, f, report.Bad)
		}
		return err
	})
	im.end(ctx, id, report, bad, err)
}

func (im *Imports) progress(id uuid.UUID, p importer.Progress) {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.jobs[id].Progress = p
}

func (im *Imports) writeBad(job importJob, f *importer.File, bad []importer.Bad) (*locked, error) {
	file, err := job.locker.write(im.badPath(job.ID), func(w io.Writer) error { return f.WriteBad(w, bad) })
	if err != nil {
		return nil, fmt.Errorf("file of bad rows: %w", err)
	}
	return file, nil
}

// end notes how an import ended. One that failed can be started again.
func (im *Imports) end(ctx context.Context, id uuid.UUID, report importer.Report, bad *locked, err error) {
	im.mu.Lock()
	defer im.mu.Unlock()
	job := im.jobs[id]
	job.Report, job.HasBad, job.bad, job.EndedAt, job.stop = report, bad != nil, bad, im.now(), nil
	var no *domain.Rejection
	switch {
	case err == nil:
		job.State = jobDone
		if err := os.Remove(im.path(id)); err != nil {
			im.log.Warn("upload not removed", "job", id, "err", err)
		}
		return
	case errors.As(err, &no):
		job.Failure = no.Text
	case ctx.Err() != nil:
		job.Failure = "已停止。已经入库的保留;再次导入会接着办,不会重复。"
	default:
		job.Failure = "系统出错,没有办完。已经入库的保留;请稍后再次导入,不会重复。"
		im.log.Error("import failed", "job", id, "err", err)
	}
	job.State = jobFailed
}

// again lets a job that failed be imported once more.
func (im *Imports) again(id uuid.UUID) {
	im.mu.Lock()
	defer im.mu.Unlock()
	if job := im.jobs[id]; job != nil && job.State == jobFailed {
		job.State, job.Progress = jobOpen, importer.Progress{}
	}
}

// Percent is how far the import is.
func (j importJob) Percent() int {
	if j.Progress.Total == 0 {
		return 0
	}
	return j.Progress.Done * 100 / j.Progress.Total
}

// Under reports whether the import waits or is under way.
func (j importJob) Under() bool { return j.State == jobRunning || j.State == jobQueued }

// StateLabel is the state in words.
func (j importJob) StateLabel() string {
	return map[jobState]string{
		jobOpen: "待导入", jobQueued: "排队中", jobRunning: "导入中", jobDone: "已完成", jobFailed: "未完成",
	}[j.State]
}
