package complaint

import (
	"slices"

	"hearth/domain"
	"hearth/domain/calendar"
)

func (c *LogNegotiation) decide(d *decision) error {
	err := first(d.pastDate("协商日期", c.HeldOn), text("参加人员", c.Attendees), text("协商要点", c.Gist))
	if err != nil {
		return err
	}
	d.add(NegotiationHeld{HeldOn: c.HeldOn, Attendees: c.Attendees, MinutesID: c.MinutesID, Gist: c.Gist})
	return nil
}

func (c *FailMediation) decide(d *decision) error {
	if err := text("调解未成的原因", c.Reason); err != nil {
		return err
	}
	d.add(MediationFailed{Reason: c.Reason})
	return nil
}

func (c *StartProcedure) decide(d *decision) error {
	err := first(procedureKinds.Check(c.Kind), text("受理机关", c.Body), d.pastDate("开始日期", c.StartedOn))
	if err != nil {
		return err
	}
	d.add(ProcedureStarted{
		ProcedureNo: len(d.s.Procedures) + 1, Kind: c.Kind, Body: c.Body, TheirNo: c.TheirNo, StartedOn: c.StartedOn,
	})
	return nil
}

func (c *NameLiableParty) decide(d *decision) error {
	if !known(c.EnterpriseID) {
		return domain.Reject("respondent_missing", "请选择责任主体;名录里没有的,请先新建企业。")
	}
	if err := partyRoles.Check(c.Role); err != nil {
		return err
	}
	if c.CapFen != nil {
		if err := amount("责任限额", *c.CapFen); err != nil {
			return err
		}
	}
	if slices.Contains(d.s.Liable, Liability{EnterpriseID: c.EnterpriseID, Role: c.Role}) {
		return nil
	}
	article := c.BasisArticle
	if article == "" {
		article = c.Role.BasisArticle()
	}
	d.add(LiablePartyNamed{EnterpriseID: c.EnterpriseID, Role: c.Role, BasisArticle: article, CapFen: c.CapFen})
	return nil
}

func (c *DropLiableParty) decide(d *decision) error {
	if !slices.Contains(d.s.Liable, Liability{EnterpriseID: c.EnterpriseID, Role: c.Role}) {
		return domain.Reject("no_liable_party", "所选单位不在本案的责任主体中,请核对。")
	}
	if err := text("撤销理由", c.Reason); err != nil {
		return err
	}
	d.add(LiablePartyDropped{EnterpriseID: c.EnterpriseID, Role: c.Role, Reason: c.Reason})
	return nil
}

func (c *SignAgreement) decide(d *decision) error {
	if err := text("协议编号", c.AgreementNo); err != nil {
		return err
	}
	for i, in := range c.Instalments {
		if in.DueOn.IsZero() {
			return domain.Reject("date_missing", "第%d期没有付款日期,请填写。", i+1)
		}
		if err := amount("分期金额", in.DueFen); err != nil {
			return err
		}
		if i > 0 && in.DueOn.Before(c.Instalments[i-1].DueOn) {
			return domain.Reject("instalments_order", "第%d期早于上一期,请按日期先后填写。", i+1)
		}
	}
	d.add(AgreementSigned{AgreementNo: c.AgreementNo, Instalments: c.Instalments, AttachmentID: c.AttachmentID})
	return nil
}

func (c *ConcludeProcedure) decide(d *decision) error {
	if c.ProcedureNo < 1 || c.ProcedureNo > len(d.s.Procedures) {
		return domain.Reject("no_procedure", "本案没有第%d个程序,请核对。", c.ProcedureNo)
	}
	p := d.s.Procedures[c.ProcedureNo-1]
	if !p.Open {
		return domain.Reject("procedure_over", "第%d个程序(%s)已登记结果。", c.ProcedureNo, p.Kind.Label())
	}
	err := first(procedureResults.Check(c.Result), optionalAmount("认定金额", c.AwardedFen), d.pastDate("结果日期", c.ConcludedOn))
	if err != nil {
		return err
	}
	d.add(ProcedureConcluded{
		ProcedureNo: c.ProcedureNo, Kind: p.Kind, Result: c.Result, AwardedFen: c.AwardedFen, ConcludedOn: c.ConcludedOn,
	})
	return nil
}

func (c *AnswerDocument) decide(d *decision) error {
	i := d.s.document(c.DocumentID)
	if i < 0 || !d.s.Documents[i].Awaits() {
		return domain.Reject("no_document", "这份文书不在等待答复,请核对。")
	}
	if err := documentAnswers.Check(c.Answer); err != nil {
		return err
	}
	d.add(DocumentAnswered{DocumentID: c.DocumentID, Answer: c.Answer})
	return nil
}

