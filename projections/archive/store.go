package archive

import (
	"context"

	"github.com/jackc/pgx/v5"

	"hearth/eventstore"
	"hearth/eventstore/notary"
)

var columns = []string{"position", "stored_at", "subject", "leaf", "body"}

// copier is a connection or a transaction.
type copier interface {
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
}

// store adds messages to a table, all or none.
func store(ctx context.Context, db copier, table pgx.Identifier, messages []eventstore.Message) error {
	_, err := db.CopyFrom(ctx, table, columns, &source{messages: messages, row: make([]any, len(columns))})
	return err
}

// source is messages as rows.
type source struct {
	messages []eventstore.Message
	next     int
	row      []any
}

// Next implements pgx.CopyFromSource.
func (s *source) Next() bool {
	s.next++
	return s.next <= len(s.messages)
}

// Values implements pgx.CopyFromSource.
func (s *source) Values() ([]any, error) {
	m := s.messages[s.next-1]
	leaf := notary.HashOf(m)
	if m.Body == nil {
		m.Body = []byte{} // it would be null
	}
	s.row[0], s.row[1], s.row[2], s.row[3], s.row[4] = int64(m.Position), m.StoredAt, m.Subject, leaf[:], m.Body
	return s.row, nil
}

// Err implements pgx.CopyFromSource.
func (s *source) Err() error { return nil }
