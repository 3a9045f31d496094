package complaint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/calendar"
)

// gate is who stands before which case, under which rules, when.
type gate struct {
	s     State
	r     Rules
	actor domain.Actor
	now   time.Time
}

// guard says why a command is not open, whatever its fields say; nil when it is.
// Decide and Available ask the same guards.
type guard func(g gate) error

// all asks several guards in order.
func all(guards ...guard) guard {
	return func(g gate) error {
		for _, ask := range guards {
			if err := ask(g); err != nil {
				return err
			}
		}
		return nil
	}
}

// allow says why the actor may not issue the command on the case now.
func (c CommandSpec) allow(g gate) error {
	if g.s.HiddenFrom(g.actor) {
		return domain.Reject("not_visible", "没有可以办理的案件:案件不存在,或者您的岗位无权查看。如有疑问请联系带班。")
	}
	if !slices.Contains(c.Roles, g.actor.Role) {
		return domain.Reject("role_not_allowed", "“%s”由%s办理,请转给相应岗位。", c.Label, roleLabels(c.Roles))
	}
	if !slices.Contains(c.Phases, g.s.Phase) {
		return c.wrongPhase(g.s)
	}
	if c.guard == nil {
		return nil
	}
	return c.guard(g)
}

func (c CommandSpec) wrongPhase(s State) error {
	next := "请先完成前面的环节。"
	switch s.Phase {
	case PhaseNone:
		return domain.Reject("not_registered", "这件投诉还没有登记,请先登记再“%s”。", c.Label)
	case PhaseMerged:
		return domain.Reject("merged", "这件投诉已并案,只能查看,请到并入的案件中办理。")
	case PhaseClosed, PhaseArchived:
		next = "如需继续办理,请先重启。"
	case PhaseNotAccepted, PhaseTransferredOut, PhaseWithdrawn:
		next = "如情况有变,请重新登记并与本案关联。"
	case PhaseAwaitingClosure:
		next = "如需继续办理,请审核人先退回拟结。"
	}
	if slices.Equal(c.Phases, newCase) {
		return domain.Reject("already_registered", "这件投诉已登记为%s,不需要再次登记,请打开该案查看。", s.No)
	}
	return domain.Reject("wrong_phase", "案件目前“%s”,“%s”只能在%s时进行。%s", s.Phase.Label(), c.Label, phaseLabels(c.Phases), next)
}

func phaseLabels(ps []Phase) string {
	labels := make([]string, len(ps))
	for i, p := range ps {
		labels[i] = p.Label()
	}
	return "“" + strings.Join(labels, "、") + "”"
}

