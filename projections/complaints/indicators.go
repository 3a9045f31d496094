package complaints

import (
	"fmt"
	"slices"
	"strings"

	"hearth/domain"
	"hearth/domain/complaint"
)

// Unit is what the figure of an indicator counts.
type Unit string

// The units.
const (
	UnitCases    Unit = "case"    // 件
	UnitPersons  Unit = "person"  // 人
	UnitFen      Unit = "fen"     // 分
	UnitPercent  Unit = "percent" // %: numerator by denominator
	UnitWorkdays Unit = "workday" // 工作日: the median
)

var units = domain.NewCodes[Unit]("单位", "case", "件", "person", "人", "fen", "分", "percent", "%", "workday", "工作日")

// Label is the Chinese name of the unit.
func (u Unit) Label() string { return units.Label(u) }

// Indicator is one figure of the board: how it is called, what it means, and
// which cases are behind its numerator and its denominator. The figure and the
// list behind it come from the same predicates.
type Indicator struct {
	Code       string
	Name       string
	Definition string
	Unit       Unit

	num, den side   // rows and what each adds
	median   string // what the median is taken of, over the numerator
}

// side is the numerator or the denominator: a predicate on complaint c, period p
// and the moment w, and what a case adds; nothing means 1.
type side struct{ where, adds string }

// The predicates that indicators are made of. A period is [p.from_at, p.to_at),
// m is what was paid in it.
const (
	received = `c.registered_at >= p.from_at and c.registered_at < p.to_at`
	inHand   = `c.registered_at < p.to_at and (c.ended_at is null or c.ended_at >= p.from_at)`
	accepted = `c.accepted_at >= p.from_at and c.accepted_at < p.to_at`
	toAccept = `c.registered_at < p.to_at and (c.accepted_at >= p.from_at or c.accepted_at is null and (c.ended_at is null or c.ended_at >= p.from_at))`
	closed   = `c.closed_at >= p.from_at and c.closed_at < p.to_at`
	refused  = `c.phase in ('not_accepted', 'transferred_out') and c.ended_at >= p.from_at and c.ended_at < p.to_at`
	onceDone = `c.first_closed_at >= p.from_at and c.first_closed_at < p.to_at`
	openNow  = `c.open and c.registered_at < p.to_at`
	duration = `(width_bucket(c.closed_at, w.days) - width_bucket(c.registered_at, w.days))`
	age      = `(width_bucket(w.as_of, w.days) - width_bucket(c.registered_at, w.days))`
	paidIn   = `m.fen > 0`
)

func rows(where string) side { return side{where: where} }

func and(a, b string) string { return "(" + a + ") and (" + b + ")" }

