package projections

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"hearth/eventstore"
)

// The errors of this package.
var (
	// ErrOtherLog says that a model was made from another event log than the
	// one that is there now, or from one that was longer.
	ErrOtherLog = errors.New("读模型与事件日志不相配")
	// ErrBehind says that a model has not reached a position in time.
	ErrBehind = errors.New("projections: the model has not come that far")
	// ErrBuilding says that somebody else is building the same model.
	ErrBuilding = errors.New("这个读模型正在由另一个进程重建,请等它完成")
	// ErrUnknownModel says that there is no model of that name.
	ErrUnknownModel = errors.New("没有这个读模型")
)

// errOvertaken ends a session when the checkpoint is not where this writer left
// it: somebody else wrote, or the tables were exchanged.
var errOvertaken = errors.New("the checkpoint was moved by another writer")

// ProblemKind says what stopped a model.
type ProblemKind string

// The kinds of problems.
const (
	ProblemEvent    ProblemKind = "event"     // Apply refuses an event
	ProblemCorrupt  ProblemKind = "corrupt"   // the log is damaged
	ProblemOtherLog ProblemKind = "other_log" // the model belongs to another log
	ProblemTables   ProblemKind = "tables"    // Tables or Indexes are refused
)

// Problem is what stopped a model. It is stored beside the checkpoint, so that
// every instance can show it.
type Problem struct {
	Kind      ProblemKind         `json:"kind"`
	Position  eventstore.Position `json:"position,omitempty"`
	EventID   uuid.UUID           `json:"event_id,omitzero"`
	EventType string              `json:"event_type,omitempty"`
	Stream    string              `json:"stream,omitempty"`
	Error     string              `json:"error"`
	Since     time.Time           `json:"since"`
}

// same reports that it is the problem of which we have told already.
func (p *Problem) same(o *Problem) bool {
	return p != nil && o != nil && p.Kind == o.Kind && p.Position == o.Position && p.EventID == o.EventID && p.Error == o.Error
}

// stop is an error that stops one model until it is resumed.
type stop struct {
	problem Problem // without Error and Since
	err     error
}

// Error tells where it stopped, and why.
func (s *stop) Error() string {
	p := s.problem
	if p.Kind != ProblemEvent {
		return tell(s.err)
	}
	return fmt.Sprintf("position %d, event %s (%s) in %s: %s", p.Position, p.EventID, p.EventType, p.Stream, tell(s.err))
}

// Unwrap is the reason.
func (s *stop) Unwrap() error { return s.err }

// inherent reports that an error lies in the events or in the model: the same
// again would give it again. Everything that time may heal is not: a lost
// connection, a deadlock, a full disk, a server that is shutting down.
func inherent(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "08", "40", "53", "55", "57", "58", "XX":
			return false
		}
		return pg.Code != "25006" // read-only: we are talking to a stand-by
	}
	var network net.Error
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.As(err, &network), errors.As(err, &connect):
		return false
	}
	return true
}

// tell writes an error without the values that PostgreSQL repeats in it: they
// may be personal.
func tell(err error) string {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err.Error()
	}
	message, _, _ := strings.Cut(pg.Message, `: "`)
	text := fmt.Sprintf("%s (SQLSTATE %s)", message, pg.Code)
	if before, _, found := strings.Cut(err.Error(), pg.Error()); found {
		text = before + text // what our own layers said
	}
	for _, where := range []string{pg.TableName, pg.ColumnName, pg.ConstraintName} {
		if where != "" && !strings.Contains(text, where) {
			text += ", " + where
		}
	}
	return text
}
