package importer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"hearth/adapters/casework"
	"hearth/adapters/importer"
	"hearth/adapters/sheet"
	"hearth/domain"
	"hearth/domain/complaint"
)

var operator = domain.Actor{ID: "u-2", Org: "jc", Role: domain.RoleOperator}

// idNo makes a valid ID number from a birthday and a serial number.
func idNo(n int) string {
	id := fmt.Sprintf("1405021990010%d%03d", 1+n%9, n%1000)
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(id[i]-'0') * w
	}
	return id + string("10X98765432"[sum%11])
}

func roster(t testing.TB, csv string) *importer.Roster {
	t.Helper()
	r, err := importer.OpenRoster(book(t, []byte(csv)), options())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// newCase registers a complaint and returns its id.
func newCase(t testing.TB, b bundle) uuid.UUID {
	t.Helper()
	out, err := b.Register(t.Context(), casework.Intake{
		Request: casework.Request{CommandID: uuid.New(), Actor: operator, Channel: "web"},
		Register: complaint.Register{
			Category: complaint.CategoryWageArrears, Channel: complaint.ChannelHotline, Area: "jc-zz", Summary: "拖欠工资",
			Reporter: complaint.Reporter{Anonymous: true},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.ID
}

func TestRosterPreview(t *testing.T) {
	t.Parallel()
	csv := "姓名,身份证号,电话,欠薪起止,金额,项目\n" +
		"𠮷某," + idNo(1) + ",13800000001,2026年3月至2026年8月,\"18,600.50\",工资\n" +
		"𠮷某," + idNo(1) + ",13800000001,2026-08-01至2026-08-31,500,加班费\n" +
		"李某,140502199001010001,1,2026年8月至2026年3月,0,红包\n" +
		"王某,,13800000003,2027年3月,1万,\n" +
		"赵某,,,2026年3月,１００元,\n赵某,,,2026年4月,100,\n,,,,,工资\n"
	p, err := roster(t, csv).Preview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []importer.Claimant{
		{Row: 2, Name: "𠮷某", IDNo: idNo(1), Phone: "13800000001", Items: []complaint.ClaimItem{
			{Kind: complaint.ItemWage, From: domain.NewDate(2026, 3, 1), To: domain.NewDate(2026, 8, 31), OwedFen: 1860050},
			{Kind: complaint.ItemOvertime, From: domain.NewDate(2026, 8, 1), To: domain.NewDate(2026, 8, 31), OwedFen: 50000},
		}},
		{Row: 6, Name: "赵某", Items: []complaint.ClaimItem{
			{Kind: complaint.ItemWage, From: domain.NewDate(2026, 3, 1), To: domain.NewDate(2026, 3, 31), OwedFen: 10000},
		}},
	}
	if d := cmp.Diff(want, p.Claimants, sameDate); d != "" {
		t.Error(d)
	}
	if p.Total != 7 || p.OwedFen != 1860050+50000+10000 {
		t.Errorf("total %d, owed %v", p.Total, p.OwedFen)
	}
	texts := []string{
		"第4行“身份证号”(B列):身份证号的校验位不对,请核对是否抄错。",
		"第4行“电话”(C列):电话号码不对:手机为11位、以1开头,固定电话须带区号,请核对。",
		"第4行“项目”(F列):诉求项目没有“红包”这一项,请选择:工资、计件/计量工资、加班费、奖金提成、最低工资差额、未签合同双倍工资、经济补偿/赔偿金、工伤待遇、其他。",
		"第4行“欠薪起止”(D列):起止时间“2026年8月至2026年3月”的结束早于开始,请改正。",
		"第4行“金额”(E列):请填写所欠金额,必须大于0。",
		"第5行:欠薪开始日期2027-03-01在今天之后,请改正。",
		"第7行“姓名”(A列):与第6行同名,又没有身份证号和电话,分不清是不是同一人,请补上其中一项。",
		"第8行“姓名”(A列):请填写姓名(不超过50个字)。",
		"第8行“金额”(E列):请填写所欠金额,必须大于0。",
	}
	if d := cmp.Diff(texts, problems(p.Bad)); d != "" {
		t.Error(d)
	}
}

func TestRosterIsStoredOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := newCase(t, b)
	var csv strings.Builder
	csv.WriteString("姓名,身份证号,金额(元)\n")
	lines := make([]importer.Line, 250)
	for i := range lines {
		lines[i] = importer.Line{No: i + 1, Name: fmt.Sprintf("工人%d", i), IDNo: idNo(i), Claimed: 100}
		fmt.Fprintf(&csv, "%s,%s,1\n", lines[i].Name, lines[i].IDNo)
	}
	for i, tc := range []struct {
		lines []importer.Line
		want  importer.RosterReport
	}{
		{nil, importer.RosterReport{Added: 250}},
		{lines, importer.RosterReport{Existed: 250}},
		{lines[:200], importer.RosterReport{Existed: 200, Added: 50}}, // the list of lines was behind
	} {
		report, err := roster(t, csv.String()).Store(t.Context(), b, id, operator, tc.lines)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tc.want, report); d != "" {
			t.Errorf("import %d: %s", i+1, d)
		}
		state, _, _, err := b.Case(t.Context(), id)
		if err != nil || len(state.Claimants) != 250 || state.Totals().ClaimedFen != domain.Yuan(250) {
			t.Errorf("import %d: %d claimants, %v claimed, %v", i+1, len(state.Claimants), state.Totals().ClaimedFen, err)
		}
	}
	if n := b.events(t); n["person.registered"] != 250 || n["complaint.claimant_import_completed"] != 1 {
		t.Errorf("events: %v", n)
	}
}

func TestRosterColumns(t *testing.T) {
	t.Parallel()
	if _, err := importer.OpenRoster(book(t, []byte("姓名,电话\n甲,1\n")), options()); code(err) != "unmapped" {
		t.Errorf("without amounts: %v", err)
	}
}

// TestLedgerExport: the ledger that is written is a roster that can be read.
func TestLedgerExport(t *testing.T) {
	t.Parallel()
	lines := []importer.Line{
		{
			No: 1, Name: "𠮷某", IDNo: idNo(1), Phone: "13800000001", Item: "工资", From: domain.NewDate(2026, 3, 1), To: domain.NewDate(2026, 8, 31),
			Claimed: 1860050, Verified: 1800000, Paid: 800000, Outcome: complaint.OutcomePaid,
		},
		{No: 2, Name: "=SUM(A1)", IDNo: idNo(2), Item: "加班费", Claimed: 100},
	}
	for _, format := range []sheet.Format{sheet.XLSX, sheet.CSV} {
		var out bytes.Buffer
		if err := importer.WriteLedger(&out, format, lines, "某人,2026-11-23 09:30"); err != nil {
			t.Fatal(err)
		}
		bk := book(t, out.Bytes())
		r, err := importer.OpenRoster(bk, options())
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.Preview(t.Context())
		if err != nil || len(p.Bad) != 0 || len(p.Claimants) != 2 || p.OwedFen != 1860150 {
			t.Errorf("%s: %+v, %v", format, p, err)
		}
	}
}

// TestHardWorkbook is what people send: a title over merged cells, a merged
// employer, dates of 1904, formulas with and without value.
func TestHardWorkbook(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	yes := true
	steps := []error{f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes})}
	for ref, v := range map[string]any{
		"A1": "投诉登记表", "A2": "编号", "B2": "时间", "C2": "单位", "D2": "人数", "E2": "内容",
		"A3": 1, "B3": 43905, "C3": "甲厂", "D3": "３", "E3": "拖欠工资", "A4": 2, "B4": 43906.5, "D4": 4.0, "E4": "拖欠工资", "A5": 3, "B5": true, "E5": "拖欠工资",
	} {
		steps = append(steps, f.SetCellValue("Sheet1", ref, v))
	}
	steps = append(steps, f.MergeCell("Sheet1", "A1", "E1"), f.MergeCell("Sheet1", "C3", "C5"), f.SetCellFormula("Sheet1", "D5", "D3+1"))
	date, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	steps = append(steps, err, f.SetCellStyle("Sheet1", "B3", "B4", date))
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	file, err := importer.Open(book(t, out.Bytes()), options())
	if err != nil {
		t.Fatal(err)
	}
	p, err := file.Preview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range p.First {
		got = append(got, fmt.Sprint(m.No, " ", m.At.In(domain.Shanghai).Format("2006-01-02 15:04"), " ", m.Employer, " ", m.Persons))
	}
	if d := cmp.Diff([]string{"1 2024-03-16 00:00 甲厂 3", "2 2024-03-17 12:00 甲厂 4"}, got); d != "" {
		t.Error(d)
	}
	want := []string{
		"工作表“Sheet1”第5行“时间”(B列):日期“TRUE”看不懂,请写成如 2026-11-23 或 2026-11-23 08:03。",
		"工作表“Sheet1”第5行“人数”(D列):公式没有算出的值,请用 Excel 打开文件、保存后再导入。",
	}
	if d := cmp.Diff(want, problems(p.Bad)); d != "" {
		t.Error(d)
	}
}
