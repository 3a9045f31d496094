package calendar

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"hearth/domain"
)

func TestLimitation(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"2024-11-23": "2026-11-23", "2024-02-29": "2026-02-28", "2026-02-28": "2028-02-28", "": ""} {
		if got := InspectionUntil(day(t, in)); got != day(t, want) {
			t.Errorf("inspection of an act that ended %s: until %v; want %s", in, got, want)
		}
	}
	for _, tc := range []struct {
		ended  string
		claims []string
		want   string
	}{
		{"", nil, ""},
		{"", []string{"2026-03-01"}, ""},
		{"2024-02-29", nil, "2025-02-28"},
		{"2026-10-01", nil, "2027-10-01"},
		{"2026-03-01", []string{"2026-06-01"}, "2027-06-01"},
		{"2026-03-01", []string{"2027-05-31", "2026-06-01"}, "2028-05-31"},
		{"2026-03-01", []string{"2027-03-01"}, "2028-03-01"},
		{"2026-03-01", []string{"2027-03-02"}, "2027-03-01"}, // too late
		{"2026-03-01", []string{"2026-02-01"}, "2027-03-01"}, // still employed
	} {
		claims := make([]domain.Date, 0, len(tc.claims))
		for _, s := range tc.claims {
			claims = append(claims, day(t, s))
		}
		if got := ArbitrationUntil(day(t, tc.ended), claims...); got != day(t, tc.want) {
			t.Errorf("employment ended %s, claims %v: until %v; want %s", tc.ended, tc.claims, got, tc.want)
		}
	}
	want := []Alert{{90, day(t, "2026-12-01")}, {30, day(t, "2027-01-30")}, {7, day(t, "2027-02-22")}}
	if diff := cmp.Diff(want, Alerts(day(t, "2027-03-01")), sameDate); diff != "" {
		t.Error(diff)
	}
	if Alerts(day(t, "")) != nil {
		t.Error("no limitation is warned of")
	}
}
