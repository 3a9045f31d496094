package timeline

import (
	"strings"

	"hearth/domain/calendar"
	"hearth/domain/enterprise"
	"hearth/domain/orgunit"
	"hearth/domain/series"
)

// enterpriseLine is the sentence of every event of an enterprise.
func enterpriseLine(ev enterprise.Event) Line {
	switch ev := ev.(type) {
	case enterprise.Registered:
		return line(Register, "单位建档:%s%s,%s%s%s%s%s。", ev.Name, optional(",统一社会信用代码%s", ev.USCC), org(ev.County),
			optional(",%s", ev.Industry), optional(",%s", ev.Ownership.Label()), count(",职工%d人", ev.Headcount),
			optional(",曾用名或简称:%s", strings.Join(ev.Aliases, "、")))
	case enterprise.Renamed:
		return line(Register, "单位更名:由“%s”改为“%s”%s。", ev.Former, ev.Name, optional(",自%s起", ev.On.String()))
	case enterprise.CodeEntered:
		return line(Register, "补录统一社会信用代码%s。", ev.USCC)
	case enterprise.HeadcountReported:
		return line(Register, "%s职工%d人。", ev.On, ev.Headcount)
	case enterprise.CreditSignal:
		return line(Register, "记入信用信号:%s(来自%s)。", ev.Kind.Label(), ev.SourceCase)
	case enterprise.BlacklistNoted:
		return line(Register, "自%s起列入%s%s,来源:%s。", ev.From, ev.List, optional(",至%s", ev.To.String()), ev.Source)
	case enterprise.BlacklistRemoved:
		return line(Register, "%s移出%s。", ev.On, ev.List).with(ev.Reason)
	case enterprise.Merged:
		return line(Register, "单位档案并入%s。", enterpriseMark(ev.IntoID)).with(ev.Reason)
	default:
		return Line{}
	}
}

// seriesLine is the sentence of every event of a series of numbers.
func seriesLine(ev series.Event) Line {
	switch ev := ev.(type) {
	case series.NumberTaken:
		return line(Register, "取号:%s第%d号。", ev.Series, ev.N)
	case series.NumberVoided:
		return line(Register, "作废:%s第%d号。", ev.Series, ev.N).with(ev.Reason)
	default:
		return Line{}
	}
}

// calendarLine is the sentence of every event of the calendar.
func calendarLine(ev calendar.Event) Line {
	switch ev := ev.(type) {
	case calendar.Published:
		names := make([]string, len(ev.Off))
		for i, span := range ev.Off {
			names[i] = span.Name
		}
		return line(Register, "录入%d年放假通知第%d版%s,调休上班%d天,来源:%s。", ev.Year, ev.Revision,
			optional(":%s", strings.Join(names, "、")), len(ev.Work), ev.Source)
	default:
		return Line{}
	}
}

// unitLine is the sentence of every event of the tree of units.
func unitLine(ev orgunit.Event) Line {
	switch ev := ev.(type) {
	case orgunit.UnitFounded:
		return line(Register, "单位成立:%s(%s)%s%s。", ev.Name, ev.Kind.Label(), above(ev.Parent), optional(",自%s起", ev.FromDate.String()))
	case orgunit.UnitMoved:
		return line(Register, "自%s起,%s隶属%s,依据:%s。", ev.FromDate, org(ev.Code), org(ev.To), ev.Basis)
	case orgunit.UnitRenamed:
		return line(Register, "自%s起,%s更名为“%s”(简称%s)。", ev.FromDate, ev.Code, ev.Name, ev.Short)
	case orgunit.UnitDissolved:
		return line(Register, "自%s起撤销%s,依据:%s。", ev.FromDate, org(ev.Code), ev.Basis)
	default:
		return Line{}
	}
}

// above says below which unit another stands; the root stands below none.
func above(parent string) mark {
	if parent == "" {
		return ""
	}
	return ",隶属" + org(parent)
}
