package complaint

import (
	"slices"

	"hearth/domain"
)

func (c *NotifyLeader) decide(d *decision) error {
	if err := first(text("报告对象", c.To), contactHows.Check(c.How)); err != nil {
		return err
	}
	d.add(LeaderNotified{To: c.To, How: c.How, By: d.actor()})
	d.meet(ClockRedNotice)
	return nil
}

func (c *RaiseRisk) decide(d *decision) error {
	for _, f := range c.Flags {
		if err := flags.Check(f); err != nil {
			return err
		}
	}
	if c.Level != RiskNone {
		if err := riskLevels.Check(c.Level); err != nil {
			return err
		}
	}
	switch {
	case c.Level == RiskNone && len(c.Flags) == 0:
		return domain.Reject("risk_missing", "请选择风险等级或风险情形。")
	case len(c.Flags) == 0 && d.s.Risk.Above(c.Level):
		return domain.Reject("risk_lower", "本案已是%s风险,上调不能改为%s;要下调请用“下调风险”。", d.s.Risk.Label(), c.Level.Label())
	}
	if err := optionalText("风险说明", c.Note); err != nil {
		return err
	}
	d.raise(c.Level, c.Flags, d.actor(), c.Note)
	return nil
}

// raise records new flags and the higher level, and starts the hour in which the
// leader must know of a red risk. It does nothing when all is on record.
func (d *decision) raise(level RiskLevel, flags []Flag, by, note string) {
	var fresh []Flag
	for _, f := range flags {
		if !slices.Contains(d.s.Flags, f) && !slices.Contains(fresh, f) {
			fresh = append(fresh, f)
		}
		if f.Level().Above(level) && slices.Contains(fresh, f) {
			level = f.Level()
		}
	}
	if len(fresh) == 0 && !level.Above(d.s.Risk) {
		return
	}
	wasRed := d.s.Risk == RiskRed
	if d.s.Risk.Above(level) {
		level = d.s.Risk
	}
	d.add(RiskRaised{Level: level, Triggers: fresh, By: by, Note: note})
	if level == RiskRed && !wasRed {
		d.start(ClockRedNotice, d.r.RedNotice)
	}
}

// crowd are the flags that the number of people gives (C5).
func (d *decision) crowd() []Flag {
	var out []Flag
	if d.s.Persons() >= d.r.CollectivePersons.Value {
		out = append(out, FlagTenOrMore)
	}
	if d.s.Persons() >= d.r.ManyPersons.Value {
		out = append(out, FlagThirtyOrMore)
	}
	return out
}

func (c *LowerRisk) decide(d *decision) error {
	if c.Level != RiskNone {
		if err := riskLevels.Check(c.Level); err != nil {
			return err
		}
	}
	if !d.s.Risk.Above(c.Level) {
		return domain.Reject("risk_not_lower", "本案现为%s风险,下调须选择更低的等级。", d.s.Risk.Label())
	}
	if err := text("下调理由", c.Reason); err != nil {
		return err
	}
	d.add(RiskLowered{Level: c.Level, Reason: c.Reason, By: d.actor()})
	return nil
}

func (c *AnswerCrimeHint) decide(d *decision) error {
	if !known(c.ReferralID) {
		if err := text("不移送的理由", c.Reason); err != nil {
			return err
		}
	} else if d.s.referral(c.ReferralID) < 0 {
		return domain.Reject("no_referral", "本案没有这次移送,请先登记移送再处理涉罪提示。")
	}
	d.add(CrimeHintAnswered{ReferralID: c.ReferralID, Reason: c.Reason, By: d.actor()})
	return nil
}

// CrimeHint looks for the signs of the crime of refusing to pay wages in the
// ledger (C9): one worker is owed enough for enough months, or enough workers are
// owed enough together. Only verified and unpaid amounts count.
func CrimeHint(s State, r Rules) (CrimeHintRaised, bool) {
	var together domain.Fen
	persons := 0
	for _, c := range s.Active() {
		short := c.ShortFen()
		if !c.Verified || short <= 0 {
			continue
		}
		if months(c.Items) >= r.CrimeOneMonths.Value && short >= r.CrimeOneFen.Value {
			return CrimeHintRaised{
				Persons: 1, OwedFen: short, OneWorker: true,
				ThresholdFen: r.CrimeOneFen.Value, Basis: r.CrimeOneFen.Basis.String(),
			}, true
		}
		persons++
		together += short
	}
	if persons >= r.CrimeMany.Value && together >= r.CrimeManyFen.Value {
		return CrimeHintRaised{
			Persons: persons, OwedFen: together,
			ThresholdFen: r.CrimeManyFen.Value, Basis: r.CrimeManyFen.Basis.String(),
		}, true
	}
	return CrimeHintRaised{}, false
}

// months counts the calendar months that the items touch.
func months(items []ClaimItem) int {
	seen := map[int]bool{}
	for _, it := range items {
		if it.From.IsZero() || it.To.IsZero() {
			continue
		}
		begin, end := it.From.Year()*12+int(it.From.Month()), it.To.Year()*12+int(it.To.Month())
		for m := begin; m <= end && len(seen) < 600; m++ {
			seen[m] = true
		}
	}
	return len(seen)
}

// hintCrime raises the hint once.
func (d *decision) hintCrime() {
	if d.s.Crime == "" {
		if hint, ok := CrimeHint(d.s, d.r); ok {
			d.add(hint)
		}
	}
}

// UsualRestriction are the roles that work on a restricted case.
func UsualRestriction() []domain.Role {
	return []domain.Role{
		domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleOrgHead, domain.RoleHandler, domain.RoleInspector,
		domain.RoleReviewer, domain.RoleApprover, domain.RoleDiscipline,
	}
}

func (c *Restrict) decide(d *decision) error {
	if err := restrictReasons.Check(c.Reason); err != nil {
		return err
	}
	allowed := c.AllowedRoles
	if len(allowed) == 0 {
		allowed = UsualRestriction()
	}
	for _, r := range allowed {
		if err := domain.Roles().Check(r); err != nil {
			return err
		}
	}
	if !slices.Contains(allowed, domain.RoleDiscipline) {
		return domain.Reject("discipline_must_see", "限制查看不能排除纪检,请保留纪检岗位。")
	}
	next := Restriction{AccusedOrg: c.AccusedOrg, AllowedRoles: allowed}
	if next.Hides(d.by.Actor) {
		return domain.Reject("locks_you_out", "这样限制后您自己也无权查看,请由限制名单内、且不属被反映单位的人办理。")
	}
	d.add(AccessRestricted{Reason: c.Reason, AccusedOrg: c.AccusedOrg, AllowedRoles: allowed})
	return nil
}
