package complaint

import (
	"slices"

	"github.com/google/uuid"

	"hearth/domain"
)

// maxChunk and maxClaimants keep events and ledgers at a size that one case can have.
const (
	maxChunk     = 200
	maxClaimants = 5000
)

func (c *AddClaimants) decide(d *decision) error {
	if len(c.Claimants) == 0 {
		return domain.Reject("claimants_missing", "请至少填写一名诉求人。")
	}
	if err := d.checkClaimants(c.Claimants, c.Elsewhere); err != nil {
		return err
	}
	d.addClaimants(c.Claimants)
	d.raise(RiskNone, d.crowd(), "", "")
	return nil
}

func (d *decision) addClaimants(list []NewClaimant) {
	for _, n := range list {
		d.add(ClaimantAdded{
			ClaimantNo: len(d.s.Claimants) + 1, PersonID: n.PersonID, Items: n.Items, Evidence: n.Evidence, MovedFrom: n.MovedFrom,
		})
	}
}

// checkClaimants refuses a person who is in the ledger already, or whose same
// claim is in another open complaint that this one is not linked with.
func (d *decision) checkClaimants(list []NewClaimant, elsewhere []Elsewhere) error {
	if n := len(d.s.Active()) + len(list); n > maxClaimants {
		return domain.Reject("too_many_claimants", "一件投诉最多%d名诉求人,请按单位或项目分案登记。", maxClaimants)
	}
	seen := map[uuid.UUID]int{}
	for _, c := range d.s.Active() {
		seen[c.PersonID] = c.No
	}
	rows := map[uuid.UUID]int{}
	for i, n := range list {
		row := i + 1
		switch {
		case !known(n.PersonID):
			return domain.Reject("person_missing", "第%d行没有关联到人,请先登记人员信息。", row)
		case seen[n.PersonID] > 0:
			return domain.Reject("claimant_twice", "第%d行的人已是第%d号诉求人,不能重复登记;金额有误请移除后重录。", row, seen[n.PersonID])
		case rows[n.PersonID] > 0:
			return domain.Reject("claimant_twice", "第%d行和第%d行是同一人,请合并成一行。", rows[n.PersonID], row)
		case n.MovedFrom != nil:
			return domain.Reject("use_merge", "第%d行标有并入来源;并入诉求人请用“并案”办理。", row)
		}
		rows[n.PersonID] = row
		if err := first(items(n.Items), evidence(n.Evidence)); err != nil {
			return err
		}
	}
	for _, e := range elsewhere {
		if rows[e.PersonID] > 0 && !slices.Contains(d.s.LinkedIDs, e.OtherID) {
			return domain.Reject("claim_elsewhere", "第%d行的人在未办结的%s中有同一单位、同一期间的诉求。请先与该案关联或并案,或者去掉此行。", rows[e.PersonID], e.OtherNo)
		}
	}
	return nil
}

func (c *ImportClaimants) decide(d *decision) error {
	got := d.s.Imports[c.FileSHA256]
	switch {
	case c.Chunk < 1 || c.Chunks < 1 || c.Chunk > c.Chunks:
		return domain.Reject("bad_chunk", "名单分段%d/%d不正确,请重新导入。", c.Chunk, c.Chunks)
	case got.Chunks != 0 && got.Chunks != c.Chunks:
		return domain.Reject("bad_chunk", "同一名单先前分为%d段,这次分为%d段,请重新导入。", got.Chunks, c.Chunks)
	case slices.Contains(got.Seen, c.Chunk):
		return nil
	case len(c.Rows) == 0 || len(c.Rows) > maxChunk:
		return domain.Reject("bad_chunk", "每段名单须有1至%d行,这段有%d行。", maxChunk, len(c.Rows))
	}
	if err := first(digest("名单", c.FileSHA256), d.checkClaimants(c.Rows, c.Elsewhere)); err != nil {
		return err
	}
	d.add(ClaimantsImported{
		FileSHA256: c.FileSHA256, Chunk: c.Chunk, Chunks: c.Chunks, FirstNo: len(d.s.Claimants) + 1, Rows: c.Rows,
	})
	if got := d.s.Imports[c.FileSHA256]; len(got.Seen) == got.Chunks {
		d.add(ClaimantImportCompleted{FileSHA256: c.FileSHA256, Chunks: got.Chunks, Rows: got.Rows})
	}
	d.raise(RiskNone, d.crowd(), "", "")
	return nil
}