func roleLabels(rs []domain.Role) string {
	var labels []string
	for _, r := range rs {
		if label := r.Label(); !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	return strings.Join(labels, "、")
}

// guardAssigned lets handlers work only on their own cases; other roles that a
// command names pass.
func guardAssigned(g gate) error {
	if !slices.Contains(handlers, g.actor.Role) || g.s.Assigned(g.actor.ID) {
		return nil
	}
	if g.s.Handler == "" {
		return domain.Reject("no_handler", "案件目前没有经办人,请%s的负责人先指派。", g.org())
	}
	return domain.Reject("not_assigned", "您不是本案的经办人或协办人,请由经办人办理,或请单位负责人改派。")
}

// org is the name of the organisation that handles the case.
func (g gate) org() string {
	if g.s.HandlingOrg == "" {
		return "承办单位"
	}
	if g.r.OrgName == nil {
		return g.s.HandlingOrg
	}
	return g.r.OrgName(g.s.HandlingOrg)
}

func guardHints(g gate) error {
	if len(g.s.Hinted) == 0 {
		return domain.Reject("no_hint", "本案没有待排除的疑似重复件。")
	}
	return nil
}

func guardRespondent(g gate) error {
	if g.s.HasRespondent() || g.s.Category == CategoryConsultation || g.s.Category == CategorySuggestion {
		return nil
	}
	return domain.Reject("no_respondent", "还不知道投诉的是哪个单位或工程项目,不能受理。请先认定被诉主体,或者要求反映人补正。")
}

func guardDispatch(g gate) error {
	switch {
	case g.s.Order.Status == OrderIssued:
		return domain.Reject("awaiting_signature", "已交办%s,正在等待签收,不能重复交办。", g.org())
	case g.s.Order.Returns >= g.r.ReturnsToRuling.Value:
		return domain.Reject("ruling_needed", "本案已退单%d次,只能由带班裁定承办单位。", g.s.Order.Returns)
	case g.s.Order.Ruled:
		return domain.Reject("already_ruled", "带班已裁定由%s承办,不能再交办其他单位。", g.org())
	}
	return nil
}

func guardReceiving(g gate) error {
	if g.s.Order.Status != OrderIssued {
		return domain.Reject("nothing_to_sign", "本案没有等待签收的交办单。")
	}
	if g.actor.Org != g.s.HandlingOrg {
		return domain.Reject("not_receiving_org", "本案交办给%s,请由该单位签收或退单。", g.org())
	}
	return nil
}

func guardReturn(g gate) error {
	if g.s.Order.Ruled {
		return domain.Reject("already_ruled", "承办单位已由带班裁定,不能再退单,请签收办理。")
	}
	if c := g.s.Clock(ClockSign); c.Overdue(g.now) {
		return domain.Reject("return_too_late", "退单须在签收时限(%s)内提出,现在已过,请签收办理;确有管辖问题请联系带班。", g.r.SignWithin.Value.Text())
	}
	return nil
}

func guardRuling(g gate) error {
	if g.s.Order.Status != OrderReturned || g.s.Order.Returns < g.r.ReturnsToRuling.Value {
		return domain.Reject("ruling_not_needed", "退单满%d次后才由带班裁定,目前退单%d次,请分办员继续交办。", g.r.ReturnsToRuling.Value, g.s.Order.Returns)
	}
	return nil
}

func guardAssign(g gate) error {
	if g.s.Order.Status == OrderIssued || g.s.Order.Status == OrderReturned {
		return domain.Reject("not_signed", "交办单还没有签收,请%s先签收再指派经办人。", g.org())
	}
	if g.actor.Org != g.s.HandlingOrg {
		return domain.Reject("not_handling_org", "本案由%s承办,请该单位负责人指派。", g.org())
	}
	return nil
}

func guardRecuse(g gate) error {
	if g.actor.Role == domain.RoleOrgHead {
		return guardAssign(g)
	}
	return guardAssigned(g)
}

func guardRisk(g gate) error {
	if g.s.Risk == RiskNone {
		return domain.Reject("no_risk", "本案没有风险等级,不需要下调。")
	}
	return nil
}

func guardCrime(g gate) error {
	if g.s.Crime != TrackOpen {
		return domain.Reject("no_crime_hint", "本案没有待处理的涉罪提示。")
	}
	return nil
}

// guardClaimants lets the operator enter claimants until the case is accepted,
// and the handlers afterwards.
func guardClaimants(g gate) error {
	if g.actor.Role == domain.RoleOperator {
		if !slices.Contains(intake, g.s.Phase) {
			return domain.Reject("after_acceptance", "案件受理以后,诉求人由经办人登记,请把名单转给经办人。")
		}
		return nil
	}
	if g.s.Phase != PhaseInProgress {
		return domain.Reject("before_assignment", "指派经办人以后才能由经办人登记诉求人;受理前请接线员登记。")
	}
	return guardAssigned(g)
}

func guardAnyClaimant(g gate) error {
	if len(g.s.Active()) == 0 {
		return domain.Reject("no_claimant", "台账里还没有诉求人,请先增加诉求人。")
	}
	return nil
}

func guardSecond(g gate) error {
	if !slices.ContainsFunc(g.s.Active(), func(c Claimant) bool { return c.Proposed != nil }) {
		return domain.Reject("nothing_proposed", "没有等待复核的金额,请经办人先核定。")
	}
	if g.actor.ID == g.s.Handler {
		return domain.Reject("same_verifier", "经办人不能复核本案金额,请由协办人或审核人复核。")
	}
	return nil
}

func guardParties(g gate) error {
	if len(g.s.Liable) == 0 {
		return domain.Reject("no_liable_party", "本案没有列明责任主体。")
	}
	return nil
}

func guardProcedure(g gate) error {
	if !slices.ContainsFunc(g.s.Procedures, func(p Procedure) bool { return p.Open }) {
		return domain.Reject("no_procedure", "本案没有进行中的程序,请先登记进入程序。")
	}
	return nil
}

func guardVerified(g gate) error {
	if !slices.ContainsFunc(g.s.Active(), func(c Claimant) bool { return c.Verified }) {
		return domain.Reject("nothing_verified", "还没有核定任何人的金额,请先核定再登记到账。")
	}
	return nil
}

func guardPayments(g gate) error {
	i := slices.IndexFunc(g.s.Payments, func(p Payment) bool { return !p.Reversed })
	if i < 0 {
		return domain.Reject("no_payment", "本案没有可以冲正的到账记录。")
	}
	if !slices.ContainsFunc(g.s.Payments, func(p Payment) bool { return !p.Reversed && p.By != g.actor.ID }) {
		return domain.Reject("same_recorder", "到账都由您本人登记,冲正须由另一人办理,请转给会计或审核人。")
	}
	return nil
}

func guardAdvances(g gate) error {
	if len(g.s.Advances) == 0 {
		return domain.Reject("no_advance", "本案没有垫付,不能追偿,请先关联垫付。")
	}
	return nil
}

func guardRecourse(g gate) error {
	if len(g.s.Recourses) == 0 {
		return domain.Reject("no_recourse", "本案没有提出追偿,请先提出追偿。")
	}
	return nil
}

func guardDocuments(g gate) error {
	if !slices.ContainsFunc(g.s.Documents, Document.Awaits) {
		return domain.Reject("no_document", "本案没有等待答复的文书。")
	}
	return nil
}

func guardReferrals(g gate) error {
	if !slices.ContainsFunc(g.s.Referrals, func(r Referral) bool { return !r.Receipted }) {
		return domain.Reject("no_referral", "本案没有等待回执的移送。")
	}
	return nil
}

// pausable are the clocks that may be paused.
var pausable = []ClockKind{ClockAccept, ClockHandle}

func guardPausable(g gate) error {
	if err := assignedInProgress(g); err != nil {
		return err
	}
	for _, k := range pausable {
		if g.s.Clock(k).Status() == calendar.StatusRunning {
			return nil
		}
	}
	return domain.Reject("nothing_running", "没有正在计时、可以暂停的时限。")
}

func guardPaused(g gate) error {
	if err := assignedInProgress(g); err != nil {
		return err
	}
	for _, c := range g.s.Clocks {
		if c.Status() == calendar.StatusPaused {
			return nil
		}
	}
	return domain.Reject("nothing_paused", "没有暂停中的时限,不需要恢复。")
}

// assignedInProgress is guardAssigned from the moment that there is a handler.
func assignedInProgress(g gate) error {
	if g.s.Phase != PhaseInProgress && g.s.Phase != PhaseAwaitingClosure && !slices.Contains(handlers, g.actor.Role) {
		return nil
	}
	return guardAssigned(g)
}

func guardOverdue(g gate) error {
	if err := assignedInProgress(g); err != nil {
		return err
	}
	if len(g.s.unexplained(g.now)) == 0 {
		return domain.Reject("nothing_overdue", "没有需要说明原因的逾期。")
	}
	return nil
}

// unexplained are the clocks that are or were late and have no explanation, in
// the order of the code list.
func (s State) unexplained(now time.Time) []ClockKind {
	var late []ClockKind
	for _, k := range clockKinds.All() {
		if Late(s.Clock(k), now) && !slices.Contains(s.Explained, k) {
			late = append(late, k)
		}
	}
	return late
}

// Late reports 逾期: the clock was met after its due date, or is over now.
func Late(c calendar.Clock, now time.Time) bool {
	if c.Status() == calendar.StatusNone {
		return false
	}
	if !c.MetAt.IsZero() {
		return !c.MetInTime()
	}
	return !c.BreachedAt.IsZero() || c.Overdue(now)
}

func clockLabels(ks []ClockKind) string {
	labels := make([]string, len(ks))
	for i, k := range ks {
		labels[i] = k.Label()
	}
	return strings.Join(labels, "、")
}

// numbers writes claimant numbers for a rejection: 第3、7号, at most five of them.
func numbers(nos []int) string {
	var b strings.Builder
	b.WriteString("第")
	for i, no := range nos {
		if i == 5 {
			fmt.Fprintf(&b, "号等%d名", len(nos))
			return b.String()
		}
		if i > 0 {
			b.WriteString("、")
		}
		fmt.Fprintf(&b, "%d", no)
	}
	b.WriteString("号")
	return b.String()
}

func known(id uuid.UUID) bool { return id != uuid.Nil }
