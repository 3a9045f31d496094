package importer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hearth/adapters/casework"
	"hearth/adapters/sheet"
	"hearth/domain"
	"hearth/eventstore"
)

// Registrar stores complaints; casework.Service is one. A call is one atomic
// append, and a command that is stored already is answered as the first time.
type Registrar interface {
	RegisterMany(ctx context.Context, ins []casework.Intake) ([]casework.Outcome, error)
}

// Report is what became of the rows of a file.
type Report struct {
	Total   int
	Stored  int
	Existed int // registered by an earlier import, unchanged
	Bad     []Bad
}

// Progress is how far an import is.
type Progress struct {
	Done, Total     int
	Stored, Existed int
	Bad             int
	PerSecond       float64
	Remaining       time.Duration
}

// chunkRows is how many rows go into one atomic append: few enough that two
// imports at once take turns at the number series, enough that the disk is not
// waited for at every row.
const chunkRows = 200

// Run stores the good rows of a file, chunk by chunk. The actor needs a role
// that may register and transfer: 分办员 or 带班. After each chunk progress is
// called, if there is one. When Run is stopped or killed, what it stored stays;
// a second run meets it and stores the rest.
func (f *File) Run(ctx context.Context, store Registrar, actor domain.Actor, progress func(Progress)) (Report, error) {
	run := &run{file: f, store: store, actor: actor, progress: progress, numbers: repetition{}, started: time.Now()}
	var err error
	if run.report.Total, err = f.scan(ctx); err != nil {
		return run.report, err
	}
	for r, err := range f.data() {
		if err != nil {
			return run.report, err
		}
		if err := run.add(ctx, r); err != nil {
			return run.report, err
		}
	}
	return run.report, run.flush(ctx)
}

// run is one import under way.
type run struct {
	file     *File
	store    Registrar
	actor    domain.Actor
	progress func(Progress)
	numbers  repetition
	report   Report
	done     int
	started  time.Time
	rows     []sheet.Row // of the chunk, as in intakes
	intakes  []casework.Intake
}

func (r *run) add(ctx context.Context, row sheet.Row) error {
	m, problems := r.file.message(row)
	same := false
	if len(problems) == 0 {
		same, problems = r.numbers.check(r.file, row, m)
	}
	switch {
	case len(problems) > 0:
		r.report.Bad = append(r.report.Bad, Bad{row.Number, problems})
	case same:
		r.report.Existed++
	default:
		r.rows = append(r.rows, row)
		r.intakes = append(r.intakes, r.file.intake(m, r.actor))
	}
	r.done++
	if len(r.intakes) == chunkRows {
		return r.flush(ctx)
	}
	return nil
}

// flush stores the chunk. A crash before the append is acknowledged leaves all
// of it or nothing; either way the next run meets what is there.
func (r *run) flush(ctx context.Context) error {
	if err := r.save(ctx, r.rows, r.intakes); err != nil {
		return err
	}
	r.rows, r.intakes = r.rows[:0], r.intakes[:0]
	if r.progress == nil {
		return nil
	}
	p := Progress{Done: r.done, Total: r.report.Total, Stored: r.report.Stored, Existed: r.report.Existed, Bad: len(r.report.Bad)}
	if took := time.Since(r.started).Seconds(); took > 0 && r.done > 0 {
		p.PerSecond = float64(r.done) / took
		p.Remaining = time.Duration(float64(r.report.Total-r.done) / p.PerSecond * float64(time.Second)).Round(time.Second)
	}
	r.progress(p)
	return nil
}

func (r *run) save(ctx context.Context, rows []sheet.Row, intakes []casework.Intake) error {
	if len(rows) == 0 {
		return nil
	}
	outs, err := r.register(ctx, intakes)
	var no *domain.Rejection
	switch {
	case errors.Is(err, eventstore.ErrTooLarge) && len(rows) > 1:
		half := len(rows) / 2
		if err := r.save(ctx, rows[:half], intakes[:half]); err != nil {
			return err
		}
		return r.save(ctx, rows[half:], intakes[half:])
	case errors.As(err, &no) && len(rows) == 1:
		return r.settle(rows[0], casework.Outcome{Err: err})
	case err != nil:
		return fmt.Errorf("import rows %d to %d: %w", rows[0].Number, rows[len(rows)-1].Number, err)
	}
	for i, out := range outs {
		if err := r.settle(rows[i], out); err != nil {
			return err
		}
	}
	return nil
}

// The patience with a store that is busy or whose answers get lost.
const (
	attempts  = 40
	firstWait = 50 * time.Millisecond
	longWait  = 2 * time.Second
)

// register asks again when another import took the numbers, or when the answer
// was lost: the command ids make the repetition harmless.
func (r *run) register(ctx context.Context, intakes []casework.Intake) ([]casework.Outcome, error) {
	wait := firstWait
	for n := 1; ; n++ {
		outs, err := r.store.RegisterMany(ctx, intakes)
		again := errors.Is(err, eventstore.ErrConflict) || errors.Is(err, eventstore.ErrUnknown)
		if !again || n == attempts {
			return outs, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(wait):
			wait = min(2*wait, longWait)
		}
	}
}

// hopeless are rejections that every row would get.
func hopeless(code string) bool {
	return code == "role_not_allowed" || code == "actor_missing" || code == "not_visible"
}

func (r *run) settle(row sheet.Row, out casework.Outcome) error {
	if out.Err == nil {
		if out.Existed {
			r.report.Existed++
		} else {
			r.report.Stored++
		}
		return nil
	}
	var no *domain.Rejection
	if !errors.As(out.Err, &no) {
		return out.Err
	}
	if hopeless(no.Code) {
		return no
	}
	if no.Code == "already_registered" {
		no = &domain.Rejection{Code: "differs", Text: "该编号已经登记过,这一行与登记的内容不同,没有入库。" + no.Text}
	}
	read := reader{file: r.file, row: row}
	read.fail(FieldNo, no)
	r.report.Bad = append(r.report.Bad, Bad{row.Number, read.problems})
	return nil
}
