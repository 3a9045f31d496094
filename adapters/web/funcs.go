package web

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"hearth/domain"
	"hearth/domain/orgunit"
)

// funcs are the functions of templates. What depends on the time takes it as an
// argument: $.Now.
func funcs(a *assets, units func() orgunit.Tree) template.FuncMap {
	return template.FuncMap{
		"asset": a.url,
		"field": newField, "choose": newChoice,
		"date": FormatDate, "datetime": FormatTime, "clock": formatClock,
		"due": NewDue, "ago": Ago,
		"yuan": domain.Fen.String, "wan": FormatWan, "num": formatNumber, "percent": FormatPercent, "size": formatSize,
		"unit":      func(code string) string { return units().Name(code) },
		"unitShort": func(code string) string { return units().Short(code) },
		"role":      domain.Role.Label, "roles": roleLabels,
		"lines": func(s string) []string { return strings.Split(s, "\n") },
		"join":  strings.Join,
		"inc":   func(n int) int { return n + 1 },
	}
}

// FormatDate writes 2026-11-23 for a domain.Date or a time.Time in Shanghai, and
// — when it is not known.
func FormatDate(v any) (string, error) {
	var d domain.Date
	switch v := v.(type) {
	case domain.Date:
		d = v
	case time.Time:
		d = domain.DateOf(v)
	default:
		return "", fmt.Errorf("date of a %T", v)
	}
	if d.IsZero() {
		return "—", nil
	}
	return d.String(), nil
}

// FormatTime writes 2026-11-23 09:05 in Shanghai, and — for the zero Time.
func FormatTime(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(domain.Shanghai).Format("2006-01-02 15:04")
}

func formatClock(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(domain.Shanghai).Format("15:04")
}

// Ago says how long ago something was: 刚刚, 5分钟前, 3小时前, 昨天, else its date.
func Ago(now, t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	since := now.Sub(t)
	days := domain.DateOf(now).Sub(domain.DateOf(t))
	switch {
	case since < -time.Minute:
		return FormatTime(t)
	case since < time.Minute:
		return "刚刚"
	case since < time.Hour:
		return fmt.Sprintf("%d分钟前", int(since/time.Minute))
	case since < 12*time.Hour || days == 0:
		return fmt.Sprintf("%d小时前", int(since/time.Hour))
	case days == 1:
		return "昨天"
	case days <= 7:
		return fmt.Sprintf("%d天前", days)
	}
	return domain.DateOf(t).String()
}

// Due is a time limit as people see it: how long is left, and how it looks.
type Due struct {
	At   time.Time
	Text string // 还有3天, 今天到期, 已超2天
	Tone string // late, soon or calm
}

// NewDue compares a time limit with now. A limit at midnight is the end of the
// day before it.
func NewDue(now, at time.Time) Due {
	if at.IsZero() {
		return Due{Text: "无时限", Tone: "calm"}
	}
	days := domain.DateOf(at.Add(-time.Nanosecond)).Sub(domain.DateOf(now))
	switch {
	case days < 0:
		return Due{at, fmt.Sprintf("已超%d天", -days), "late"}
	case !now.Before(at):
		return Due{at, "今天已超时", "late"}
	case days == 0:
		return Due{at, "今天到期", "soon"}
	case days == 1:
		return Due{at, "明天到期", "soon"}
	case days <= 3:
		return Due{at, fmt.Sprintf("还有%d天", days), "soon"}
	}
	return Due{at, fmt.Sprintf("还有%d天", days), "calm"}
}

// FormatWan writes an amount in units of ten thousand yuan with two decimals,
// rounded half away from zero: 123.46.
func FormatWan(f domain.Fen) string {
	n, sign := int64(f), ""
	if n < 0 {
		n, sign = -n, "-"
	}
	n = (n + 5_000) / 10_000 // in 1/100 of 万元
	return sign + formatNumber(n/100) + fmt.Sprintf(".%02d", n%100)
}

// formatNumber writes a whole number with thousands separators.
func formatNumber(v any) string {
	s := fmt.Sprint(v)
	sign := ""
	if rest, neg := strings.CutPrefix(s, "-"); neg {
		s, sign = rest, "-"
	}
	if _, err := strconv.ParseUint(s, 10, 64); err != nil {
		return sign + s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// FormatPercent writes part of whole with one decimal, and — when there is no
// whole: a share of nothing is not 0 %.
func FormatPercent(part, whole int) string {
	if whole == 0 {
		return "—"
	}
	n := (int64(part)*2000/int64(whole) + 1) / 2
	return fmt.Sprintf("%d.%d%%", n/10, n%10)
}

// formatSize writes a number of bytes.
func formatSize(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
}