// Indicators is every figure of the board, in its order.
func Indicators() []Indicator {
	list := []Indicator{
		{"received", "受理登记件数", "期内登记的投诉;分母为期内在办(含期初未结)的投诉", UnitCases, rows(received), rows(inHand), ""},
		{"accepted", "受理件数", "期内受理的投诉;分母为期内等待受理的投诉", UnitCases, rows(accepted), rows(toAccept), ""},
		{"refused", "不予受理和转出件数", "期内不予受理或整件转出的投诉;分母为期内在办的投诉", UnitCases, rows(refused), rows(inHand), ""},
		{"closed", "办结件数", "期内办结且没有重启的投诉;分母为期内在办的投诉", UnitCases, rows(closed), rows(inHand), ""},
		{"on_time", "按期办结率", "期内办结的投诉中,在办理时限内办结的比例;没有办理时限的不计", UnitPercent, rows(and(closed, `c.timed and c.in_time`)), rows(and(closed, `c.timed`)), ""},
		{"duration", "办理天数中位数", "期内办结的投诉从登记到办结的工作日数的中位数", UnitWorkdays, rows(closed), rows(closed), duration},
	}
	for _, a := range []struct {
		code, name string
		from, to   int
	}{{"age_0_5", "在办0–5个工作日", 0, 5}, {"age_6_15", "在办6–15个工作日", 6, 15}, {"age_16_30", "在办16–30个工作日", 16, 30}, {"age_31_60", "在办31–60个工作日", 31, 60}, {"age_over_60", "在办60个工作日以上", 61, 1 << 20}} {
		list = append(list, Indicator{
			a.code, a.name, "期末前登记、目前在办的投诉,按登记以来的工作日数分段;分母为目前在办的投诉",
			UnitCases, rows(and(openNow, fmt.Sprintf("%s between %d and %d", age, a.from, a.to))), rows(openNow), "",
		})
	}
	list = append(list,
		Indicator{"overdue", "逾期在办件数", "目前在办、有时限已超期的投诉;分母为目前在办的投诉", UnitCases, rows(and(openNow, `c.overdue`)), rows(openNow), ""},
		Indicator{"open_collective", "在办集体案件", "目前在办的集体案件(10人以上);分母为目前在办的投诉", UnitCases, rows(and(openNow, `c.collective`)), rows(openNow), ""},
		Indicator{"red", "红色风险", "目前在办的红色风险投诉;分母为目前在办的投诉", UnitCases, rows(and(openNow, `c.risk = 'red'`)), rows(openNow), ""},
		Indicator{"persons", "涉及人数", "期内登记的投诉涉及的人数;分母为这些投诉的件数", UnitPersons, side{received, `c.persons`}, rows(received), ""},
		Indicator{"claimed", "诉求金额", "期内登记的投诉的诉求金额;分母为这些投诉的件数", UnitFen, side{received, `c.claimed_fen`}, rows(received), ""},
		Indicator{"verified", "核定金额", "期内登记的投诉中已核定的金额;分母为同批投诉的诉求金额", UnitFen, side{received, `c.verified_fen`}, side{received, `c.claimed_fen`}, ""},
		Indicator{"recovered", "追回金额", "期内到账(按到账日期,冲正的不计)的金额;分母为这些投诉的核定金额", UnitFen, side{paidIn, `m.fen`}, side{paidIn, `c.verified_fen`}, ""},
		Indicator{"recovery", "清偿率", "期内登记且已核定的投诉中,已到账金额占核定金额的比例", UnitPercent, side{and(received, `c.verified_fen > 0`), `c.paid_fen`}, side{and(received, `c.verified_fen > 0`), `c.verified_fen`}, ""},
		Indicator{"reopen", "重启率", "期内首次办结的投诉中,后来重启的比例", UnitPercent, rows(and(onceDone, `c.reopens > 0`)), rows(onceDone), ""},
		Indicator{"satisfaction", "满意率", "期内办结的投诉的回访中,评4分以上的人占作出评价的人的比例", UnitPercent, side{and(closed, `c.satisfied > 0`), `c.satisfied`}, side{and(closed, `c.answered > 0`), `c.answered`}, ""},
		Indicator{"unreached", "回访未联系上比例", "期内办结的投诉的回访中,始终没有联系上的人占回访的人的比例", UnitPercent, side{and(closed, `c.unreached > 0`), `c.unreached`}, side{and(closed, `c.called > 0`), `c.called`}, ""},
	)
	list = append(list, split("channel", "渠道", "期内登记、由该渠道来的投诉;分母为期内登记的投诉", received, `c.channel`, complaint.Channels())...)
	list = append(list, split("category", "类别", "期内登记的该类投诉;分母为期内登记的投诉", received, `c.category`, complaint.Categories())...)
	list = append(list, split("conclusion", "结论", "期内办结、以此结论办结的投诉;分母为期内办结的投诉", closed, `c.conclusion`, complaint.Conclusions())...)
	return list
}

// split is one indicator for each code of a list: channel.hotline and so on.
func split[T ~string](prefix, kind, definition, base, column string, codes domain.Codes[T]) []Indicator {
	var list []Indicator
	for _, code := range codes.All() {
		list = append(list, Indicator{
			prefix + "." + string(code), kind + ":" + codes.Label(code), definition,
			UnitCases, rows(and(base, column+" = '"+string(code)+"'")), rows(base), "",
		})
	}
	return list
}

// IndicatorOf is the indicator with this code.
func IndicatorOf(code string) (Indicator, error) {
	list := Indicators()
	i := slices.IndexFunc(list, func(in Indicator) bool { return in.Code == code })
	if i < 0 {
		return Indicator{}, domain.Reject("unknown_indicator", "看板没有“%s”这项指标。", code)
	}
	return list[i], nil
}

// Units are what the numerator and the denominator of a figure count.
func (in Indicator) Units() (num, den Unit) { return in.num.unit(), in.den.unit() }

func (s side) unit() Unit {
	switch {
	case s.adds == "":
		return UnitCases
	case strings.HasSuffix(s.adds, "fen"):
		return UnitFen
	}
	return UnitPersons
}

func (s side) sum() string {
	if s.adds == "" {
		return "1"
	}
	return s.adds
}
