package complaint

import (
	"slices"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/calendar"
)

// externalSpace names the complaints that other systems sent.
var externalSpace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("hearth:complaint:external"))

// ExternalCase is the case id of a complaint that another system sent: always
// the same for the same number, so that it cannot be registered twice.
func ExternalCase(system, no string) uuid.UUID {
	return uuid.NewSHA1(externalSpace, []byte(system+"\x00"+no))
}

func (c *Register) decide(d *decision) error {
	if err := d.checkRegister(c); err != nil {
		return err
	}
	d.add(Registered{
		No: c.No, Category: c.Category, Channel: c.Channel, External: c.External,
		RegisteredAt: d.at(), ReceivedAt: c.ReceivedAt, Area: c.Area, Reporter: c.Reporter, Employer: c.Employer,
		ProjectID: c.ProjectID, Summary: c.Summary, Claim: c.Claim, EmploymentEndedOn: c.EmploymentEndedOn,
		Flags: c.Flags, Consent: c.Consent, CallID: c.CallID, WarningID: c.WarningID, InspectionID: c.InspectionID,
		FirstReceiver: d.actor(), Limitation: d.limitation(c.Claim.To, c.EmploymentEndedOn),
	})
	for _, h := range c.Hints {
		d.add(DuplicateHinted{h})
	}
	if c.Category == CategoryUnionStaff {
		d.add(AccessRestricted{Reason: RestrictUnionStaff, AccusedOrg: c.AccusedOrg, AllowedRoles: UsualRestriction()})
	}
	d.addClaimants(c.Claimants)
	d.raise(RiskNone, slices.Concat(c.Flags, d.crowd()), "", "")
	d.start(ClockAccept, d.r.AcceptWithin)
	if c.Reporter.PersonID != uuid.Nil { // nobody to call otherwise
		first := d.r.FirstContact
		if d.s.Risk == RiskRed {
			first = d.r.FirstContactOffDuty
		} else if l := d.cal().UsualUnlessHoliday(d.at(), first.Value, d.r.FirstContactOffDuty.Value); l != first.Value {
			first = d.r.FirstContactOffDuty
		}
		d.start(ClockFirstContact, first)
	}
	if !c.PromiseAt.IsZero() {
		d.add(CallbackPromised{DueAt: c.PromiseAt.UTC(), By: d.actor()})
	}
	return nil
}

func (d *decision) checkRegister(c *Register) error {
	err := first(
		text("文号", c.No), categories.Check(c.Category), channels.Check(c.Channel), text("所属县区", c.Area),
		text("诉求内容", c.Summary), optionalText("被反映单位", c.Employer.Text), optionalAmount("诉求金额", c.Claim.OwedFen),
		period("欠薪期间", c.Claim.From, c.Claim.To),
	)
	if err != nil {
		return err
	}
	for _, f := range c.Flags {
		if err := flags.Check(f); err != nil {
			return err
		}
	}
	switch {
	case c.Claim.Persons < 0 || c.Claim.Persons > 100_000:
		return domain.Reject("bad_persons", "涉及人数%d不合理,请填写实际人数,不清楚可填0。", c.Claim.Persons)
	case c.External != nil && (c.External.System == "" || c.External.No == ""):
		return domain.Reject("external_incomplete", "转办件须同时填写来源系统和对方编号。")
	case c.Reporter.Anonymous && c.Reporter.PersonID != uuid.Nil:
		return domain.Reject("anonymous_with_person", "匿名反映不能关联到人。请取消匿名,或者去掉反映人。")
	case c.Reporter.PersonID != uuid.Nil && c.Consent.Basis == "":
		return domain.Reject("consent_missing", "登记了反映人身份,请填写个人信息处理依据(已告知同意,或法定职责)。")
	case c.ReceivedAt.After(d.by.At):
		return domain.Reject("date_in_future", "收到时间在现在之后,请改正。")
	case c.Category == CategoryUnionStaff && c.AccusedOrg == "":
		return domain.Reject("accused_org_missing", "涉工会人员的投诉须填写被反映的单位,以便对其限制查看。")
	}
	if !c.PromiseAt.IsZero() {
		if err := d.futureTime("承诺回电时间", c.PromiseAt); err != nil {
			return err
		}
	}
	return d.checkClaimants(c.Claimants, nil)
}

