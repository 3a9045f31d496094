package calendar

import (
	"slices"

	"hearth/domain"
)

// InspectionUntil is 劳动监察时效: the last day on which labour inspection takes a
// case on, two years after the act or, if it went on, after its end
// (劳动保障监察条例 20). It is not carried over a holiday: the earlier day is safe.
func InspectionUntil(actEnded domain.Date) domain.Date {
	if actEnded.IsZero() {
		return domain.Date{}
	}
	return actEnded.AddMonths(24)
}

// ArbitrationUntil is 劳动仲裁时效 for wages: the last day to apply, one year after
// the end of employment, and none (the zero Date) while employed (劳动争议调解仲裁法
// 27). A claim to the employer or to a department, ours included, that was made
// in time begins the year anew. It is not carried over a holiday.
func ArbitrationUntil(employmentEnded domain.Date, claims ...domain.Date) domain.Date {
	if employmentEnded.IsZero() {
		return domain.Date{}
	}
	until := employmentEnded.AddMonths(12)
	for _, claim := range slices.SortedFunc(slices.Values(claims), domain.Date.Sub) {
		if claim.After(employmentEnded) && !claim.After(until) {
			until = claim.AddMonths(12)
		}
	}
	return until
}

// Alert is 时效预警: a day on which to warn that a limitation ends Days later.
type Alert struct {
	Days int
	On   domain.Date
}

// Alerts are the days on which a limitation is warned of: 90, 30 and 7 days before
// its last day. The zero Date has none.
func Alerts(until domain.Date) []Alert {
	if until.IsZero() {
		return nil
	}
	var alerts []Alert
	for _, days := range []int{90, 30, 7} {
		alerts = append(alerts, Alert{Days: days, On: until.AddDays(-days)})
	}
	return alerts
}
