package calendar

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/domain"
)

// rejection is the rejection in an error, or an empty one.
func rejection(err error) domain.Rejection {
	var r *domain.Rejection
	if errors.As(err, &r) {
		return *r
	}
	return domain.Rejection{}
}

func TestNotice2026(t *testing.T) {
	t.Parallel()
	n := Notice2026()
	if err := n.Check(); err != nil {
		t.Error(err)
	}
	if doubts := n.Doubts(); doubts != nil {
		t.Errorf("doubts: %v", doubts)
	}
	back, err := ParseNotice(n.Text())
	back.Revision = n.Revision
	if diff := cmp.Diff(n, back, sameDate); err != nil || diff != "" {
		t.Errorf("read back: %v\n%s", err, diff)
	}
}

func TestCheckNotice(t *testing.T) {
	t.Parallel()
	off := func(n *Notice, from, to, name string) {
		n.Off = append(n.Off, Span{day(t, from), day(t, to), name})
	}
	tests := map[string]struct {
		change func(*Notice)
		text   string // in the rejection; "" when the notice is right
	}{
		"as it is":               {func(*Notice) {}, ""},
		"edges":                  {func(n *Notice) { off(n, "2025-12-22", "2025-12-23", "a"); off(n, "2027-01-09", "2027-01-10", "b") }, ""},
		"a day too early":        {func(n *Notice) { off(n, "2025-12-21", "2025-12-23", "a") }, "“a”的放假日期 2025-12-21"},
		"a day too late":         {func(n *Notice) { off(n, "2027-01-09", "2027-01-11", "b") }, "不在2026年"},
		"fifteen days":           {func(n *Notice) { off(n, "2026-07-01", "2026-07-15", "a") }, ""},
		"sixteen days":           {func(n *Notice) { off(n, "2026-07-01", "2026-07-16", "a") }, "放假16天"},
		"backwards":              {func(n *Notice) { off(n, "2026-07-02", "2026-07-01", "a") }, "止日早于起日"},
		"overlap":                {func(n *Notice) { off(n, "2026-10-07", "2026-10-08", "a") }, "2026-10-07 在“国庆节”和“a”里都放假"},
		"no name":                {func(n *Notice) { off(n, "2026-07-01", "2026-07-01", "") }, "没有写节日名称"},
		"comma in the name":      {func(n *Notice) { off(n, "2026-07-01", "2026-07-01", "a，b") }, "名称里有逗号"},
		"off without dates":      {func(n *Notice) { n.Off = append(n.Off, Span{Name: "a"}) }, "不在2026年"},
		"off and worked":         {func(n *Notice) { n.Work = append(n.Work, day(t, "2026-10-04")) }, "2026-10-04 既写了放假(国庆节)又写了上班"},
		"worked twice":           {func(n *Notice) { n.Work = append(n.Work, day(t, "2026-10-10")) }, "2026-10-10 写了两次"},
		"worked on a Monday":     {func(n *Notice) { n.Work = append(n.Work, day(t, "2026-10-12")) }, "2026-10-12 是周一,本来就上班"},
		"worked in another year": {func(n *Notice) { n.Work = append(n.Work, day(t, "2027-10-10")) }, "不在2026年"},
		"statutory not off":      {func(n *Notice) { n.Statutory = append(n.Statutory, day(t, "2026-07-01")) }, "2026-07-01 没有列入放假"},
		"statutory twice":        {func(n *Notice) { n.Statutory = append(n.Statutory, day(t, "2026-10-01")) }, "2026-10-01 写了两次"},
		"statutory elsewhen":     {func(n *Notice) { n.Statutory = append(n.Statutory, day(t, "2027-01-01")) }, "2027-01-01 不在2026年"},
		"lacks a fixed one":      {func(n *Notice) { n.Statutory = n.Statutory[1:] }, "缺少法定节假日 2026-01-01"},
		"no source":              {func(n *Notice) { n.Source = "" }, "没有写来源"},
		"source of two lines":    {func(n *Notice) { n.Source = "a\nb" }, "不要换行"},
		"year":                   {func(n *Notice) { n.Year = 26 }, "年份“26”不对"},
	}
	for name, tc := range tests {
		n := Notice2026()
		tc.change(&n)
		err := n.Check()
		if r := rejection(err); (tc.text == "") != (err == nil) || !strings.Contains(r.Text, tc.text) || (err != nil && r.Code != "bad_notice") {
			t.Errorf("%s: %v; want %q", name, err, tc.text)
		}
	}
	n := Notice2026()
	n.Source, n.Statutory = "", n.Statutory[1:]
	if got := rejection(n.Check()).Text; strings.Count(got, "\n") != 2 {
		t.Errorf("two flaws are not two lines: %q", got)
	}
}

func TestDoubts(t *testing.T) {
	t.Parallel()
	n := Notice2026()
	n.Work = n.Work[1:]
	if got := n.Doubts(); len(got) != 1 || !strings.Contains(got[0], "共放假19天,而法定节假日加调休上班共18天") {
		t.Errorf("a make-up workday is missing: %q", got)
	}
	n = Notice2026()
	n.Statutory = append(n.Statutory[:5], n.Statutory[6:]...)
	if got := n.Doubts(); len(got) != 2 || !strings.Contains(got[0], "写了12天,按放假办法应为13天") {
		t.Errorf("a statutory day is missing: %q", got)
	}
}

