package complaints

import (
	"fmt"
	"slices"
	"strconv"
	"time"

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

// contactOptions is the contacts of a purpose in which somebody was reached.
func contactOptions(s complaint.State, purpose complaint.Purpose) (options []web.Option) {
	for i, c := range s.Contacts {
		if c.Reached && c.Purpose == purpose {
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

// referralOptions is the referrals, or those of them that wait for a receipt.
func referralOptions(s complaint.State, waiting bool) (options []web.Option) {
	for _, r := range s.Referrals {
		if waiting && r.Receipted {
			continue
		}
		options = append(options, web.Option{Value: r.ID.String(), Label: "移送" + r.Agency.Label()})
	}
	return options
}

func recourseOptions(s complaint.State) (options []web.Option) {
	for i, r := range s.Recourses {
		options = append(options, web.Option{Value: strconv.Itoa(i + 1), Label: fmt.Sprintf("第%d次:追偿%s元,已追回%s元", i+1, r.RecourseFen, r.RecoveredFen)})
	}
	return options
}

// clockOptions is the clocks on which a command can do something.
func clockOptions(s complaint.State, now time.Time, command string) (options []web.Option) {
	for _, kind := range complaint.ClockKinds().All() {
		c := s.Clock(kind)
		fits := false
		switch running := c.Status() == calendar.StatusRunning; command {
		case "pause_clock":
			fits = running && (kind == complaint.ClockAccept || kind == complaint.ClockHandle)
		case "resume_clock":
			fits = c.Status() == calendar.StatusPaused
		case "extend_clock":
			fits = kind == complaint.ClockHandle && c.Status() != calendar.StatusNone
		case "explain_overdue":
			fits = complaint.Late(c, now) && !slices.Contains(s.Explained, kind)
		}
		if fits {
			options = append(options, web.Option{Value: string(kind), Label: kind.Label() + "(" + web.FormatTime(c.DueAt) + "到期)"})
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