// limitation computes until when others can act. Our own registration interrupts
// the year for arbitration, but the case does not rely on that: the earlier day
// is the safe one.
func (d *decision) limitation(arrearsTo, employmentEnded domain.Date) Limitation {
	l := Limitation{
		InspectionUntil:  calendar.InspectionUntil(arrearsTo),
		ArbitrationUntil: calendar.ArbitrationUntil(employmentEnded),
	}
	for _, k := range limitationKinds.All() {
		if until := l.Until(k); !until.IsZero() && until.Sub(d.today()) < d.r.LimitationWarnDays.Value {
			l.Near = append(l.Near, k)
		}
	}
	return l
}

func (c *DismissDuplicate) decide(d *decision) error {
	if !slices.Contains(d.s.Hinted, c.OtherNo) {
		return domain.Reject("no_hint", "没有与“%s”的疑似重复提示,请核对文号。", c.OtherNo)
	}
	if err := text("排除重复的理由", c.Reason); err != nil {
		return err
	}
	d.add(DuplicateDismissed{OtherNo: c.OtherNo, By: d.actor(), Reason: c.Reason})
	return nil
}

func (c *IdentifyRespondent) decide(d *decision) error {
	ev := RespondentIdentified{EnterpriseID: c.EnterpriseID, ProjectID: c.ProjectID}
	if !known(ev.EnterpriseID) && !known(ev.ProjectID) {
		return domain.Reject("respondent_missing", "请选择企业或工程项目;名录里没有的,请先新建企业。")
	}
	if !known(ev.EnterpriseID) {
		ev.EnterpriseID = d.s.Respondent.EnterpriseID
	}
	if !known(ev.ProjectID) {
		ev.ProjectID = d.s.ProjectID
	}
	if ev.EnterpriseID == d.s.Respondent.EnterpriseID && ev.ProjectID == d.s.ProjectID {
		return nil
	}
	d.add(ev)
	return nil
}

func (c *RequestSupplement) decide(d *decision) error {
	if len(c.Items) == 0 {
		return domain.Reject("items_missing", "请写明要补正哪些材料。")
	}
	for _, it := range c.Items {
		if err := text("补正事项", it); err != nil {
			return err
		}
	}
	if err := d.futureDate("补正期限", c.DueOn); err != nil {
		return err
	}
	d.add(SupplementRequested{Items: c.Items, DueOn: c.DueOn})
	if p, err := d.s.Clock(ClockAccept).Pause(d.at(), d.cal()); err == nil {
		d.add(ClockPaused{Paused: p, Reason: PauseSupplement}) // one that is over stays over
	}
	return nil
}

func (c *ReceiveSupplement) decide(d *decision) error {
	if len(c.Items) == 0 && len(c.AttachmentIDs) == 0 {
		return domain.Reject("items_missing", "请写明收到了哪些补正材料。")
	}
	for _, it := range c.Items {
		if err := text("补正事项", it); err != nil {
			return err
		}
	}
	d.add(SupplementReceived{Items: c.Items, AttachmentIDs: c.AttachmentIDs})
	if d.s.Clock(ClockAccept).Status() != calendar.StatusPaused {
		return nil
	}
	r, err := d.s.Clock(ClockAccept).Resume(d.at(), d.cal())
	if err != nil {
		return err
	}
	d.add(ClockResumed{r})
	return nil
}