// decide enters the claimants of a merged complaint; who is in the ledger
// already keeps the line that is there.
func (c *TakeOver) decide(d *decision) error {
	if !known(c.FromID) || c.FromNo == "" {
		return domain.Reject("other_missing", "请选择被并入的投诉。")
	}
	if c.FromNo == d.s.No {
		return domain.Reject("same_complaint", "不能并入自身,请选择另一件投诉。")
	}
	var fresh []NewClaimant
	for _, n := range c.Claimants {
		if n.MovedFrom == nil || n.MovedFrom.ComplaintID != c.FromID {
			return domain.Reject("bad_source", "诉求人的并入来源与%s不符,请重新办理并案。", c.FromNo)
		}
		if err := items(n.Items); err != nil {
			return err
		}
		if !slices.ContainsFunc(d.s.Active(), func(have Claimant) bool { return have.PersonID == n.PersonID }) {
			fresh = append(fresh, n)
		}
	}
	if !slices.Contains(d.s.LinkedIDs, c.FromID) {
		d.add(Linked{Relation: LinkMergedFrom, OtherID: c.FromID, OtherNo: c.FromNo})
	}
	d.addClaimants(fresh)
	d.raise(RiskNone, d.crowd(), "", "")
	return nil
}

// line finds an active claimant, or says that there is none.
func (d *decision) line(no int) (Claimant, error) {
	c, ok := d.s.claimant(no)
	if !ok {
		return c, domain.Reject("no_such_claimant", "台账里没有第%d号诉求人,请核对序号。", no)
	}
	return c, nil
}

func (c *RemoveClaimant) decide(d *decision) error {
	line, err := d.line(c.ClaimantNo)
	if err != nil {
		return err
	}
	if line.PaidFen > 0 {
		return domain.Reject("claimant_paid", "第%d号诉求人已到账%s元,不能移除;记错的到账请先冲正。", line.No, line.PaidFen)
	}
	if err := text("移除理由", c.Reason); err != nil {
		return err
	}
	d.add(ClaimantRemoved{ClaimantNo: c.ClaimantNo, Reason: c.Reason})
	return nil
}

func (c *ElectRepresentatives) decide(d *decision) error {
	most := d.r.MaxRepresentatives.Value
	if len(c.ClaimantNos) == 0 || len(c.ClaimantNos) > most {
		return domain.Reject("representatives", "代表须为1至%d人(%s),现选%d人,请调整。", most, d.r.MaxRepresentatives.Basis.Text, len(c.ClaimantNos))
	}
	if err := d.distinct(c.ClaimantNos); err != nil {
		return err
	}
	d.add(RepresentativesElected{ClaimantNos: c.ClaimantNos, MinutesID: c.MinutesID})
	return nil
}

// distinct demands claimants of the ledger, each once.
func (d *decision) distinct(nos []int) error {
	for i, no := range nos {
		if _, err := d.line(no); err != nil {
			return err
		}
		if slices.Contains(nos[:i], no) {
			return domain.Reject("claimant_twice", "第%d号诉求人出现了两次,请去掉一次。", no)
		}
	}
	if len(nos) == 0 {
		return domain.Reject("claimants_missing", "请至少选择一名诉求人。")
	}
	return nil
}

// decide takes the first verifier's figures. Two people are needed for a large
// amount or a collective case; then they are a proposal.
func (c *VerifyClaims) decide(d *decision) error {
	nos := make([]int, len(c.Lines))
	for i, l := range c.Lines {
		nos[i] = l.ClaimantNo
	}
	if err := first(d.distinct(nos), verifyMethods.Check(c.Method), proof("核定金额", c.Evidence)); err != nil {
		return err
	}
	for _, l := range c.Lines {
		if err := d.checkVerified(l, c.Method); err != nil {
			return err
		}
	}
	for _, l := range c.Lines {
		if l.VerifiedFen >= d.r.SecondVerifier.Value || d.s.Collective(d.r) {
			d.add(VerificationProposed{ClaimantNo: l.ClaimantNo, ProposedFen: l.VerifiedFen, Method: c.Method, Evidence: c.Evidence, Verifier1: d.actor()})
			continue
		}
		d.add(ClaimVerified{ClaimantNo: l.ClaimantNo, VerifiedFen: l.VerifiedFen, Method: c.Method, Evidence: c.Evidence, Verifier1: d.actor()})
	}
	d.hintCrime()
	return nil
}