func TestParseNotice(t *testing.T) {
	t.Parallel()
	n := example2027(t)
	if n.Year != 2027 || len(n.Off) != 7 || len(n.Work) != 5 || len(n.Statutory) != 13 || n.Revision != 0 {
		t.Errorf("read %+v", n)
	}
	if got := n.Off[4]; got.From != day(t, "2027-06-09") || got.To != got.From || got.Name != "端午节" {
		t.Errorf("a holiday of one day: %+v", got)
	}
	if n.Source != "试验用,不是真的通知" {
		t.Errorf("source %q", n.Source)
	}
	if doubts := n.Doubts(); doubts != nil {
		t.Errorf("doubts: %v", doubts)
	}
}

// What a spreadsheet or a clerk makes of the same notice reads the same.
func TestParseNoticeAsWritten(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/notices/2027-example.csv")
	if err != nil {
		t.Fatal(err)
	}
	want := example2027(t)
	for name, r := range map[string]*strings.Replacer{
		"windows":    strings.NewReplacer("\n", "\r\n"),
		"tabs":       strings.NewReplacer(",", "\t", "试验用,", "试验用,"),
		"full width": strings.NewReplacer("2027-", "２０２７－", "放假,", "放假，"),
		"slashes":    strings.NewReplacer("-0", "/", "-", "/"),
		"dots":       strings.NewReplacer("2027-", "2027."),
		"spaces":     strings.NewReplacer(",", " , ", "试验用,", "试验用,", "\n", " \n\n"),
		"quotes":     strings.NewReplacer("上班", `"上班"`, "元旦", `"元旦"`),
		"more cells": strings.NewReplacer("元旦\n", "元旦,,\n", "\n上班", ",备注\n上班"),
	} {
		got, err := ParseNotice("\ufeff" + r.Replace(string(text)))
		if diff := cmp.Diff(want, got, sameDate); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	chinese := strings.NewReplacer("2027-01-01", "2027年1月1日", "2027-10-01", "2027年10月01日").Replace(string(text))
	if got, err := ParseNotice(chinese); err != nil || !got.Same(want) {
		t.Errorf("Chinese dates: %v", err)
	}
}

func TestParseNoticeNamesTheLine(t *testing.T) {
	t.Parallel()
	good := Notice2026().Text()
	tests := map[string]struct{ text, want string }{
		"a word":              {"假期,2026-01-01\n" + good, "第1行:“假期”看不懂"},
		"a long word":         {strings.Repeat("很", 50) + "\n" + good, "第1行:“" + strings.Repeat("很", 20) + "…”看不懂"},
		"a date":              {"上班,2026-02-30\n" + good, "第1行:日期“2026-02-30”看不懂"},
		"no date":             {"\n\n上班\n" + good, "第3行:日期“”看不懂"},
		"a span":              {"放假,2026-01-01,一月三日,元旦\n" + good, "第1行:日期“2026-01-01”至“一月三日”看不懂"},
		"a name":              {"放假,2026-07-01,2026-07-01\n" + good, "第1行:没有写节日名称"},
		"two sources":         {good + "来源,另一份", "第28行:来源写了两次"},
		"an empty source":     {"来源,\n" + good, "第1行:没有写来源"},
		"off and worked":      {good + "上班,2026-10-04\n", "第28行:2026-10-04 既写了放假(国庆节)又写了上班"},
		"worked on a weekday": {good + "\n上班,2026-10-12\n", "第29行:调休上班日 2026-10-12 是周一"},
		"statutory not off":   {good + "法定,2026-07-01\n", "第28行:法定节假日 2026-07-01 没有列入放假"},
		"statutory elsewhen":  {good + "法定,2027-10-01\n", "第28行:法定节假日 2027-10-01 不在2026年"},
		"overlap":             {good + "放假,2026-10-06,2026-10-08,重阳节\n", "第28行:2026-10-06 在“国庆节”和“重阳节”里都放假"},
		"nothing":             {"", "没有法定节假日"},
		"not text":            {"\xff\xfe", "不是UTF-8文本"},
		"far too long":        {strings.Repeat("#\n", 40<<10), "内容过长"},
	}
	for name, tc := range tests {
		n, err := ParseNotice(tc.text)
		if r := rejection(err); r.Code != "bad_notice" || !strings.Contains(r.Text, tc.want) || n.Year != 0 {
			t.Errorf("%s: %v; want %q and no notice", name, err, tc.want)
		}
	}
	_, err := ParseNotice("甲\n乙\n" + good)
	if text := rejection(err).Text; !strings.Contains(text, "第1行") || !strings.Contains(text, "第2行") {
		t.Errorf("not all lines are named: %q", text)
	}
}

func TestNoticeSame(t *testing.T) {
	t.Parallel()
	a, b := Notice2026(), Notice2026()
	b.Revision = 7
	b.Off[0], b.Off[6] = b.Off[6], b.Off[0]
	if !a.Same(b) {
		t.Error("order and revision make a difference")
	}
	b.Work[0] = domain.NewDate(2026, time.January, 10)
	if a.Same(b) {
		t.Error("another workday makes no difference")
	}
}

func FuzzParseNotice(f *testing.F) {
	f.Add(Notice2026().Text())
	f.Add("\ufeff放假，２０２６－０１－０１,,\"元旦\"\r\n来源,a,b，c")
	f.Add("上班\n法定,\n来源,\n#\n放假,2026-01-01")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseNotice(text)
		if err != nil {
			if rejection(err).Code != "bad_notice" {
				t.Fatalf("error %v; want a rejection", err)
			}
			return
		}
		if err := n.Check(); err != nil {
			t.Fatalf("what was read is refused: %v", err)
		}
		back, err := ParseNotice(n.Text())
		if diff := cmp.Diff(n, back, sameDate); err != nil || diff != "" {
			t.Fatalf("read back: %v\n%s", err, diff)
		}
		if cal := New(n); cal.Version() != fmt.Sprintf("%dr1", n.Year) {
			t.Fatalf("version %q", cal.Version())
		}
	})
}
