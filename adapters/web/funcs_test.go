package web

import (
	"net/url"
	"testing"
	"time"

	"hearth/domain"
)

func shanghai(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, domain.Shanghai)
}

func TestDue(t *testing.T) {
	t.Parallel()
	now := shanghai(23, 9, 30)
	for _, tc := range []struct {
		at         time.Time
		text, tone string
	}{
		{time.Time{}, "无时限", "calm"},
		{shanghai(23, 9, 31), "今天到期", "soon"},
		{shanghai(24, 0, 0), "今天到期", "soon"}, // midnight is the end of the day before
		{shanghai(24, 0, 1), "明天到期", "soon"},
		{shanghai(25, 0, 0), "明天到期", "soon"},
		{shanghai(26, 18, 0), "还有3天", "soon"},
		{shanghai(28, 0, 0), "还有4天", "calm"},
		{shanghai(23, 9, 30), "今天已超时", "late"},
		{shanghai(23, 8, 0), "今天已超时", "late"},
		{shanghai(23, 0, 0), "已超1天", "late"},
		{shanghai(22, 23, 0), "已超1天", "late"},
		{shanghai(21, 18, 0), "已超2天", "late"},
	} {
		if got := NewDue(now, tc.at); got.Text != tc.text || got.Tone != tc.tone {
			t.Errorf("due at %v: %q %s; want %q %s", tc.at, got.Text, got.Tone, tc.text, tc.tone)
		}
	}
}

func TestAgo(t *testing.T) {
	t.Parallel()
	now := shanghai(23, 9, 30)
	for want, at := range map[string]time.Time{
		"—": {}, "刚刚": now.Add(-30 * time.Second), "5分钟前": now.Add(-5 * time.Minute), "3小时前": now.Add(-3 * time.Hour),
		"11小时前": now.Add(-11 * time.Hour), "昨天": shanghai(22, 20, 0), "3天前": shanghai(20, 9, 0), "2026-11-01": shanghai(1, 9, 0),
		"2026-11-24 09:00": shanghai(24, 9, 0),
	} {
		if got := Ago(now, at); got != want {
			t.Errorf("%v: %q; want %q", at, got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for in, want := range map[domain.Fen]string{0: "0.00", 4_999: "0.00", 5_000: "0.01", 1_000_000: "1.00", 1_234_567_890: "1,234.57", -5_000: "-0.01"} {
		if got := FormatWan(in); got != want {
			t.Errorf("%d fen in 万元: %q; want %q", in, got, want)
		}
	}
	for _, tc := range []struct {
		part, whole int
		want        string
	}{{0, 0, "—"}, {5, 0, "—"}, {0, 3, "0.0%"}, {1, 3, "33.3%"}, {2, 3, "66.7%"}, {3, 3, "100.0%"}, {1, 2000, "0.1%"}, {1, 2001, "0.0%"}} {
		if got := FormatPercent(tc.part, tc.whole); got != tc.want {
			t.Errorf("%d of %d: %q; want %q", tc.part, tc.whole, got, tc.want)
		}
	}
	for in, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := formatNumber(in); got != want {
			t.Errorf("%d: %q; want %q", in, got, want)
		}
	}
	if got := FormatTime(time.Date(2026, 11, 22, 16, 5, 0, 0, time.UTC)); got != "2026-11-23 00:05" {
		t.Errorf("time in Shanghai: %q", got)
	}
	if got, err := FormatDate(domain.Date{}); got != "—" || err != nil {
		t.Errorf("unknown date: %q, %v", got, err)
	}
	if _, err := FormatDate("2026"); err == nil {
		t.Error("the date of a string is accepted")
	}
}

func TestFormValues(t *testing.T) {
	t.Parallel()
	form := func(name, value string) *Form {
		return &Form{Values: url.Values{name: {value}}, Errors: map[string]string{}}
	}
	for in, want := range map[string]string{
		"138 1234 5678": "13812345678", "０３５６－２０２２３３３": "03562022333", "(0356) 2022333": "03562022333", "+86 138-1234-5678": "+8613812345678",
		"12351": "12351", "": "", "1234": "!", "138abc45678": "!", "手机": "!",
	} {
		f := form("p", in)
		got := f.Phone("p")
		if f.Errors["p"] != "" {
			got = "!"
		}
		if got != want {
			t.Errorf("phone %q: %q; want %q", in, got, want)
		}
	}
	for in, want := range map[string]int{"12": 12, "１２": 12, " 7 ": 7, "": 0} {
		if f := form("n", in); f.Int("n") != want || f.Err() != nil {
			t.Errorf("number %q: %d, %v", in, f.Int("n"), f.Err())
		}
	}
	for _, in := range []string{"-1", "1.5", "十", "99999999999999999999"} {
		if f := form("n", in); f.Int("n") != 0 || f.Err() == nil {
			t.Errorf("number %q is accepted", in)
		}
	}
	if f := form("d", "2026-02-30"); !f.Date("d").IsZero() || f.Errors["d"] == "" {
		t.Error("30 February is accepted")
	}
	if f := form("t", "2026-11-23T08:15"); !f.Time("t").Equal(time.Date(2026, 11, 23, 0, 15, 0, 0, time.UTC)) {
		t.Errorf("time of day: %v", f.Time("t"))
	}
}
