package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hearth/adapters/importer"
	"hearth/domain"
)

func TestFilesThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		csv  string
		o    importer.Options
		want string
	}{
		"no system":      {"内容\nx\n", importer.Options{}, "system_missing"},
		"no text":        {"甲,乙\n1,2\n", options(), "unmapped"},
		"unknown field":  {"内容\nx\n", importer.Options{System: "s", Map: []string{"colour=A"}}, "unknown_field"},
		"unknown column": {"内容\nx\n", importer.Options{System: "s", Map: []string{"detail=正文"}}, "unknown_column"},
		"bad wish":       {"内容\nx\n", importer.Options{System: "s", Map: []string{"detail"}}, "bad_mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := importer.Open(book(t, []byte(tc.csv)), tc.o); code(err) != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	f := open(t, "编号,内容\n", options())
	if _, err := f.Preview(t.Context()); code(err) != "no_rows" {
		t.Errorf("preview without rows: %v", err)
	}
	if _, err := f.Run(t.Context(), setup(t), dispatcher, nil); code(err) != "no_rows" {
		t.Errorf("run without rows: %v", err)
	}
}

func TestTheWrongRoleStopsTheImport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := open(t, board, options()).Run(t.Context(), b, domain.Actor{ID: "u", Org: "jc", Role: domain.RoleCashier}, nil)
	if code(err) != "role_not_allowed" {
		t.Errorf("got %v", err)
	}
	if n := b.events(t); len(n) != 0 {
		t.Errorf("stored: %v", n)
	}
}

func TestGuess(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"留言编号,留言用户,留言主题,留言时间,留言详情,一级分类":        "no=0 reporter=1 subject=2 received_at=3 detail=4 category=5",
		"来电时间,诉求人,电话,单位,人数,金额,区县,类别,摘要":        "received_at=0 reporter=1 phone=2 employer=3 persons=4 amount=5 area=6 category=7 detail=8",
		"*工单编号,来电人电话,来电人姓名,欠薪金额（万元）,县（市、区）,错误": "no=0 phone=1 reporter=2 amount=3 area=4",
		"序号,备注,电话,手机号": "phone=2",
		" 留 言 编 号 ,诉求内容(必填),欠薪单位全称,欠薪起止,项目名称,来源渠道": "no=0 detail=1 employer=2 period=3 project=4 channel=5",
	} {
		m := importer.Guess(strings.Split(header, ","))
		var got []string
		for _, f := range m.Columns() {
			got = append(got, fmt.Sprintf("%s=%d", f, m[f]))
		}
		if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
			t.Errorf("%s: %s", header, d)
		}
	}
}

func TestOverride(t *testing.T) {
	t.Parallel()
	header := []string{"编号", "正文", "金额", "备注"}
	m := importer.Guess(header)
	if err := m.Override(header, "detail=正文", "金额=D", "no=-"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(importer.Mapping{importer.FieldDetail: 1, importer.FieldAmount: 3}, m); d != "" {
		t.Error(d)
	}
	for _, f := range importer.Fields() {
		if f.Label == "" || f.Field == "" {
			t.Errorf("field %+v", f)
		}
	}
}
