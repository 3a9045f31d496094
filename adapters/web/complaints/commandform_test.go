package complaints

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
)

// handMade are the commands whose forms are pages of their own or that nobody
// issues by hand.
var handMade = []string{"register", "import_claimants", "take_over", "tick", "recompute_clocks", "add_attachment"}

func newForm() *web.Form {
	return &web.Form{Name: "test", Values: url.Values{}, Errors: map[string]string{}}
}

func TestEveryCommandHasAForm(t *testing.T) {
	t.Parallel()
	for _, spec := range complaint.Commands() {
		if slices.Contains(handMade, spec.Name) {
			continue
		}
		for _, in := range describe(newForm(), spec.New(), choices{}) {
			if in.Kind == "" {
				t.Errorf("%s.%s has no kind", spec.Name, in.Name)
			}
			if in.Kind == "select" && len(in.Options) == 0 {
				t.Errorf("%s.%s offers nothing", spec.Name, in.Name)
			}
			if in.Label == in.Name || strings.Trim(in.Label, "abcdefghijklmnopqrstuvwxyz_") == "" {
				t.Errorf("%s.%s has no Chinese label", spec.Name, in.Name)
			}
		}
	}
}

func TestEveryCodedTypeHasItsList(t *testing.T) {
	t.Parallel()
	for _, spec := range complaint.Commands() {
		typ := reflect.TypeOf(spec.New()).Elem()
		for i := range typ.NumField() {
			ft := typ.Field(i).Type
			if ft.Kind() == reflect.Slice {
				ft = ft.Elem()
			}
			if ft.Kind() != reflect.String || ft.PkgPath() == "" || !strings.HasSuffix(ft.PkgPath(), "domain/complaint") {
				continue
			}
			if _, ok := codeTables[ft]; !ok {
				t.Errorf("%s.%s: type %s has no code list here", spec.Name, typ.Field(i).Name, ft)
			}
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	fen := domain.Fen(1250)
	id := uuid.UUID{7}
	tests := []struct {
		sent url.Values
		into complaint.Command
		want complaint.Command
	}{
		{
			url.Values{
				"lines.2.paid_fen": {"１２.５"}, "lines.10.paid_fen": {"1万"}, "lines.3.paid_fen": {" "}, "paid_on": {"2026-11-01"},
				"payer_role": {"employer"}, "method": {"bank"}, "evidence.0.kind": {"bank_slip"}, "evidence.1.note": {""},
				"witnesses": {"u1", "u2"}, "claimant_confirmed": {"1"}, "payer_enterprise_id": {id.String()},
			},
			&complaint.RecordPayment{},
			&complaint.RecordPayment{
				Lines:  []complaint.PaymentLine{{ClaimantNo: 2, PaidFen: 1250}, {ClaimantNo: 10, PaidFen: 1_000_000}},
				PaidOn: domain.NewDate(2026, 11, 1), PayerRole: "employer", Method: "bank", PayerEnterpriseID: id,
				Evidence: []complaint.Evidence{{Kind: "bank_slip"}}, Witnesses: []string{"u1", "u2"}, ClaimantConfirmed: true,
			},
		},
		{
			url.Values{"clock": {"handle"}, "added": {"15"}, "added.unit": {"wd"}, "reason": {" 等待鉴定 "}, "told_contact_no": {"4"}},
			&complaint.ExtendClock{},
			&complaint.ExtendClock{Clock: "handle", Added: calendar.Length{N: 15, Unit: "wd"}, Reason: "等待鉴定", ToldContactNo: 4},
		},
		{
			url.Values{"items": {"身份证\r\n\n 劳动合同 "}, "due_on": {"2026-12-01"}},
			&complaint.RequestSupplement{},
			&complaint.RequestSupplement{Items: []string{"身份证", "劳动合同"}, DueOn: domain.NewDate(2026, 12, 1)},
		},
		{
			url.Values{"claimant_no": {"3"}, "reached": {"1"}, "confirmed_fen": {"12.50"}, "satisfied": {"5"}},
			&complaint.Callback{},
			&complaint.Callback{ClaimantNo: 3, Reached: true, ConfirmedFen: &fen, Satisfied: 5},
		},
		{
			url.Values{"due_at": {"2026-11-23T09:30"}, "about": {"结果"}},
			&complaint.PromiseCallback{},
			&complaint.PromiseCallback{DueAt: time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC), About: "结果"},
		},
		{
			url.Values{"claimant_nos": {"1", "12"}, "outcome": {"waived"}},
			&complaint.SetOutcome{},
			&complaint.SetOutcome{ClaimantNos: []int{1, 12}, Outcome: "waived"},
		},
	}
	for _, tc := range tests {
		f := newForm()
		f.Values = tc.sent
		read(f, tc.into)
		if err := f.Err(); err != nil {
			t.Errorf("%s: %v %v", complaint.NameOf(tc.into), err, f.Errors)
		}
		if diff := cmp.Diff(tc.want, tc.into, cmp.Comparer(func(a, b domain.Date) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", complaint.NameOf(tc.into), diff)
		}
	}
}

func TestBadInputIsNamedByField(t *testing.T) {
	t.Parallel()
	f := newForm()
	f.Values = url.Values{"lines.1.paid_fen": {"很多"}, "paid_on": {"昨天"}, "payer_enterprise_id": {"x"}}
	cmd := &complaint.RecordPayment{}
	inputs := describe(f, cmd, choices{})
	read(f, cmd)
	missing(f, inputs)
	for _, name := range []string{"lines.1.paid_fen", "paid_on", "payer_enterprise_id", "payer_role", "method"} {
		if f.Errors[name] == "" {
			t.Errorf("nothing said about %s: %v", name, f.Errors)
		}
	}
}