func (c *Accept) decide(d *decision) error {
	category := c.Category
	if category == "" {
		category = d.s.Category
	}
	err := first(text("承办单位", c.HandlingOrg), timeClasses.Check(c.TimeClass), categories.Check(category), optionalText("受理依据", c.Basis))
	if err != nil {
		return err
	}
	if category == CategoryUnionStaff && d.s.Restriction == nil {
		return domain.Reject("restrict_first", "涉工会人员的投诉须先“限制查看”(写明被反映的单位),再受理。")
	}
	d.add(Accepted{
		HandlingOrg: c.HandlingOrg, TimeClass: c.TimeClass, Category: category, Basis: c.Basis,
		Limitation: d.limitation(d.s.arrearsEnd(), d.s.EmploymentEndedOn),
	})
	d.meet(ClockAccept)
	d.startAt(ClockHandle, d.r.clock(ClockHandle, c.TimeClass), d.s.RegisteredAt)
	if c.HandlingOrg != d.by.Actor.Org {
		d.dispatch(c.HandlingOrg)
	}
	return nil
}

// arrearsEnd is when the arrears ended: as claimed, or the last day of the ledger.
func (s State) arrearsEnd() domain.Date {
	end := s.Claim.To
	for _, c := range s.Active() {
		for _, it := range c.Items {
			if it.To.After(end) {
				end = it.To
			}
		}
	}
	return end
}

func (c *Refuse) decide(d *decision) error {
	if err := first(refusalReasons.Check(c.Reason), text("应当找哪个单位或途径(首问负责)", c.RedirectTo)); err != nil {
		return err
	}
	if !known(c.DocumentID) && c.NoticeNo == "" {
		return domain.Reject("notice_missing", "不予受理须有书面通知,请先出具通知并填写文号。")
	}
	if known(d.s.Reporter.PersonID) && c.ToldAt.IsZero() {
		return domain.Reject("not_told", "请先告知反映人不予受理的理由和去向,并填写告知时间。")
	}
	if c.ToldAt.After(d.by.At) {
		return domain.Reject("date_in_future", "告知时间在现在之后,请改正。")
	}
	d.add(NotAccepted{Reason: c.Reason, DocumentID: c.DocumentID, NoticeNo: c.NoticeNo, ToldAt: c.ToldAt, RedirectTo: c.RedirectTo})
	d.meet(ClockAccept)
	d.stopAll("不予受理")
	return nil
}

func (c *TransferOut) decide(d *decision) error {
	err := first(agencies.Check(c.To), text("承接单位名称", c.Body), text("转出理由", c.Reason))
	if err != nil {
		return err
	}
	if known(d.s.Reporter.PersonID) && c.ToldAt.IsZero() {
		return domain.Reject("not_told", "请先告知反映人案件转到哪里,并填写告知时间。")
	}
	if c.ToldAt.After(d.by.At) {
		return domain.Reject("date_in_future", "告知时间在现在之后,请改正。")
	}
	d.add(TransferredOut{To: c.To, Body: c.Body, TheirNo: c.TheirNo, Reason: c.Reason, ToldAt: c.ToldAt})
	d.meet(ClockAccept)
	d.stopAll("案件转出")
	return nil
}

func (c *Reclassify) decide(d *decision) error {
	if err := first(timeClasses.Check(c.TimeClass), text("变更理由", c.Reason)); err != nil {
		return err
	}
	if c.TimeClass == d.s.TimeClass {
		return nil
	}
	longer := timeClasses.Index(c.TimeClass) > timeClasses.Index(d.s.TimeClass)
	if longer && d.by.Actor.Role != domain.RoleReviewer {
		return domain.Reject("reviewer_needed", "从“%s”改为“%s”会延长办理时间,须由审核人决定。", d.s.TimeClass.Label(), c.TimeClass.Label())
	}
	limit := d.r.clock(ClockHandle, c.TimeClass)
	changed, err := d.s.Clock(ClockHandle).Change(d.by.At, limit.Value, limit.Basis.String(), d.cal())
	if err != nil {
		return err
	}
	d.add(Reclassified{TimeClass: c.TimeClass, Reason: c.Reason, By: d.actor()}, ClockChanged{changed})
	return nil
}
