package complaints

import (
	"fmt"
	"slices"
	"strconv"

	"hearth/adapters/web"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
)

// What the state of a case offers to choose from.

func paymentOptions(s complaint.State) (options []web.Option) {
	for i, pay := range s.Payments {
		if !pay.Reversed {
			options = append(options, web.Option{Value: strconv.Itoa(i + 1), Label: fmt.Sprintf("第%d笔:%d号 %s元", i+1, pay.ClaimantNo, pay.PaidFen)})
		}
	}
	return options
}

func procedureOptions(s complaint.State) (options []web.Option) {
	for i, pr := range s.Procedures {
		if pr.Open {
			options = append(options, web.Option{Value: strconv.Itoa(i + 1), Label: fmt.Sprintf("%d. %s", i+1, pr.Kind.Label())})
		}
	}
	return options
}

func contactOptions(s complaint.State) (options []web.Option) {
	for i, c := range s.Contacts {
		if c.Reached {
			options = append(options, web.Option{Value: strconv.Itoa(i + 1), Label: fmt.Sprintf("第%d次联系:%s,%s", i+1, c.With.Label(), c.Purpose.Label())})
		}
	}
	return options
}

func documentOptions(s complaint.State) (options []web.Option) {
	for _, d := range s.Documents {
		if d.Awaits() {
			options = append(options, web.Option{Value: d.ID.String(), Label: d.Kind.Label() + " " + d.No})
		}
	}
	return options
}

func referralOptions(s complaint.State) (options []web.Option) {
	for _, r := range s.Referrals {
		options = append(options, web.Option{Value: r.ID.String(), Label: "移送" + r.Agency.Label()})
	}
	return options
}

func clockOptions(s complaint.State) (options []web.Option) {
	for _, kind := range complaint.ClockKinds().All() {
		c := s.Clock(kind)
		if st := c.Status(); st != calendar.StatusNone && st != calendar.StatusMet {
			options = append(options, web.Option{Value: string(kind), Label: kind.Label()})
		}
	}
	return options
}

func plainOptions(values []string) []web.Option {
	options := make([]web.Option, 0, len(values))
	for _, v := range slices.Sorted(slices.Values(values)) {
		options = append(options, web.Option{Value: v, Label: v})
	}
	return options
}
