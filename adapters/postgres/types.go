package postgres

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"hearth/domain"
)

// RegisterTypes teaches a connection the types of package domain:
//
//	domain.Date  date         the zero Date is null
//	domain.Fen   bigint
//	time.Time    timestamptz  the zero Time is null; results are in UTC
//
// Named strings and numbers, slices of all of these and pointers to them work
// as usual. Null into a plain string or number is an error.
func RegisterTypes(m *pgtype.Map) {
	// In front of pgx's own wrappers, which would take a Date for a composite
	// and refuse null for a Time.
	m.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{wrapEncode}, m.TryWrapEncodePlanFuncs...)
	m.TryWrapScanPlanFuncs = append([]pgtype.TryWrapScanPlanFunc{wrapScan}, m.TryWrapScanPlanFuncs...)
	m.RegisterDefaultPgType(domain.Date{}, "date")
	m.RegisterDefaultPgType([]domain.Date{}, "_date")
	m.RegisterDefaultPgType(domain.Fen(0), "int8")
	m.RegisterDefaultPgType([]domain.Fen{}, "_int8")
}

func wrapEncode(value any) (pgtype.WrappedEncodePlanNextSetter, any, bool) {
	switch v := value.(type) {
	case domain.Date:
		return &encodeDate{}, civil(v), true
	case time.Time:
		return &encodeTime{}, instant(v), true
	}
	return nil, nil, false
}

func wrapScan(target any) (pgtype.WrappedScanPlanNextSetter, any, bool) {
	switch v := target.(type) {
	case *domain.Date:
		return &scanDate{}, (*civil)(v), true
	case *time.Time:
		return &scanTime{}, (*instant)(v), true
	}
	return nil, nil, false
}

// civil is a Date as pgx reads and writes it.
type civil domain.Date

// DateValue is what is sent.
func (d civil) DateValue() (pgtype.Date, error) {
	date := domain.Date(d)
	if date.IsZero() {
		return pgtype.Date{}, nil
	}
	return pgtype.Date{Time: time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, time.UTC), Valid: true}, nil
}

// ScanDate takes what came.
func (d *civil) ScanDate(v pgtype.Date) error {
	if v.InfinityModifier != pgtype.Finite {
		return fmt.Errorf("an infinite date is not a domain.Date")
	}
	*d = civil{}
	if v.Valid {
		*d = civil(domain.NewDate(v.Time.Date()))
	}
	return nil
}

// SkipUnderlyingTypePlan keeps pgx from looking inside.
func (civil) SkipUnderlyingTypePlan() {}

// instant is a Time as pgx reads and writes it.
type instant time.Time

// TimestamptzValue is what is sent.
func (t instant) TimestamptzValue() (pgtype.Timestamptz, error) {
	return pgtype.Timestamptz{Time: time.Time(t), Valid: !time.Time(t).IsZero()}, nil
}

// ScanTimestamptz takes what came.
func (t *instant) ScanTimestamptz(v pgtype.Timestamptz) error {
	if v.InfinityModifier != pgtype.Finite {
		return fmt.Errorf("an infinite timestamp is not a time.Time")
	}
	*t = instant{}
	if v.Valid {
		*t = instant(v.Time.UTC())
	}
	return nil
}

// SkipUnderlyingTypePlan keeps pgx from looking inside.
func (instant) SkipUnderlyingTypePlan() {}

type encodeDate struct{ next pgtype.EncodePlan }

// SetNext is called by pgx with the plan for a civil.
func (p *encodeDate) SetNext(next pgtype.EncodePlan) { p.next = next }

// Encode writes a domain.Date.
func (p *encodeDate) Encode(value any, buf []byte) ([]byte, error) {
	return p.next.Encode(civil(value.(domain.Date)), buf)
}

type encodeTime struct{ next pgtype.EncodePlan }

// SetNext is called by pgx with the plan for an instant.
func (p *encodeTime) SetNext(next pgtype.EncodePlan) { p.next = next }

// Encode writes a time.Time.
func (p *encodeTime) Encode(value any, buf []byte) ([]byte, error) {
	return p.next.Encode(instant(value.(time.Time)), buf)
}

type scanDate struct{ next pgtype.ScanPlan }

// SetNext is called by pgx with the plan for a civil.
func (p *scanDate) SetNext(next pgtype.ScanPlan) { p.next = next }

// Scan reads a domain.Date.
func (p *scanDate) Scan(src []byte, target any) error {
	return p.next.Scan(src, (*civil)(target.(*domain.Date)))
}

type scanTime struct{ next pgtype.ScanPlan }

// SetNext is called by pgx with the plan for an instant.
func (p *scanTime) SetNext(next pgtype.ScanPlan) { p.next = next }

// Scan reads a time.Time.
func (p *scanTime) Scan(src []byte, target any) error {
	return p.next.Scan(src, (*instant)(target.(*time.Time)))
}
