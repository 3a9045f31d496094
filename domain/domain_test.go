package domain

import (
	"errors"
	"testing"
	"time"
)

func TestParseYuan(t *testing.T) {
	t.Parallel()
	good := map[string]Fen{
		"0": 0, "1": 100, "12,345.6": 1234560, "￥１２．５０元": 1250, "1万": 1_000_000,
		"3.5万元": 3_500_000, "0.0001万": 100, "1.10": 110, " 7 ": 700, "1.100": 110,
	}
	for in, want := range good {
		if got, err := ParseYuan(in); err != nil || got != want {
			t.Errorf("ParseYuan(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "元", "-1", "+1", "1.", ".5", "1.234", "一百", "1e3", "9999999999999", "1.2.3"} {
		var r *Rejection
		if got, err := ParseYuan(in); !errors.As(err, &r) {
			t.Errorf("ParseYuan(%q) = %v, %v; want a rejection", in, got, err)
		}
	}
}

func TestFenString(t *testing.T) {
	t.Parallel()
	for in, want := range map[Fen]string{0: "0.00", 5: "0.05", 123456789: "1,234,567.89", -100050: "-1,000.50", 99999: "999.99"} {
		if got := in.String(); got != want {
			t.Errorf("Fen(%d) = %q; want %q", int64(in), got, want)
		}
	}
}

func TestByCheck(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	who := Actor{ID: "u1", Org: "jc", Role: RoleOperator}
	tests := map[string]struct {
		by   By
		code string
	}{
		"now":              {By{Actor: who, At: at}, ""},
		"no actor":         {By{At: at}, "actor_missing"},
		"exactly 24 hours": {By{Actor: who, At: at, Happened: at.Add(-24 * time.Hour)}, ""},
		"later, silent":    {By{Actor: who, At: at, Happened: at.Add(-24*time.Hour - time.Second)}, "late_reason_missing"},
		"later, explained": {By{Actor: who, At: at, Happened: at.Add(-48 * time.Hour), LateReason: "停电"}, ""},
		"future":           {By{Actor: who, At: at, Happened: at.Add(time.Hour)}, "in_future"},
	}
	for name, tc := range tests {
		var r *Rejection
		code := ""
		if errors.As(tc.by.Check(), &r) {
			code = r.Code
		}
		if code != tc.code {
			t.Errorf("%s: got %q, want %q", name, code, tc.code)
		}
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	if got := DateOf(time.Date(2026, 1, 31, 16, 0, 0, 0, time.UTC)); got != NewDate(2026, 2, 1) {
		t.Errorf("16:00 UTC falls on %v in Shanghai", got)
	}
	if got := NewDate(2024, 1, 31).AddMonths(1); got != NewDate(2024, 2, 29) {
		t.Errorf("one month after January 31: %v", got)
	}
	if got := NewDate(2026, 3, 31).AddMonths(-1); got != NewDate(2026, 2, 28) {
		t.Errorf("one month before March 31: %v", got)
	}
	if got := NewDate(2026, 11, 23).Start(); !got.Equal(time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("start of the day: %v", got)
	}
	var d Date
	if err := d.UnmarshalText([]byte("2026-13-01")); err == nil {
		t.Error("month 13 was accepted")
	}
}