func (c *ReceiptReferral) decide(d *decision) error {
	i := d.s.referral(c.ReferralID)
	if i < 0 {
		return domain.Reject("no_referral", "本案没有这次移送,请核对。")
	}
	if d.s.Referrals[i].Receipted {
		return nil
	}
	if !c.Accepted {
		if err := text("对方不接收的理由", c.Reason); err != nil {
			return err
		}
	}
	d.add(ReferralReceipted{ReferralID: c.ReferralID, TheirNo: c.TheirNo, Accepted: c.Accepted, Reason: c.Reason})
	return nil
}

// decide: a 建议书 is allowed only when an 意见书 was refused, not answered, or
// not followed without a reason.
func (c *IssueDocument) decide(d *decision) error {
	if err := first(documentKinds.Check(c.Kind), text("文号", c.No), text("送达对象", c.To)); err != nil {
		return err
	}
	if !known(c.DocumentID) {
		return domain.Reject("document_missing", "请选择已签发的文书。")
	}
	if d.s.document(c.DocumentID) >= 0 {
		return nil
	}
	ev := DocumentIssued{DocumentID: c.DocumentID, Kind: c.Kind, No: c.No, To: c.To}
	if c.Kind == DocSuggestion {
		i := slices.IndexFunc(d.s.Documents, func(doc Document) bool {
			return doc.Kind == DocOpinion && (doc.Answer == AnswerRefused || doc.Answer == AnswerNone || doc.Answer == AnswerInadequate)
		})
		if i < 0 {
			return domain.Reject("suggestion_too_early", "建议书只能在意见书被拒收、逾期未复或无正当理由不改正之后发出,请先登记意见书的答复情况。")
		}
		ev.Trigger = d.s.Documents[i].Answer
	}
	in := c.ReplyIn
	if in.IsZero() {
		in = d.r.ReplyIn[c.Kind].Value
	}
	if !in.IsZero() {
		ev.NeedsReply, ev.ReplyDueAt = true, d.cal().Due(d.at(), in).At
	}
	d.add(ev)
	return nil
}

func (c *SendReferral) decide(d *decision) error {
	if err := first(agencies.Check(c.Agency), text("提供个人信息的依据(本人同意,或法律条文)", c.Basis)); err != nil {
		return err
	}
	if !known(c.ReferralID) {
		return domain.Reject("referral_missing", "请选择要移送的材料。")
	}
	if d.s.referral(c.ReferralID) >= 0 {
		return nil
	}
	if len(c.DataSent) == 0 {
		return domain.Reject("data_sent_missing", "请列明移送了哪些信息字段。")
	}
	d.add(ReferralSent{ReferralID: c.ReferralID, Agency: c.Agency, DataSent: c.DataSent, Basis: c.Basis})
	return nil
}

// Tracks is where each line of work stands (办理线); what to do next is derived
// from the open ones.
func Tracks(s State) map[Track]TrackStatus {
	t := map[Track]TrackStatus{TrackMediate: s.Mediation}
	for _, c := range s.Active() {
		t[TrackVerify] = join(t[TrackVerify], c.Verified)
		if c.Verified && c.VerifiedFen > 0 {
			t[TrackPayment] = join(t[TrackPayment], c.Settled() || c.Outcome != "")
		}
	}
	for _, doc := range s.Documents {
		t[TrackDocuments] = join(t[TrackDocuments], !doc.Awaits())
	}
	for _, r := range s.Referrals {
		if r.Agency == AgencyLegalAid {
			t[TrackLegalAid] = join(t[TrackLegalAid], r.Receipted)
			continue
		}
		t[TrackReferral] = join(t[TrackReferral], r.Receipted)
	}
	for _, p := range s.Procedures {
		t[TrackProcedure] = join(t[TrackProcedure], !p.Open)
	}
	for range s.Advances {
		t[TrackRelief] = TrackDone
	}
	for _, k := range tracks.All() {
		if t[k] == "" {
			t[k] = TrackNone
		}
	}
	return t
}

// join is the status of a line of several items: done when all are.
func join(so TrackStatus, done bool) TrackStatus {
	if !done || so == TrackOpen {
		return TrackOpen
	}
	return TrackDone
}

// clockOf is one clock of the case, or says that it does not run for it.
func (d *decision) clockOf(k ClockKind) (calendar.Clock, error) {
	if err := clockKinds.Check(k); err != nil {
		return calendar.Clock{}, err
	}
	c := d.s.Clock(k)
	if c.Status() == calendar.StatusNone {
		return c, domain.Reject("clock_none", "本案没有%s。", k.Label())
	}
	return c, nil
}
