package archive

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"hearth/eventstore"
)

// inbox reads the log ahead while PostgreSQL works.
type inbox struct {
	cancel context.CancelFunc
	pages  chan []eventstore.Message // closed when the reader has ended
	err    error                     // what ended it; to be read when pages is closed
	limit  int
}

// Messages are usually some kilobytes and may be a thousand times larger, so few
// are asked for at a time.
const (
	pageLimit = 100
	byteLimit = 16 << 20
)

// read starts to read behind a position, about limit messages ahead.
func read(ctx context.Context, log eventstore.Log, after eventstore.Position, limit int) *inbox {
	in := &inbox{pages: make(chan []eventstore.Message, max(1, limit/pageLimit)), limit: limit}
	ctx, in.cancel = context.WithCancel(ctx)
	go func() {
		defer close(in.pages)
		in.err = in.run(ctx, log, after)
	}()
	return in
}

func (in *inbox) run(ctx context.Context, log eventstore.Log, after eventstore.Position) error {
	feed, err := log.Messages(ctx, after)
	if err != nil {
		return err
	}
	defer feed.Close()
	for {
		page, err := feed.Next(ctx, min(in.limit, pageLimit))
		if err != nil {
			return err
		}
		select {
		case in.pages <- page:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// gather adds to a page what else is waiting, up to the limit.
func (in *inbox) gather(page []eventstore.Message) []eventstore.Message {
	for bytes := size(page); bytes < byteLimit && len(page)+pageLimit <= in.limit; {
		select {
		case next, more := <-in.pages:
			if !more {
				return page
			}
			page, bytes = append(page, next...), bytes+size(next)
		default:
			return page
		}
	}
	return page
}

func size(page []eventstore.Message) (bytes int) {
	for i := range page {
		bytes += len(page[i].Body)
	}
	return bytes
}

// close ends the reader and waits for it.
func (in *inbox) close() {
	in.cancel()
	for range in.pages {
	}
}

// inherent reports that the database refuses the values themselves: the same
// again would be refused again.
func inherent(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code[:2] == "22" || pg.Code[:2] == "23" || pg.Code == "54000")
}

// bare is an error of PostgreSQL without the values that it repeats.
func bare(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fmt.Errorf("SQLSTATE %s %s", pg.Code, pg.ConstraintName)
	}
	return err
}
