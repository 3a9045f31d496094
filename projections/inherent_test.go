package projections

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// What time may heal must never be blamed on an event, and the other way round.
func TestInherent(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		&pgconn.PgError{Code: "22P02"}: true,  // a value that is no number
		&pgconn.PgError{Code: "23505"}: true,  // a key twice
		&pgconn.PgError{Code: "42703"}: true,  // no such column
		&pgconn.PgError{Code: "54000"}: true,  // too large for an index
		&pgconn.PgError{Code: "08006"}: false, // connection lost
		&pgconn.PgError{Code: "25006"}: false, // stand-by
		&pgconn.PgError{Code: "40001"}: false, // serialization failure
		&pgconn.PgError{Code: "40P01"}: false, // deadlock
		&pgconn.PgError{Code: "53100"}: false, // disk full
		&pgconn.PgError{Code: "55P03"}: false, // lock not available
		&pgconn.PgError{Code: "57014"}: false, // cancelled
		&pgconn.PgError{Code: "57P01"}: false, // shutting down
		&pgconn.PgError{Code: "XX001"}: false, // damaged page
		errors.New("cannot happen"):    true,
		context.Canceled:               false,
		context.DeadlineExceeded:       false,
		io.ErrUnexpectedEOF:            false,
		net.ErrClosed:                  false,
		&net.OpError{Err: io.EOF}:      false,
	} {
		if got := inherent(fmt.Errorf("apply: %w", err)); got != want {
			t.Errorf("inherent(%v) = %t", err, got)
		}
	}
}

func TestTellKeepsValuesOut(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("save to row: %w", &pgconn.PgError{
		Severity: "ERROR", Code: "22P02", Message: `invalid input syntax for type bigint: "13800138000"`,
		Detail: "Key (phone)=(13800138000) already exists.", TableName: "row", ConstraintName: "row_pkey",
	})
	got := tell(err)
	for _, want := range []string{"save to row", "22P02", "invalid input syntax", "row_pkey"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
	if strings.Contains(got, "138") {
		t.Errorf("%q repeats the value", got)
	}
}