func (d *decision) checkVerified(l Verification, m VerifyMethod) error {
	if err := optionalAmount("核定金额", l.VerifiedFen); err != nil {
		return err
	}
	line, _ := d.s.claimant(l.ClaimantNo)
	switch {
	case l.VerifiedFen < line.PaidFen:
		return domain.Reject("verified_below_paid", "第%d号诉求人已到账%s元,核定金额不能低于此数;记错的到账请先冲正。", l.ClaimantNo, line.PaidFen)
	case (l.VerifiedFen == 0) != (m == VerifyByUnfounded):
		return domain.Reject("method_mismatch", "核定为0时方法须选“查无欠薪”,核定大于0时不能选“查无欠薪”,请改正第%d号。", l.ClaimantNo)
	}
	return nil
}

// decide is the second verifier's word, who is neither the first
// nor the handler (C6).
func (c *ConfirmVerification) decide(d *decision) error {
	if err := d.distinct(c.ClaimantNos); err != nil {
		return err
	}
	for _, no := range c.ClaimantNos {
		line, _ := d.s.claimant(no)
		if line.Proposed == nil {
			return domain.Reject("nothing_proposed", "第%d号诉求人没有等待复核的金额。", no)
		}
		if line.Proposed.Verifier1 == d.actor() {
			return domain.Reject("same_verifier", "第%d号诉求人的金额由您核定,须由另一人复核。", no)
		}
		if line.Proposed.ProposedFen < line.PaidFen {
			return domain.Reject("verified_below_paid", "第%d号诉求人已到账%s元,核定金额不能低于此数,请重新核定。", no, line.PaidFen)
		}
	}
	for _, no := range c.ClaimantNos {
		line, _ := d.s.claimant(no)
		p := line.Proposed
		d.add(ClaimVerified{
			ClaimantNo: no, VerifiedFen: p.ProposedFen, Method: p.Method, Evidence: p.Evidence,
			Verifier1: p.Verifier1, Verifier2: d.actor(),
		})
	}
	d.hintCrime()
	return nil
}

func (c *DisputeClaim) decide(d *decision) error {
	if _, err := d.line(c.ClaimantNo); err != nil {
		return err
	}
	err := first(partyRoles.Check(c.ByRole), text("对方意见", c.Position), optionalAmount("对方承认的金额", c.AdmittedFen))
	if err != nil {
		return err
	}
	d.add(ClaimDisputed{ClaimantNo: c.ClaimantNo, By: c.ByRole, Position: c.Position, AdmittedFen: c.AdmittedFen})
	return nil
}

// decide is C2: paid means paid in full; anything else says why, with
// evidence, and a waiver with a paper that the person signed.
func (c *SetOutcome) decide(d *decision) error {
	if err := first(d.distinct(c.ClaimantNos), outcomes.Check(c.Outcome)); err != nil {
		return err
	}
	for _, no := range c.ClaimantNos {
		line, _ := d.s.claimant(no)
		switch {
		case c.Outcome == OutcomePaid && !line.Verified:
			return domain.Reject("not_verified", "第%d号诉求人的金额还没有核定,不能写“已付清”,请先核定。", no)
		case c.Outcome == OutcomePaid && !line.Settled():
			return domain.Reject("paid_short", "第%d号诉求人核定%s元,到账%s元,不能写“已付清”。请补登到账,或选择其他结论并说明原因。", no, line.VerifiedFen, line.PaidFen)
		case c.Outcome == OutcomeUnfounded && line.VerifiedFen > 0:
			return domain.Reject("is_founded", "第%d号诉求人已核定欠薪%s元,不能写“不属实”,请重新核定或改选结论。", no, line.VerifiedFen)
		case c.Outcome != OutcomePaid && line.Settled():
			return domain.Reject("is_paid", "第%d号诉求人已付清,结论请写“已付清”。", no)
		}
	}
	if c.Outcome != OutcomePaid {
		what := "结论“" + c.Outcome.Label() + "”"
		kinds := []EvidenceKind(nil)
		if c.Outcome == OutcomeWaived {
			kinds = []EvidenceKind{EvidenceSigned}
		}
		if err := first(text(what+"的理由", c.Reason), proof(what, c.Evidence, kinds...)); err != nil {
			return err
		}
	}
	for _, no := range c.ClaimantNos {
		if line, _ := d.s.claimant(no); line.Outcome != c.Outcome || line.Reason != c.Reason {
			d.add(ClaimOutcomeSet{ClaimantNo: no, Outcome: c.Outcome, Reason: c.Reason, Evidence: c.Evidence})
		}
	}
	return nil
}
